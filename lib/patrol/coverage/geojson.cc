#include "lib/patrol/coverage/geojson.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/patrol/coverage/line_writer.h"
#include "lib/patrol/coverage/mode_graphs.h"

namespace patrol::coverage {
namespace {

using roadnet::Network;
using roadnet::Piece;

// Arrival times within one line differ by less than this: a colour step on the map is wider.
constexpr int64_t kLikeArrivalUs = 10'000'000;

// Whether `next` goes on where `last` ends, on the same way.
bool Follows(const Network& network, const CoveredStretch& last, const CoveredStretch& next) {
  if (last.piece == next.piece) return last.share.end == next.share.begin;
  const Piece& a = network.piece(last.piece);
  const Piece& b = network.piece(next.piece);
  return a.way_id == b.way_id && a.seq + 1 == b.seq && last.share.end == 1 && next.share.begin == 0;
}

std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string CoveredRoadsGeoJson(const CoverageSnapshot& snapshot) {
  const Network& network = snapshot.graphs->network();
  const std::vector<CoveredStretch> all = snapshot.Stretches();
  LineWriter lines;
  for (size_t i = 0; i < all.size();) {
    const CoveredStretch& first = all[i];
    lines.Begin(PlaceAtShare(network, first.piece, first.share.begin));
    lines.Add(PlaceAtShare(network, first.piece, first.share.end));
    int64_t least_us = first.middle_us;
    int64_t most_us = first.middle_us;
    size_t next = i + 1;
    for (; next < all.size(); ++next) {
      const CoveredStretch& stretch = all[next];
      if (stretch.covered != first.covered || !Follows(network, all[next - 1], stretch)) break;
      if (stretch.covered) {
        const int64_t least = std::min<int64_t>(least_us, stretch.middle_us);
        const int64_t most = std::max<int64_t>(most_us, stretch.middle_us);
        if (most - least >= kLikeArrivalUs) break;
        least_us = least;
        most_us = most;
      }
      lines.Add(PlaceAtShare(network, stretch.piece, stretch.share.end));
    }
    const int64_t way_id = network.piece(first.piece).way_id;
    if (first.covered) {
      const int64_t arrival_us = all[(i + next - 1) / 2].middle_us;
      lines.End(absl::StrFormat(R"("state":"covered","arrival_s":%.1f,"way_id":%d)",
                                static_cast<double>(arrival_us) * 1e-6, way_id));
    } else {
      lines.End(absl::StrCat(R"("state":"unknown","way_id":)", way_id));
    }
    i = next;
  }
  return std::move(lines).Finish();
}

std::string NetworkGeoJson(const Network& network) {
  LineWriter lines;
  const std::vector<Piece>& pieces = network.pieces();
  for (size_t i = 0; i < pieces.size();) {
    const Piece& first = pieces[i];
    lines.Begin(network.node(first.from).place);
    lines.Add(network.node(first.to).place);
    size_t next = i + 1;
    for (; next < pieces.size(); ++next) {
      const Piece& piece = pieces[next];
      const Piece& last = pieces[next - 1];
      if (piece.way_id != last.way_id || piece.seq != last.seq + 1 ||
          piece.patrollable != last.patrollable) {
        break;
      }
      lines.Add(network.node(piece.to).place);
    }
    const std::string_view road_class = RoadClassName(first.road_class);
    lines.End(absl::StrCat("\"way_id\":", first.way_id, ",\"class\":\"",
                           absl::string_view(road_class.data(), road_class.size()),
                           "\",\"name\":", Quoted(network.name(first)),
                           ",\"patrollable\":", first.patrollable ? "true" : "false"));
    i = next;
  }
  return std::move(lines).Finish();
}

}  // namespace patrol::coverage
