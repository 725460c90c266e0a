#pragma once

#include <memory>
#include <string>

#include "absl/types/span.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/match_options.h"
#include "lib/patrol/tracks/track.h"

namespace patrol::tracks {

// Matches whole tracks to the network: what windows and `match run` use. Knows the later fixes.
//
// Method: hidden Markov model after Newson & Krumm (ACM GIS 2009) over directed places, see
// hmm.h; fixes nearer than noise to the last used one are placed along the path afterwards.
//
// Threads: one thread each; network, index and graph may be shared.
// Cost:    memory of the track, plus 1 MB a search graph of 30,000 nodes; see
// benchmarks/RESULTS.md.
class Matcher {
 public:
  // All outlive the matcher. `graph` is of the units' mode, with Options::ignore_walked.
  Matcher(const roadnet::Network& network, const roadnet::SpatialIndex& index,
          const roadnet::SearchGraph& graph, const MatchOptions& options = {});
  ~Matcher();

  // The path of one unit. `fixes` may be in any order; fixes()[i] of the result is the i-th in the
  // order of time, ties in the order given: the first of a tie is used, the others are duplicates.
  // Two times the same call gives the same bytes.
  MatchedTrack Match(std::string unit_id, absl::Span<const Fix> fixes);

  // The graph that a Matcher of this mode wants.
  static roadnet::SearchGraph MakeGraph(const roadnet::Network& network, roadnet::Mode mode);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::tracks
