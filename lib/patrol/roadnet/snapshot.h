#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::roadnet {

// A network as bytes, to be loaded in milliseconds: with the speeds, access and restrictions as
// they were read, so that it needs no options and can have none.
//
//   0   8  "PCNETWRK"
//   8   4  version, 1
//   12  4  CRC-32 (zlib's) of all that follows byte 24
//   16  8  number of those bytes
//   24     columns: counts, nodes, pieces, times per mode, names, forbidden turns (snapshot.cc)
//
// All numbers are little-endian. The same network gives the same bytes.
std::string SerializeNetwork(const Network& network);

// The network of these bytes.
// Errors: INVALID_ARGUMENT telling what is wrong: no snapshot, another version, cut short, damaged
//         (checksum), or contents that no network has, with their place. Never crashes, and never
//         takes more memory than a small multiple of the bytes.
absl::StatusOr<Network> ParseNetwork(std::string_view bytes);

// Whether the file begins as a snapshot does.
bool LooksLikeSnapshot(const std::string& path);

// The same from and to a file (".pcn"), which is replaced only when it is whole.
// Errors: as above, naming the file; the system's.
absl::Status WriteSnapshot(const Network& network, const std::string& path);
absl::StatusOr<Network> ReadSnapshot(const std::string& path);

}  // namespace patrol::roadnet
