#include "lib/patrol/tracks/passages.h"

#include <algorithm>
#include <utility>

#include "lib/patrol/tracks/path_walk.h"

namespace patrol::tracks {

std::vector<PiecePassage> PiecePassages(const roadnet::Network& network,
                                        const MatchedTrack& track) {
  return PiecePassages(network, track, 0, track.points().size());
}

std::vector<PiecePassage> PiecePassages(const roadnet::Network& network, const MatchedTrack& track,
                                        size_t first, size_t end_point) {
  std::vector<PiecePassage> passages;
  bool after_doubt = false;
  WalkPoints(network, track, first, end_point, [&](const TimedPart& part) {
    if (part.doubtful) {
      after_doubt = true;
      return;
    }
    const roadnet::PieceIndex piece = roadnet::PieceOf(part.arc);
    if (part.breaks || after_doubt || passages.back().piece != piece) {
      after_doubt = false;
      passages.push_back({piece, part.start, part.end, part.start_m, part.start_m, false});
    }
    PiecePassage& passage = passages.back();
    passage.leave = part.end;
    passage.driven_from_m = std::min({passage.driven_from_m, part.start_m, part.end_m});
    passage.driven_to_m = std::max({passage.driven_to_m, part.start_m, part.end_m});
  });
  for (PiecePassage& passage : passages) {
    const double length = network.piece(passage.piece).length_m;
    passage.whole = passage.driven_from_m <= 0 && passage.driven_to_m >= length;
  }
  return passages;
}

}  // namespace patrol::tracks
