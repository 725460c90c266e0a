#pragma once

#include <array>
#include <memory>

#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::coverage {

// The network and its search graph of each mode: what every reach is searched on.
//
// Threads: const after building; share as std::shared_ptr<const ModeGraphs>.
class ModeGraphs {
 public:
  using Options = std::array<roadnet::SearchGraph::Options, roadnet::kModeCount>;

  // Builds the graphs of all modes: O(arcs) time and memory each.
  ModeGraphs(std::shared_ptr<const roadnet::Network> network, const Options& options = {});

  const roadnet::Network& network() const { return *network_; }
  const std::shared_ptr<const roadnet::Network>& shared_network() const { return network_; }
  const roadnet::SearchGraph& graph(roadnet::Mode mode) const {
    return *graphs_[static_cast<size_t>(mode)];
  }
  const roadnet::SearchGraph::Options& options(roadnet::Mode mode) const {
    return options_[static_cast<size_t>(mode)];
  }

 private:
  std::shared_ptr<const roadnet::Network> network_;
  Options options_;
  std::array<std::unique_ptr<const roadnet::SearchGraph>, roadnet::kModeCount> graphs_;
};

}  // namespace patrol::coverage
