// Snapshots of networks: whatever the bytes, a network comes out that every other room can trust,
// or an error. The checksum is made right first, or nothing would ever get past it.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <zlib.h>

#include "lib/base/check.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/roadnet/snapshot.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using patrol::roadnet::Mode;
  constexpr size_t kHeaderBytes = 24;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)patrol::roadnet::ParseNetwork(bytes);
  if (size < kHeaderBytes) return 0;
  const uint64_t payload = size - kHeaderBytes;
  const auto checksum = static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()) + kHeaderBytes, payload));
  const uint32_t version = 1;
  std::memcpy(bytes.data(), "PCNETWRK", 8);
  std::memcpy(bytes.data() + 8, &version, sizeof(version));
  std::memcpy(bytes.data() + 12, &checksum, sizeof(checksum));
  std::memcpy(bytes.data() + 16, &payload, sizeof(payload));
  const auto network = patrol::roadnet::ParseNetwork(bytes);
  if (!network.ok()) return 0;
  // Written again it reads as the same.
  const std::string again = patrol::roadnet::SerializeNetwork(*network);
  const auto reread = patrol::roadnet::ParseNetwork(again);
  PATROL_CHECK(reread.ok());
  PATROL_CHECK(patrol::roadnet::SerializeNetwork(*reread) == again);
  const patrol::roadnet::SearchGraph graph(*network, Mode::kCar, {});
  PATROL_CHECK(graph.state_count() <= network->node_count() + network->arc_count() + again.size());
  return 0;
}
