#include "lib/patrol/tracks/matcher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/patrol/tracks/hmm.h"
#include "lib/patrol/tracks/live_path.h"

namespace patrol::tracks {

struct Matcher::Impl {
  const roadnet::Network& network;
  const roadnet::Mode mode;
  Hmm hmm;
};

Matcher::Matcher(const roadnet::Network& network, const roadnet::SpatialIndex& index,
                 const roadnet::SearchGraph& graph, const MatchOptions& options)
    : impl_(new Impl{network, graph.mode(), Hmm(network, index, graph, options)}) {}

Matcher::~Matcher() = default;

roadnet::SearchGraph Matcher::MakeGraph(const roadnet::Network& network, roadnet::Mode mode) {
  roadnet::SearchGraph::Options options;
  options.ignore_walked = true;
  return roadnet::SearchGraph(network, mode, options);
}

MatchedTrack Matcher::Match(std::string unit_id, absl::Span<const Fix> fixes) {
  std::vector<const Fix*> ordered(fixes.size());
  for (size_t i = 0; i < fixes.size(); ++i) ordered[i] = &fixes[i];
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Fix* a, const Fix* b) { return a->time < b->time; });

  LivePath path(std::move(unit_id), impl_->mode, impl_->network, &impl_->hmm,
                {.delay_max = absl::InfiniteDuration(), .tell_settlements = false});
  for (const Fix* fix : ordered) path.Feed(*fix);
  path.Finish();
  MatchedTrack track = std::move(path.Take().track);
  track.ShrinkToFit();
  return track;
}

}  // namespace patrol::tracks
