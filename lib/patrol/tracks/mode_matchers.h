#pragma once

#include <array>
#include <memory>
#include <mutex>

#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/hmm.h"
#include "lib/patrol/tracks/match_options.h"
#include "lib/patrol/tracks/matcher.h"

namespace patrol::tracks {

// The graph that matching wants of each mode, made when first asked for.
//
// Threads: any number at once.
class MatchGraphs {
 public:
  // network: outlives this.
  explicit MatchGraphs(const roadnet::Network& network) : network_(network) {}
  const roadnet::SearchGraph& Of(roadnet::Mode mode);

 private:
  struct Made {
    std::once_flag once;
    std::unique_ptr<const roadnet::SearchGraph> graph;
  };
  const roadnet::Network& network_;
  std::array<Made, roadnet::kModeCount> made_;
};

// The model of each mode, made when first asked for: what live positions and live paths share.
//
// Threads: one thread each; network, index and graphs may be shared.
class ModeModels {
 public:
  // All outlive this.
  ModeModels(const roadnet::Network& network, const roadnet::SpatialIndex& index,
             MatchGraphs& graphs, const MatchOptions& options = {})
      : network_(network), index_(index), graphs_(graphs), options_(options) {}
  Hmm& Of(roadnet::Mode mode);

  const roadnet::Network& network() const { return network_; }
  const MatchOptions& options() const { return options_; }

 private:
  const roadnet::Network& network_;
  const roadnet::SpatialIndex& index_;
  MatchGraphs& graphs_;
  const MatchOptions options_;
  std::array<std::unique_ptr<Hmm>, roadnet::kModeCount> models_;
};

// A matcher of each mode, made when first asked for.
//
// Threads: one thread each; network, index and graphs may be shared.
class ModeMatchers {
 public:
  // All outlive this.
  ModeMatchers(const roadnet::Network& network, const roadnet::SpatialIndex& index,
               MatchGraphs& graphs, const MatchOptions& options = {})
      : network_(network), index_(index), graphs_(graphs), options_(options) {}
  Matcher& Of(roadnet::Mode mode);

 private:
  const roadnet::Network& network_;
  const roadnet::SpatialIndex& index_;
  MatchGraphs& graphs_;
  const MatchOptions options_;
  std::array<std::unique_ptr<Matcher>, roadnet::kModeCount> matchers_;
};

}  // namespace patrol::tracks
