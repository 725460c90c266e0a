#include "lib/patrol/coverage/blind_spots.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/camera_view.h"
#include "lib/patrol/coverage/gis_files.h"
#include "lib/patrol/coverage/line_writer.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {
namespace {

using roadnet::Network;
using roadnet::NodeIndex;
using roadnet::PieceIndex;

// Grows blind spots one after another.
class Finder {
 public:
  Finder(const Network& network, const WindowResult& result, int64_t steps_min)
      : network_(network), result_(result), free_(network.piece_count(), false) {
    for (PieceIndex p = 0; p < network.piece_count(); ++p) {
      if (!network.piece(p).patrollable) continue;
      if (result.pieces[p].longest_uncovered_steps < std::max<int64_t>(1, steps_min)) continue;
      free_[p] = true;
      seeds_.push_back(p);
    }
    std::stable_sort(seeds_.begin(), seeds_.end(), [&](PieceIndex a, PieceIndex b) {
      return result.pieces[a].longest_uncovered_steps > result.pieces[b].longest_uncovered_steps;
    });
  }

  std::vector<BlindSpot> Find() {
    std::vector<BlindSpot> spots;
    for (const PieceIndex seed : seeds_) {
      if (free_[seed]) spots.push_back(Grow(seed));
    }
    return spots;
  }

 private:
  BlindSpot Grow(PieceIndex seed) {
    const PieceWindow& first = result_.pieces[seed];
    BlindSpot spot{{seed},
                   first.longest_uncovered_begin,
                   first.longest_uncovered_begin + first.longest_uncovered_steps,
                   0,
                   0};
    const int64_t common_min = (first.longest_uncovered_steps * 9 + 9) / 10;
    free_[seed] = false;
    for (size_t next = 0; next < spot.pieces.size(); ++next) {
      const roadnet::Piece& piece = network_.piece(spot.pieces[next]);
      spot.length_m += piece.length_m;
      for (const NodeIndex node : {piece.from, piece.to}) {
        for (const roadnet::ArcIndex* arc = network_.out_begin(node); arc != network_.out_end(node);
             ++arc) {
          Join(roadnet::PieceOf(*arc), common_min, &spot);
        }
      }
    }
    std::sort(spot.pieces.begin(), spot.pieces.end());
    return spot;
  }

  void Join(PieceIndex piece, int64_t common_min, BlindSpot* spot) {
    if (!free_[piece]) return;
    const PieceWindow& own = result_.pieces[piece];
    const int64_t begin = std::max(spot->begin_step, own.longest_uncovered_begin);
    const int64_t end =
        std::min(spot->end_step, own.longest_uncovered_begin + own.longest_uncovered_steps);
    if (end - begin < common_min) return;
    spot->begin_step = begin;
    spot->end_step = end;
    spot->pieces.push_back(piece);
    free_[piece] = false;
  }

  const Network& network_;
  const WindowResult& result_;
  std::vector<bool> free_;  // of pieces that are uncovered long enough and in no spot yet
  std::vector<PieceIndex> seeds_;
};

// A place on the spot: the middle of its middle piece.
geo::LonLat PlaceOf(const Network& network, const BlindSpot& spot) {
  return PlaceAtShare(network, spot.pieces[spot.pieces.size() / 2], 0.5);
}

// The areas that any of it lies in, by id.
std::string AreasOf(const AreaIndex& index, const BlindSpot& spot) {
  std::vector<size_t> areas;
  for (const PieceIndex piece : spot.pieces) {
    for (const tracks::AreaCuts::Part& part : index.cuts().parts(piece)) areas.push_back(part.area);
  }
  std::sort(areas.begin(), areas.end());
  areas.erase(std::unique(areas.begin(), areas.end()), areas.end());
  std::string ids;
  for (const size_t area : areas) {
    absl::StrAppend(&ids, ids.empty() ? "" : ";", index.areas()[area].id);
  }
  return ids;
}

// Its roads as a MultiLineString; pieces that follow each other on a way are one line.
std::string Roads(const Network& network, const BlindSpot& spot) {
  std::string json = R"({"type":"MultiLineString","coordinates":[)";
  const auto add = [&](NodeIndex node, const char* before) {
    const geo::LonLat place = network.node(node).place;
    json.append(before);
    AppendFixed(place.lon, 7, &json);
    json.push_back(',');
    AppendFixed(place.lat, 7, &json);
    json.push_back(']');
  };
  const roadnet::Piece* last = nullptr;
  for (const PieceIndex p : spot.pieces) {
    const roadnet::Piece& piece = network.piece(p);
    if (last == nullptr || last->way_id != piece.way_id || last->seq + 1 != piece.seq) {
      add(piece.from, last == nullptr ? "[[" : "],[[");
    }
    add(piece.to, ",[");
    last = &piece;
  }
  return json + "]]}";
}

absl::StatusOr<std::string> Shape(const Network& network, const BlindSpot& spot, double width_m) {
  std::vector<WatchStretch> stretches;
  for (const PieceIndex piece : spot.pieces) stretches.push_back({piece, {0, 1}, true, false});
  PATROL_ASSIGN_OR_RETURN(const geo::MultiPolygon shape,
                          CoveragePolygons(network, stretches, width_m));
  return geo::GeometryToJson(shape);
}

// What is told of a spot in the table and on the map alike.
struct SpotText {
  SpotText(const WindowResult& result, const BlindSpot& spot)
      : begin(FormatUtc(result.StepTime(spot.begin_step))),
        end(FormatUtc(result.StepTime(spot.end_step))) {
    const absl::Duration uncovered = spot.steps() * result.options.step;
    uncovered_s = Seconds(uncovered);
    AppendFixed(spot.length_m, 1, &length_m);
    AppendFixed(spot.length_m * absl::ToDoubleHours(uncovered), 1, &metre_hours);
    AppendFixed(spot.watched_m, 1, &watched_m);
  }

