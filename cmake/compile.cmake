# How our own code is compiled: warnings are errors, in every preset.

# "Dev" is quick to compile and keeps line numbers in back traces.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
# Asserts stay on in releases: a broken invariant stops the service, it does not corrupt results.
set(CMAKE_CXX_FLAGS_RELEASE "-O2" CACHE STRING "" FORCE)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(patrol_compile INTERFACE)
target_compile_options(patrol_compile INTERFACE
  -Wall -Wextra -Werror -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers)
target_include_directories(patrol_compile INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(patrol_compile INTERFACE
  PATROL_VERSION="${PROJECT_VERSION}"
  # clang 14 sees Asio's coroutines only when told so.
  $<$<CXX_COMPILER_ID:Clang>:BOOST_ASIO_HAS_CO_AWAIT=1>
  $<$<CXX_COMPILER_ID:Clang>:BOOST_ASIO_HAS_STD_COROUTINE=1>)
# g++ 12 takes coroutine frames for mismatched allocations.
target_compile_options(patrol_compile INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-fcoroutines> $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)

if(PATROL_SANITIZE)
  add_compile_options(-fsanitize=${PATROL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${PATROL_SANITIZE})
  if(PATROL_SANITIZE MATCHES "thread")
    # The sanitizer does not understand Asio's fences; its queues lock a mutex all the same.
    target_compile_definitions(patrol_compile INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()

if(PATROL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  # libstdc++ checks every index and iterator it cheaply can.
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  # The house's warnings are g++'s; clang has others, which must not stop the fuzzing.
  target_compile_options(patrol_compile INTERFACE -Wno-error)
endif()
