#include "lib/patrol/roadnet/network_file.h"

#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "lib/patrol/roadnet/osm_reader.h"
#include "lib/patrol/roadnet/snapshot.h"

namespace patrol::roadnet {
namespace {

bool IsOsmName(const std::string& path) {
  const std::string lower = absl::AsciiStrToLower(path);
  for (const char* end : {".osm", ".pbf", ".osm.gz", ".osm.bz2", ".osm.xml"}) {
    if (absl::EndsWith(lower, end)) return true;
  }
  return false;
}

bool IsSnapshotName(const std::string& path) {
  return absl::EndsWith(absl::AsciiStrToLower(path), ".pcn");
}

}  // namespace

bool IsVectorFile(const std::string& path) {
  return !LooksLikeSnapshot(path) && !IsSnapshotName(path) && !IsOsmName(path);
}

absl::StatusOr<Network> ReadNetworkFile(const std::string& path, const VectorColumns& columns,
                                        const RoadOptions& options, NetworkReport* report) {
  if (report != nullptr) *report = NetworkReport{};
  if (LooksLikeSnapshot(path) || IsSnapshotName(path)) return ReadSnapshot(path);
  if (IsOsmName(path)) return ReadOsm(path, options, report);
  return ReadVector(path, columns, options, report);
}

}  // namespace patrol::roadnet
