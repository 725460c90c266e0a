#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

class ModeGraphs;

using ChainIndex = uint32_t;
inline constexpr ChainIndex kNoChain = 0xffffffff;

// The network's pieces joined into *chains*: runs of pieces between two nodes at which something
// can be decided. Whoever enters a chain at an end goes through to the other: the nodes inside join
// exactly two pieces, no turn restriction has to do with them, and every mode that comes in by one
// piece can go on by the other. So all arrivals inside a chain follow from those at its two ends.
//
//     o----A--->.--B-->.--C--->o        o: ends (head, tail)   .: inside; arcs A, B, C
//
// Where a mode may turn round anywhere *and* is bound by restrictions each piece is a chain of its
// own: turning round inside could then help. Chains are in the order of Hilbert's curve. Pieces
// that no mode may use are in none. Places on a chain are whole micrometres from its head.
//
// Threads: const after building. Cost: 24 bytes a piece.
class Chains {
 public:
  explicit Chains(const ModeGraphs& graphs);

  size_t count() const { return begin_.size() - 1; }

  // Arcs from head to tail are arc(link_begin(chain)) .. arc(link_end(chain) - 1).
  uint32_t link_begin(ChainIndex chain) const { return begin_[chain]; }
  uint32_t link_end(ChainIndex chain) const { return begin_[chain + 1]; }
  size_t link_count() const { return arcs_.size(); }
  roadnet::ArcIndex arc(uint32_t link) const { return arcs_[link]; }

  // kNoChain for a piece that no mode may use.
  ChainIndex chain_of(roadnet::PieceIndex piece) const { return chain_of_[piece]; }
  uint32_t link_of(roadnet::PieceIndex piece) const { return link_of_[piece]; }

  // Where a link begins and ends on its chain.
  int64_t begin_um(uint32_t link) const { return end_um_[link] - length_um_[link]; }
  int64_t end_um(uint32_t link) const { return end_um_[link]; }
  int64_t length_um(uint32_t link) const { return length_um_[link]; }
  int64_t chain_um(ChainIndex chain) const { return end_um_[link_end(chain) - 1]; }

  roadnet::NodeIndex head(ChainIndex chain) const { return head_[chain]; }
  roadnet::NodeIndex tail(ChainIndex chain) const { return tail_[chain]; }

  // Place of each node on Hilbert's curve over the network's bounds.
  uint32_t hilbert(roadnet::NodeIndex node) const { return hilbert_[node]; }

 private:
  std::vector<bool> NodesInside(const ModeGraphs& graphs) const;

  std::vector<uint32_t> begin_;  // [count + 1] first link
  std::vector<roadnet::ArcIndex> arcs_;
  std::vector<int64_t> end_um_;
  std::vector<int64_t> length_um_;
  std::vector<roadnet::NodeIndex> head_;
  std::vector<roadnet::NodeIndex> tail_;
  std::vector<ChainIndex> chain_of_;  // [piece_count]
  std::vector<uint32_t> link_of_;     // [piece_count]
  std::vector<uint32_t> hilbert_;     // [node_count]
};

}  // namespace patrol::coverage
