# Turns the table in lib/rooms.cmake into targets patrol_<room>.
#
# A room is a static library of all .cc files in its folder; a room without sources is an interface
# library, so that the table may name it before it has any.

set(PATROL_ROOMS "" CACHE INTERNAL "")

function(patrol_room name folder)
  cmake_parse_arguments(ROOM "PROTO;GLUE" "" "USES;FOREIGN" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.h)
  set(target patrol_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(${target} ${scope} patrol_compile)
  if(ROOM_GLUE AND sources)
    # Carries data between others and has no loop of its own to speed up: built sooner at -O1.
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  foreach(used ${ROOM_USES})
    target_link_libraries(${target} ${scope} patrol_${used})
  endforeach()
  foreach(library ${ROOM_FOREIGN})
    target_link_libraries(${target} ${scope} patrol::foreign_${library})
  endforeach()
  if(ROOM_PROTO)
    target_link_libraries(${target} ${scope} patrol_proto)
  endif()
  set_property(GLOBAL APPEND PROPERTY PATROL_ROOM_HEADERS ${headers})
  set_property(GLOBAL APPEND PROPERTY PATROL_ROOM_NAMES ${name})
endfunction()

macro(patrol_add_rooms)
  include(${CMAKE_SOURCE_DIR}/lib/rooms.cmake)
endmacro()
