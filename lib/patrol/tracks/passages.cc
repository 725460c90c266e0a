#include "lib/patrol/tracks/passages.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lib/patrol/tracks/path_walk.h"

namespace patrol::tracks {

namespace {

using roadnet::PieceIndex;

// Puts the passages together while the path is walked from point to point.
class PassageBuilder {
 public:
  explicit PassageBuilder(const roadnet::Network& network) : network_(network) {}

  void Break(absl::Time time, const roadnet::RoadPosition& at) {
    Close();
    Open(time, at.piece, at.offset_m);
  }

  // The path lies on `piece` from start_m to end_m (metres from its first node) until `time`.
  void Drive(absl::Time start, absl::Time end, PieceIndex piece, double start_m, double end_m) {
    if (!open_ || current_.piece != piece) {
      Close();
      Open(start, piece, start_m);
    }
    current_.leave = end;
    current_.driven_from_m = std::min({current_.driven_from_m, start_m, end_m});
    current_.driven_to_m = std::max({current_.driven_to_m, start_m, end_m});
  }

  void Stand(absl::Time time) { current_.leave = time; }

  void Close() {
    if (!open_) return;
    const double length = network_.piece(current_.piece).length_m;
    current_.whole = current_.driven_from_m <= 0 && current_.driven_to_m >= length;
    passages_.push_back(current_);
    open_ = false;
  }

  std::vector<PiecePassage> Take() {
    Close();
    return std::move(passages_);
  }

 private:
  void Open(absl::Time time, PieceIndex piece, double offset_m) {
    current_ = {piece, time, time, offset_m, offset_m, false};
    open_ = true;
  }

  const roadnet::Network& network_;
  std::vector<PiecePassage> passages_;
  PiecePassage current_;
  bool open_ = false;
};

}  // namespace

std::vector<PiecePassage> PiecePassages(const roadnet::Network& network,
                                        const MatchedTrack& track) {
  PassageBuilder builder(network);
  const std::vector<MatchedTrack::Point>& points = track.points();
  for (size_t i = 0; i < points.size(); ++i) {
    const MatchedTrack::Point& b = points[i];
    if (!b.connected) {
      builder.Break(b.time, b.at);
      continue;
    }
    const MatchedTrack::Point& a = points[i - 1];
    const absl::Span<const roadnet::ArcIndex> arcs = track.arcs_to(i);
    if (arcs.empty()) {
      builder.Stand(b.time);
      continue;
    }
    const double length = PathLength(network, a.at, b.at, arcs);
    const auto duration_us = static_cast<double>(absl::ToInt64Microseconds(b.time - a.time));
    double driven = 0;
    absl::Time start = a.time;
    for (size_t k = 0; k < arcs.size(); ++k) {
      const ArcPart part = PartOf(network, a.at, b.at, arcs, k);
      driven += std::max(0.0, part.end_m - part.start_m);
      absl::Time end = b.time;
      if (k + 1 < arcs.size() && length > 0) {
        end = a.time + absl::Microseconds(std::llround(duration_us * (driven / length)));
      } else if (k + 1 < arcs.size()) {
        end = a.time;
      }
      // AlongArc is its own inverse.
      builder.Drive(start, end, roadnet::PieceOf(part.arc),
                    AlongArc(network, part.arc, part.start_m),
                    AlongArc(network, part.arc, part.end_m));
      start = end;
    }
  }
  return builder.Take();
}

}  // namespace patrol::tracks
