#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"
#include "lib/patrol/tracks/way_costs.h"

namespace patrol::tracks {

// A way taken to be the one driven.
struct DrivenWay {
  DirectedPlace from;
  DirectedPlace to;
  // As RouteSearch gives it: the first holds `from` or is the reverse of its arc; may be empty
  // where from and to are one place.
  absl::Span<const roadnet::ArcIndex> arcs;
  float straight_m = 0;  // between the two fixes
  float short_share = 0;
  geo::LonLat around;  // where `to` lies
};

// Another place where the way may have come from, and what that has against it beyond what the
// driven one has, metres.
struct OtherSource {
  DirectedPlace place;
  float handicap_m = 0;
};

// A way to the same place that passes by a part of the driven one.
struct Detour {
  static constexpr uint32_t kNoSource = 0xffffffff;
  uint32_t source = kNoSource;  // of the other sources; kNoSource: it leaves the driven way
  // Arcs of the driven way that it does not use: [first, last). From another source: the first one.
  uint32_t first = 0;
  uint32_t last = 0;
  float excess_m = 0;  // how much dearer it is
  // Those that it uses instead: DetourSearch::ArcsOf.
  uint32_t arcs_begin = 0;
  uint32_t arcs_end = 0;
};

// Finds what else might have been driven: how much dearer it is to come to the same place another
// way. Ways leave the driven one where it passes a node, or come from elsewhere, and are followed
// until they meet it again. Nobody turns round on one.
//
// Of several ways to one node the least dear is followed, whichever part of the driven way it
// spares; so a long detour may be hidden by a short one.
//
// Threads: one thread each; costs and graph may be shared.
// Cost:    A* on the states within the slack.
class DetourSearch {
 public:
  // All outlive the search; the scale of `costs` is used.
  DetourSearch(const roadnet::Network& network, const roadnet::SearchGraph& graph,
               const WayCosts& costs)
      : network_(network), graph_(graph), costs_(costs) {}

  // Finds detours that are at most slack_m dearer.
  void Run(const DrivenWay& way, absl::Span<const OtherSource> others, float slack_m);

  const std::vector<Detour>& detours() const { return detours_; }
  // The arcs that the detour uses instead, the last one first.
  absl::Span<const roadnet::ArcIndex> ArcsOf(const Detour& detour) const {
    return absl::MakeConstSpan(arcs_.data() + detour.arcs_begin,
                               detour.arcs_end - detour.arcs_begin);
  }

 private:
  static constexpr uint32_t kNone = 0xffffffff;

  // The driven way up to the head of one of its arcs.
  struct Passed {
    roadnet::StateIndex state;
    float disliked;
    float length;
  };
  struct Label {
    float disliked;
    float length;
    roadnet::StateIndex state;
    roadnet::ArcIndex arc;  // passed to come here
    uint32_t source;        // Detour::source
    uint32_t left;          // arc of the driven way at whose head it was left; kNone: never on it
    uint32_t before;
  };
  struct Entry {
    float bound;
    uint32_t label;
  };
  static bool Later(const Entry& a, const Entry& b) { return a.bound > b.bound; }

  void FollowDriven(const DrivenWay& way);
  void Leave(uint32_t arc);
  void ComeFrom(const OtherSource& other, uint32_t source);
  void Expand();
  void Push(Label label);
  // `label` leads to the head of driven arc `at`, or (kNone) onto the last one, `along_m` of it.
  void Join(const Label& label, uint32_t at);
  void Note(const Label& label, uint32_t last, float disliked, float length);

  const roadnet::Network& network_;
  const roadnet::SearchGraph& graph_;
  const WayCosts& costs_;

  DrivenWay way_;
  std::vector<roadnet::ArcIndex> driven_;  // way_.arcs, or the arc that it stands on
  std::vector<Passed> passed_;             // by arc of driven_ but the last
  float disliked_ = 0;                     // of the whole way
  float length_ = 0;
  float total_ = 0;  // what speaks against it
  float key_max_ = 0;
  float excess_max_ = 0;
  WayCosts::Point around_{};
  absl::flat_hash_map<roadnet::StateIndex, uint32_t> driven_at_;
  absl::flat_hash_map<roadnet::StateIndex, float> least_;
  std::vector<Label> labels_;
  std::vector<Entry> heap_;
  std::vector<Detour> detours_;
  std::vector<roadnet::ArcIndex> arcs_;
};

}  // namespace patrol::tracks
