#include "lib/patrol/tracks/mode_matchers.h"

namespace patrol::tracks {

const roadnet::SearchGraph& MatchGraphs::Of(roadnet::Mode mode) {
  Made& made = made_[static_cast<size_t>(mode)];
  std::call_once(made.once, [&] {
    made.graph = std::make_unique<const roadnet::SearchGraph>(Matcher::MakeGraph(network_, mode));
  });
  return *made.graph;
}

Hmm& ModeModels::Of(roadnet::Mode mode) {
  std::unique_ptr<Hmm>& model = models_[static_cast<size_t>(mode)];
  if (model == nullptr) {
    model = std::make_unique<Hmm>(network_, index_, graphs_.Of(mode), options_);
  }
  return *model;
}

Matcher& ModeMatchers::Of(roadnet::Mode mode) {
  std::unique_ptr<Matcher>& matcher = matchers_[static_cast<size_t>(mode)];
  if (matcher == nullptr) {
    matcher = std::make_unique<Matcher>(network_, index_, graphs_.Of(mode), options_);
  }
  return *matcher;
}

}  // namespace patrol::tracks
