#include "lib/patrol/roadnet/gdal_library.h"

#include <dlfcn.h>

#include <optional>

#include "absl/strings/str_cat.h"

namespace patrol::roadnet {

namespace {

// All are set once, within OpenGdal.
void* library = nullptr;
const char* missing = nullptr;
std::optional<const GdalCalls> calls;

absl::Status Open() {
  library = dlopen(PATROL_GDAL_SONAME, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return absl::UnavailableError(absl::StrCat("GDAL cannot be opened: ", dlerror()));
  }
  calls.emplace();
  if (missing != nullptr) {
    return absl::UnavailableError(absl::StrCat("GDAL (", PATROL_GDAL_SONAME, ") has no ", missing));
  }
  calls->GDALAllRegister();
  return absl::OkStatus();
}

}  // namespace

void* FindInGdal(const char* name) {
  void* const found = dlsym(library, name);
  if (found == nullptr) missing = name;
  return found;
}

absl::Status OpenGdal() {
  static const absl::Status opened = Open();
  return opened;
}

const GdalCalls& Gdal() { return *calls; }

}  // namespace patrol::roadnet
