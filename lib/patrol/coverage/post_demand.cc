#include "lib/patrol/coverage/post_demand.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/base/limits.h"
#include "lib/patrol/coverage/area_index.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/tracks/attach.h"

namespace patrol::coverage {
namespace {

using roadnet::Network;
using roadnet::PieceIndex;

// What one candidate covers of one piece.
struct Stretch {
  PieceIndex piece;
  CoverProblem::Candidate candidate;
  Interval share;
};

// What counts of a piece: its parts within areas, joined; empty where nothing does.
std::vector<Interval> CountedParts(const Network& network, const tracks::AreaCuts& cuts,
                                   PieceIndex piece) {
  std::vector<Interval> parts;
  if (!network.piece(piece).patrollable) return parts;
  const double length_m = network.piece(piece).length_m;
  for (const tracks::AreaCuts::Part& part : cuts.parts(piece)) {
    // Exact at the end, as the cuts themselves are.
    parts.push_back(
        {part.begin_m / length_m, part.end_m >= length_m ? 1.0 : part.end_m / length_m});
  }
  Merge(&parts);
  return parts;
}

absl::Status TooManyEntries(size_t entries, size_t candidates) {
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%d candidates overlap too much: more than %d stretches of road times the candidates that "
      "cover them, at most %d are held; give fewer candidates or a shorter reach",
      candidates, entries, limits::kCoverEntriesMax));
}

// The stretches of one piece, cut where the set of covering candidates changes.
//
// begin..end: of one piece, in any order.
class PieceCutter {
 public:
  explicit PieceCutter(CoverProblem* problem) : problem_(problem) {}

  void Cut(double length_m, const std::vector<Interval>& counted, const Stretch* begin,
           const Stretch* end) {
    edges_.clear();
    for (const Stretch* s = begin; s != end; ++s) {
      edges_.push_back({s->share.begin, s->candidate, true});
      edges_.push_back({s->share.end, s->candidate, false});
    }
    // At one place the order does not matter: nothing lies between.
    std::sort(edges_.begin(), edges_.end(),
              [](const Edge& a, const Edge& b) { return a.at < b.at; });
    covering_.clear();
    double from = 0;
    for (const Edge& edge : edges_) {
      Emit(length_m, counted, from, edge.at);
      from = edge.at;
      const auto at = std::lower_bound(covering_.begin(), covering_.end(), edge.candidate);
      if (edge.begins) {
        covering_.insert(at, edge.candidate);
      } else {
        covering_.erase(at);
      }
    }
    Emit(length_m, counted, from, 1);
  }

 private:
  struct Edge {
    double at;
    CoverProblem::Candidate candidate;
    bool begins;
  };

  // Weights are differences of rounded ends, so that they add up to the rounded whole.
  void Emit(double length_m, const std::vector<Interval>& counted, double from, double to) {
    if (!(to > from)) return;
    int64_t weight_um = 0;
    for (const Interval& part : counted) {
      const double begin = std::max(part.begin, from);
      const double end = std::min(part.end, to);
      if (end > begin) weight_um += ShareUm(length_m, end) - ShareUm(length_m, begin);
    }
    problem_->Add(covering_, weight_um);
  }

  CoverProblem* problem_;
  std::vector<Edge> edges_;
  std::vector<CoverProblem::Candidate> covering_;  // ascending
};

}  // namespace

absl::StatusOr<CoverProblem> RoadDemand(const Network& network, const roadnet::SearchGraph& graph,
                                        const tracks::AreaCuts& cuts,
                                        const std::vector<PostSite>& sites, ArrivalUs reach_us) {
  std::vector<std::vector<Interval>> counted(network.piece_count());
  for (PieceIndex p = 0; p < network.piece_count(); ++p) {
    counted[p] = CountedParts(network, cuts, p);
  }
  Reach reach(network, graph);
  std::vector<Stretch> stretches;
  std::vector<Interval> covered;
  for (CoverProblem::Candidate candidate = 0; candidate < sites.size(); ++candidate) {
    reach.Run(sites[candidate].sources, reach_us);
    for (const PieceIndex piece : reach.pieces()) {
      if (counted[piece].empty()) continue;
      covered.clear();
      reach.AppendCovered(piece, &covered);
      Merge(&covered);
      for (const Interval& share : covered) stretches.push_back({piece, candidate, share});
    }
    if (stretches.size() > limits::kCoverEntriesMax) {
      return TooManyEntries(stretches.size(), sites.size());
    }
  }
  std::stable_sort(stretches.begin(), stretches.end(),
                   [](const Stretch& a, const Stretch& b) { return a.piece < b.piece; });
  CoverProblem problem(sites.size());
  PieceCutter cutter(&problem);
  const Stretch* next = stretches.data();
  const Stretch* const last = next + stretches.size();
  for (PieceIndex p = 0; p < network.piece_count(); ++p) {
    const Stretch* const begin = next;
    while (next != last && next->piece == p) ++next;
    if (!counted[p].empty()) cutter.Cut(network.piece(p).length_m, counted[p], begin, next);
    if (problem.entry_count() > limits::kCoverEntriesMax) {
      return TooManyEntries(problem.entry_count(), sites.size());
    }
  }
  problem.Finish();
  return problem;
}

absl::StatusOr<PointDemand> DemandAtPoints(const Network& network,
                                           const roadnet::SpatialIndex& index,
                                           const roadnet::SearchGraph& graph,
                                           const std::vector<FilePoint>& points,
                                           const std::vector<PostSite>& sites, ArrivalUs reach_us) {
  constexpr double kWeightsMax = 4.5e9;  // times a million is below 2^52
  struct Target {
    roadnet::RoadPosition position;
    uint64_t walk_us;
    int64_t weight;
  };
  PointDemand demand{CoverProblem(sites.size()), {}};
  std::vector<Target> targets;
  double weights = 0;
  for (const FilePoint& point : points) {
    const auto attached =
        tracks::AttachPlace(index, point.place, graph.mode(), tracks::AttachTo::kDrivenOrWalked);
    if (!attached) {
      demand.faults.push_back(absl::StrCat("point \"", point.id,
                                           "\": ", tracks::NoRoadText(point.place, graph.mode())));
      continue;
    }
    weights += point.weight;
    if (weights > kWeightsMax) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the weights add up to more than %.1e, at point \"%s\"", kWeightsMax, point.id));
    }
    targets.push_back({attached->at, attached->walk_us(), std::llround(point.weight * 1e6)});
  }
  if (targets.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no demand point is near a road",
        demand.faults.empty() ? "" : absl::StrCat("; first fault: ", demand.faults.front())));
  }
  Reach reach(network, graph);
  std::vector<std::vector<CoverProblem::Candidate>> covered_by(targets.size());
  size_t entries = 0;
  for (CoverProblem::Candidate candidate = 0; candidate < sites.size(); ++candidate) {
    reach.Run(sites[candidate].sources, reach_us);
    for (size_t t = 0; t < targets.size(); ++t) {
      const Arrival arrival = reach.ArrivalAt(targets[t].position);
      if (!arrival.reached() || arrival.time_us + targets[t].walk_us > reach_us) continue;
      covered_by[t].push_back(candidate);
      ++entries;
    }
    if (entries > limits::kCoverEntriesMax) return TooManyEntries(entries, sites.size());
  }
  for (size_t t = 0; t < targets.size(); ++t) {
    demand.problem.Add(covered_by[t], targets[t].weight);
  }
  demand.problem.Finish();
  return demand;
}

}  // namespace patrol::coverage
