#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/geo/lonlat.h"

namespace patrol::roadnet {

// The lines of a vector file made into ways and nodes: vertices at one place are one node, and an
// end of a line that lies near another line's vertex is joined to it.
//
// Use: VertexIndex index; index.AddLine({...}); index.AddLine({...});
//      index.Join(0.1); index.line(0)  // node ids of the first line
//
// Threads: none; one thread at a time.
class VertexIndex {
 public:
  void AddLine(const std::vector<geo::LonLat>& vertices);

  // Joins ends with the nearest vertex of another line within `tolerance_m` and numbers the nodes
  // from 1 in the order in which they first appear. Once, after all lines.
  // Returns: how many ends were joined.
  size_t Join(double tolerance_m);

  size_t line_count() const { return offsets_.size() - 1; }
  // After Join: ids of its nodes, in the line's order; the same one twice where they were joined.
  std::vector<int64_t> line(size_t index) const;
  // [id - 1]
  const std::vector<geo::LonLat>& nodes() const { return nodes_; }

 private:
  std::vector<geo::LonLat> places_;    // distinct, in order of first appearance
  std::vector<uint32_t> vertices_;     // of all lines; first indices into places_, then ids - 1
  std::vector<size_t> offsets_ = {0};  // [lines + 1] into vertices_
  std::vector<geo::LonLat> nodes_;
  std::vector<uint32_t> slots_;  // open addressing over places_
  uint32_t PlaceIndex(geo::LonLat place);
  void Grow();
};

// Whether the line crosses itself where it has no vertex, or runs back along itself: there is no
// node then where one can turn off. Coming back to one of its own vertices is a junction.
bool CrossesItself(const std::vector<geo::LonLat>& line);

}  // namespace patrol::roadnet