  std::string begin, end, uncovered_s, length_m, metre_hours, watched_m;
};

}  // namespace

std::vector<BlindSpot> FindBlindSpots(const Network& network, const WindowResult& result,
                                      int64_t steps_min,
                                      const std::vector<std::vector<Interval>>& watched) {
  std::vector<BlindSpot> spots = Finder(network, result, steps_min).Find();
  if (!watched.empty()) {
    for (BlindSpot& spot : spots) {
      for (const PieceIndex piece : spot.pieces) {
        for (const Interval& share : watched[piece]) {
          spot.watched_m += network.piece(piece).length_m * (share.end - share.begin);
        }
      }
    }
  }
  std::stable_sort(spots.begin(), spots.end(), [](const BlindSpot& a, const BlindSpot& b) {
    return a.length_times_steps() > b.length_times_steps();
  });
  return spots;
}

absl::StatusOr<std::string> BlindSpotsGeoJson(const Network& network, const WindowResult& result,
                                              const std::vector<BlindSpot>& spots,
                                              const BlindSpotOptions& options) {
  std::string map = R"({"type":"FeatureCollection","features":[)";
  const size_t drawn = std::min(spots.size(), std::max(options.drawn_max, options.polygons_max));
  for (size_t i = 0; i < drawn; ++i) {
    const SpotText text(result, spots[i]);
    absl::StrAppend(&map, i == 0 ? "" : ",", R"({"type":"Feature","properties":{"rank":)", i + 1,
                    R"(,"begin":")", text.begin, R"(","end":")", text.end, R"(","uncovered_s":)",
                    text.uncovered_s, R"(,"length_m":)", text.length_m);
    absl::StrAppend(&map, R"(,"metre_hours":)", text.metre_hours);
    if (options.cameras) absl::StrAppend(&map, R"(,"watched_m":)", text.watched_m);
    std::string shape;
    if (i < options.polygons_max) {
      PATROL_ASSIGN_OR_RETURN(shape, Shape(network, spots[i], options.width_m));
    } else {
      shape = Roads(network, spots[i]);
    }
    absl::StrAppend(&map, R"(},"geometry":)", shape, "}");
  }
  return map + "]}\n";
}

absl::Status WriteBlindSpots(const Network& network, const AreaIndex& index,
                             const WindowResult& result, const std::vector<BlindSpot>& spots,
                             const BlindSpotOptions& options, const std::string& folder) {
  PATROL_ASSIGN_OR_RETURN(ResultFile table, ResultFile::Create(folder, "blind_spots.csv"));
  PATROL_ASSIGN_OR_RETURN(ResultFile map, ResultFile::Create(folder, "blind_spots.geojson"));
  table.Write("rank,begin,end,uncovered_s,length_m,metre_hours,pieces,watched_m,lon,lat,areas\n");
  for (size_t i = 0; i < spots.size(); ++i) {
    const SpotText text(result, spots[i]);
    std::string row = absl::StrCat(i + 1, ",", text.begin, ",", text.end, ",", text.uncovered_s);
    absl::StrAppend(&row, ",", text.length_m, ",", text.metre_hours, ",", spots[i].pieces.size(),
                    ",", options.cameras ? text.watched_m : "");
    const geo::LonLat place = PlaceOf(network, spots[i]);
    for (const double degrees : {place.lon, place.lat}) {
      row.push_back(',');
      AppendFixed(degrees, 7, &row);
    }
    table.Write(absl::StrCat(row, ",", tracks::CsvField(AreasOf(index, spots[i])), "\n"));
  }
  PATROL_RETURN_IF_ERROR(table.Close());
  PATROL_ASSIGN_OR_RETURN(const std::string shapes,
                          BlindSpotsGeoJson(network, result, spots, options));
  map.Write(shapes);
  return map.Close();
}

}  // namespace patrol::coverage
