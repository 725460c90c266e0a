#include "lib/patrol/coverage/reach_files.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/base/status.h"
#include "lib/patrol/coverage/interval.h"
#include "lib/patrol/coverage/result_file.h"
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

// One row; an empty message when it is a source.
std::string ReadSource(const Network& network, const SearchGraph& graph,
                       const tracks::CsvTable& table, Source* source) {
  int64_t way_id = 0;
  uint32_t seq = 0;
  double offset_m = 0;
  if (!absl::SimpleAtoi(View(table.field(0)), &way_id)) {
    return absl::StrCat("column \"way_id\": \"", View(table.field(0)), "\": not a whole number");
  }
  if (!absl::SimpleAtoi(View(table.field(1)), &seq)) {
    return absl::StrCat("column \"seq\": \"", View(table.field(1)),
                        "\": not a whole number from 0");
  }
  if (!absl::SimpleAtod(View(table.field(2)), &offset_m) || !std::isfinite(offset_m)) {
    return absl::StrCat("column \"offset_m\": \"", View(table.field(2)), "\": not a number");
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

}  // namespace

absl::StatusOr<std::vector<Source>> ReadSources(const Network& network, const SearchGraph& graph,
                                                std::istream& in) {
  std::vector<Source> sources;
  PATROL_RETURN_IF_ERROR(tracks::ReadStrictCsv(
      in, {"way_id", "seq", "offset_m"}, {}, [&](const tracks::CsvTable& table) {
        return ReadSource(network, graph, table, &sources.emplace_back());
      }));
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
