#include "lib/patrol/coverage/reach_files.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/roadnet/nearest.h"
#include "lib/patrol/tracks/attach.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {
namespace {

using roadnet::BackwardArc;
using roadnet::ForwardArc;
using roadnet::kNotAllowed;
using roadnet::Network;
using roadnet::NodeIndex;
using roadnet::PieceIndex;
using roadnet::SearchGraph;

// An offset printed with three decimals may end up so far beyond its piece.
constexpr double kOffsetSlackM = 1e-3;

bool Usable(const SearchGraph& graph, PieceIndex piece) {
  return graph.time_us(ForwardArc(piece)) != kNotAllowed ||
         graph.time_us(BackwardArc(piece)) != kNotAllowed;
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Columns of a sources file, as they are asked for.
enum Column : size_t { kWayId, kSeq, kOffset, kLon, kLat, kDelay };

// A place given by its piece; an empty message when it is one.
std::string ReadOnPiece(const Network& network, const SearchGraph& graph,
                        const tracks::CsvTable& table, Source* source) {
  int64_t way_id = 0;
  uint32_t seq = 0;
  double offset_m = 0;
  if (!absl::SimpleAtoi(View(table.field(kWayId)), &way_id)) {
    return absl::StrCat("column \"way_id\": \"", View(table.field(kWayId)),
                        "\": not a whole number");
  }
  if (!absl::SimpleAtoi(View(table.field(kSeq)), &seq)) {
    return absl::StrCat("column \"seq\": \"", View(table.field(kSeq)),
                        "\": not a whole number from 0");
  }
  if (!absl::SimpleAtod(View(table.field(kOffset)), &offset_m) || !std::isfinite(offset_m)) {
    return absl::StrCat("column \"offset_m\": \"", View(table.field(kOffset)), "\": not a number");
  }
  const PieceIndex piece = network.FindPiece(way_id, seq);
  if (piece >= network.piece_count()) {
    return absl::StrCat("way ", way_id, ", seq ", seq, ": no such piece in the network");
  }
  if (!Usable(graph, piece)) {
    return absl::StrCat("way ", way_id, ", seq ", seq, ": no road that ",
                        View(ModeName(graph.mode())), " may use");
  }
  const double length_m = network.piece(piece).length_m;
  if (offset_m < 0 || offset_m > length_m + kOffsetSlackM) {
    return absl::StrFormat("column \"offset_m\": %g is outside 0..%.3f, the piece's length",
                           offset_m, length_m);
  }
  *source = {{piece, std::min(offset_m, length_m)}};
  return "";
}

// A place given by its coordinates.
std::string ReadAtPlace(const roadnet::SpatialIndex& index, roadnet::Mode mode,
                        const tracks::CsvTable& table, Source* source) {
  geo::LonLat place;
  for (const auto& [column, name, limit, value] :
       {std::tuple(kLon, "lon", 180.0, &place.lon), std::tuple(kLat, "lat", 90.0, &place.lat)}) {
    if (!absl::SimpleAtod(View(table.field(column)), value) || !(std::abs(*value) <= limit)) {
      return absl::StrFormat("column \"%s\": \"%s\": not a number in -%g..%g", name,
                             View(table.field(column)), limit, limit);
    }
  }
  const auto attached = tracks::AttachPlace(index, place, mode, tracks::AttachTo::kDriven);
  if (!attached) return tracks::NoRoadText(place, mode);
  *source = {attached->at, static_cast<ArrivalUs>(attached->walk_us())};
  return "";
}

// Adds what the column says, where there is one, to when the source sets off.
std::string ReadDelay(const tracks::CsvTable& table, Source* source) {
  const absl::string_view text = View(table.field(kDelay));
  if (text.empty()) return "";
  const double delay_max_s = absl::ToDoubleSeconds(limits::kReachMax);
  double delay_s = 0;
  if (!absl::SimpleAtod(text, &delay_s) || !(delay_s >= 0 && delay_s <= delay_max_s)) {
    return absl::StrFormat("column \"delay_s\": \"%s\": not a number in 0..%g", text, delay_max_s);
  }
  source->delay_us += static_cast<ArrivalUs>(std::nearbyint(delay_s * 1e6));
  return "";
}

}  // namespace

absl::StatusOr<std::vector<Source>> ReadSources(const Network& network, const SearchGraph& graph,
                                                std::istream& in) {
  std::vector<Source> sources;
  std::optional<roadnet::SpatialIndex> index;  // made for the first place given by coordinates
  const auto read = [&](const tracks::CsvTable& table) -> std::string {
    Source& source = sources.emplace_back();
    const bool by_piece = !table.field(kWayId).empty();
    if (!by_piece && table.field(kLon).empty() && table.field(kLat).empty()) {
      return "no place: neither way_id,seq,offset_m nor lon,lat";
    }
    if (!by_piece && !index) index.emplace(network);
    std::string fault = by_piece ? ReadOnPiece(network, graph, table, &source)
                                 : ReadAtPlace(*index, graph.mode(), table, &source);
    return fault.empty() ? ReadDelay(table, &source) : fault;
  };
  PATROL_RETURN_IF_ERROR(
      tracks::ReadStrictCsv(in, {}, {"way_id", "seq", "offset_m", "lon", "lat", "delay_s"}, read));
  if (sources.empty()) return absl::InvalidArgumentError("no sources");
  return sources;
}

absl::Status WriteReach(const Network& network, const Reach& reach, const std::string& folder) {
  PATROL_RETURN_IF_ERROR(MakeFolder(folder));
  PATROL_ASSIGN_OR_RETURN(ResultFile nodes, ResultFile::Create(folder, "nodes.csv"));
  nodes.Write("node_id,arrival_s\n");
  for (NodeIndex node = 0; node < network.node_count(); ++node) {
    const ArrivalUs us = reach.NodeArrival(node);
    if (us == kUnreached) continue;
    nodes.Write(absl::StrFormat("%d,%d.%06d\n", network.node(node).id, us / 1000000, us % 1000000));
  }
  PATROL_RETURN_IF_ERROR(nodes.Close());

  PATROL_ASSIGN_OR_RETURN(ResultFile pieces, ResultFile::Create(folder, "pieces.csv"));
  pieces.Write("way_id,seq,from_node,to_node,length_m,covered_m\n");
  std::vector<Interval> covered;
  for (PieceIndex p = 0; p < network.piece_count(); ++p) {
    if (!Usable(reach.graph(), p)) continue;
    covered.clear();
    reach.AppendCovered(p, &covered);
    Merge(&covered);
    const roadnet::Piece& piece = network.piece(p);
    const double share = LengthWithin(covered.data(), covered.data() + covered.size(), {0, 1});
    pieces.Write(absl::StrFormat("%d,%d,%d,%d,%.6f,%.6f\n", piece.way_id, piece.seq,
                                 network.node(piece.from).id, network.node(piece.to).id,
                                 piece.length_m, share * piece.length_m));
  }
  return pieces.Close();
}

}  // namespace patrol::coverage
