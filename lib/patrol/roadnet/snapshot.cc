#include "lib/patrol/roadnet/snapshot.h"

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>
#include <type_traits>
#include <utility>

#include <zlib.h>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"

namespace patrol::roadnet {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are copied as they are");

constexpr std::string_view kMagic = "PCNETWRK";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 24;
constexpr uint8_t kOwnTimes = 0xff;  // else: the same times as the mode of that number

uint32_t Checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

class Writer {
 public:
  template <typename Number>
  void Put(Number number) {
    static_assert(std::is_arithmetic_v<Number>);
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  template <typename Number>
  void PutColumn(const std::vector<Number>& column) {
    bytes_.append(reinterpret_cast<const char*>(column.data()), column.size() * sizeof(Number));
  }
  void PutText(const std::string& text) {
    Put(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Once it has failed every further read gives zeros.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename Number>
  Number Get() {
    Number number{};
    if (bytes_.size() < sizeof(Number)) {
      failed_ = true;
      return number;
    }
    std::memcpy(&number, bytes_.data(), sizeof(Number));
    bytes_.remove_prefix(sizeof(Number));
    return number;
  }
  // Nothing is allocated that the bytes have no room for.
  template <typename Number>
  std::vector<Number> GetColumn(uint64_t count) {
    if (failed_ || count > bytes_.size() / sizeof(Number)) {
      failed_ = true;
      return {};
    }
    std::vector<Number> column(static_cast<size_t>(count));
    if (column.empty()) return column;  // memcpy may not be given nothing
    std::memcpy(column.data(), bytes_.data(), column.size() * sizeof(Number));
    bytes_.remove_prefix(column.size() * sizeof(Number));
    return column;
  }
  std::string GetText() {
    const auto size = Get<uint32_t>();
    if (failed_ || size > bytes_.size()) {
      failed_ = true;
      return "";
    }
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  bool failed() const { return failed_; }
  size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

absl::Status Impossible(std::string_view what, uint64_t index) {
  return absl::InvalidArgumentError(absl::StrCat(
      "is damaged: ", absl::string_view(what.data(), what.size()), " ", index, " is impossible"));
}

}  // namespace

// Reads and writes the columns of a Network, whose friend it is.
struct SnapshotAccess {
  static std::string Write(const Network& network) {
    Writer writer;
    writer.Put(static_cast<uint32_t>(network.node_count()));
    writer.Put(static_cast<uint32_t>(network.piece_count()));
    writer.Put(static_cast<uint32_t>(network.names_.size()));
    writer.Put(static_cast<uint32_t>(network.forbidden_turns_.size()));
    for (const Node& node : network.nodes_) writer.Put(node.id);
    for (const Node& node : network.nodes_) writer.Put(node.place.lon);
    for (const Node& node : network.nodes_) writer.Put(node.place.lat);
    for (const Piece& piece : network.pieces_) writer.Put(piece.way_id);
    for (const Piece& piece : network.pieces_) writer.Put(piece.length_m);
    for (const Piece& piece : network.pieces_) writer.Put(piece.seq);
    for (const Piece& piece : network.pieces_) writer.Put(piece.from);
    for (const Piece& piece : network.pieces_) writer.Put(piece.to);
    for (const Piece& piece : network.pieces_) writer.Put(piece.name);
    for (const Piece& piece : network.pieces_) {
      writer.Put(static_cast<uint8_t>(static_cast<uint8_t>(piece.road_class) |
                                      (piece.patrollable ? 0x80 : 0)));
    }
    for (const Piece& piece : network.pieces_) writer.Put(piece.walked_modes);
    for (size_t mode = 0; mode < kModeCount; ++mode) {
      uint8_t like = kOwnTimes;
      for (size_t other = 0; other < mode && like == kOwnTimes; ++other) {
        if (network.times_us_[other] == network.times_us_[mode]) like = static_cast<uint8_t>(other);
      }
      writer.Put(like);
      if (like == kOwnTimes) writer.PutColumn(network.times_us_[mode]);
    }
    for (const std::string& name : network.names_) writer.PutText(name);
    for (const ForbiddenTurn& turn : network.forbidden_turns_) {
      writer.Put(turn.relation_id);
      writer.Put(turn.modes);
      writer.Put(static_cast<uint32_t>(turn.arcs.size()));
      writer.PutColumn(turn.arcs);
    }
    return writer.bytes();
  }

  static absl::StatusOr<Network> Read(std::string_view payload) {
    Reader reader(payload);
    const auto nodes = reader.Get<uint32_t>();
    const auto pieces = reader.Get<uint32_t>();
    const auto names = reader.Get<uint32_t>();
    const auto turns = reader.Get<uint32_t>();
    if (pieces > limits::kPiecesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("has ", pieces, " pieces, at most ", limits::kPiecesMax));
    }
    Network network;
    ReadNodes(reader, nodes, &network);
    ReadPieces(reader, pieces, &network);
    for (size_t mode = 0; mode < kModeCount && !reader.failed(); ++mode) {
      const auto like = reader.Get<uint8_t>();
      if (like == kOwnTimes) {
        network.times_us_[mode] = reader.GetColumn<TravelTimeUs>(uint64_t{pieces} * 2);
      } else if (like < mode) {
        network.times_us_[mode] = network.times_us_[like];
      } else {
        return Impossible("the times of mode", mode);
      }
    }
    for (uint32_t i = 0; i < names && !reader.failed(); ++i) {
      network.names_.push_back(reader.GetText());
    }
    for (uint32_t i = 0; i < turns && !reader.failed(); ++i) {
      ForbiddenTurn turn;
      turn.relation_id = reader.Get<int64_t>();
      turn.modes = reader.Get<uint8_t>();
      turn.arcs = reader.GetColumn<ArcIndex>(reader.Get<uint32_t>());
      network.forbidden_turns_.push_back(std::move(turn));
    }
    if (reader.failed()) return absl::InvalidArgumentError("is damaged: it ends too early");
    if (reader.left() > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("is damaged: ", reader.left(), " bytes too many"));
    }
    PATROL_RETURN_IF_ERROR(Check(network));
    network.LinkOutArcs();
    return network;
  }

  static void ReadNodes(Reader& reader, uint32_t count, Network* network) {
    const auto ids = reader.GetColumn<int64_t>(count);
    const auto lons = reader.GetColumn<double>(count);
    const auto lats = reader.GetColumn<double>(count);
    if (reader.failed()) return;
    network->nodes_.resize(count);
    for (size_t i = 0; i < count; ++i) network->nodes_[i] = {ids[i], {lons[i], lats[i]}};
  }

  static void ReadPieces(Reader& reader, uint32_t count, Network* network) {
    const auto way_ids = reader.GetColumn<int64_t>(count);
    const auto lengths_m = reader.GetColumn<double>(count);
    const auto seqs = reader.GetColumn<uint32_t>(count);
    const auto froms = reader.GetColumn<NodeIndex>(count);
    const auto tos = reader.GetColumn<NodeIndex>(count);
    const auto names = reader.GetColumn<uint32_t>(count);
    const auto classes = reader.GetColumn<uint8_t>(count);
    const auto walked = reader.GetColumn<uint8_t>(count);
    if (reader.failed()) return;
    network->pieces_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      Piece& piece = network->pieces_[i];
      piece.way_id = way_ids[i];
      piece.seq = seqs[i];
      piece.from = froms[i];
      piece.to = tos[i];
      piece.length_m = lengths_m[i];
      piece.road_class = static_cast<RoadClass>(classes[i] & 0x7f);
      piece.patrollable = (classes[i] & 0x80) != 0;
      piece.walked_modes = walked[i];
      piece.name = names[i];
    }
  }

  // What every other room takes for granted of a Network.
  static absl::Status Check(const Network& network) {
    constexpr uint8_t kAllModes = (1u << kModeCount) - 1;
    for (size_t i = 0; i < network.nodes_.size(); ++i) {
      const Node& node = network.nodes_[i];
      if (!(std::abs(node.place.lon) <= 180 && std::abs(node.place.lat) <= 90) ||
          (i > 0 && network.nodes_[i - 1].id >= node.id)) {
        return Impossible("node", i);
      }
    }
    for (size_t i = 0; i < network.pieces_.size(); ++i) {
      const Piece& piece = network.pieces_[i];
      const bool in_order =
          i == 0 || std::pair(network.pieces_[i - 1].way_id, network.pieces_[i - 1].seq) <
                        std::pair(piece.way_id, piece.seq);
      if (!in_order || piece.from >= network.nodes_.size() || piece.to >= network.nodes_.size() ||
          !(piece.length_m >= kPieceLengthMinM && piece.length_m <= 4e7) ||
          static_cast<size_t>(piece.road_class) >= kRoadClassCount ||
          (piece.walked_modes & ~kAllModes) != 0 || piece.name >= network.names_.size()) {
        return Impossible("piece", i);
      }
    }
    for (size_t i = 0; i < network.forbidden_turns_.size(); ++i) {
      const ForbiddenTurn& turn = network.forbidden_turns_[i];
      bool possible = turn.arcs.size() >= 2 && (turn.modes & ~kAllModes) == 0;
      for (size_t step = 0; step < turn.arcs.size() && possible; ++step) {
        possible =
            turn.arcs[step] < network.arc_count() &&
            (step == 0 || network.head(turn.arcs[step - 1]) == network.tail(turn.arcs[step]));
      }
      if (!possible) return Impossible("forbidden turn", i);
    }
    return absl::OkStatus();
  }
};

std::string SerializeNetwork(const Network& network) {
  const std::string payload = SnapshotAccess::Write(network);
  Writer header;
  header.Put(kVersion);
  header.Put(Checksum(payload));
  header.Put(static_cast<uint64_t>(payload.size()));
  return absl::StrCat(absl::string_view(kMagic.data(), kMagic.size()), header.bytes(), payload);
}

absl::StatusOr<Network> ParseNetwork(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic || bytes.size() < kHeaderBytes) {
    return absl::InvalidArgumentError("is no snapshot of a network");
  }
  Reader header(bytes.substr(kMagic.size()));
  const auto version = header.Get<uint32_t>();
  const auto checksum = header.Get<uint32_t>();
  const auto size = header.Get<uint64_t>();
  if (version != kVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("is a snapshot of version ", version, "; this program reads version ",
                     kVersion, ": make it again with `patrolctl network snapshot`"));
  }
  const std::string_view payload = bytes.substr(kHeaderBytes);
  if (payload.size() != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("is cut short or has grown: ", payload.size(), " bytes, not ", size));
  }
  if (Checksum(payload) != checksum) {
    return absl::InvalidArgumentError("is damaged: its checksum is wrong");
  }
  return SnapshotAccess::Read(payload);
}

bool LooksLikeSnapshot(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  char begin[8] = {};
  in.read(begin, sizeof(begin));
  return in.gcount() == sizeof(begin) && std::string_view(begin, sizeof(begin)) == kMagic;
}

absl::Status WriteSnapshot(const Network& network, const std::string& path) {
  const std::string entity = absl::StrCat("network file \"", path, "\"");
  const std::string unfinished = path + ".unfinished";
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  const std::string bytes = SerializeNetwork(network);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return absl::ErrnoToStatus(errno, absl::StrCat(entity, ": cannot write"));
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(entity, ": cannot be replaced"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Network> ReadSnapshot(const std::string& path) {
  const std::string entity = absl::StrCat("network file \"", path, "\"");
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return absl::NotFoundError(absl::StrCat(entity, ": cannot be opened"));
  std::string bytes(static_cast<size_t>(std::max<std::streamoff>(0, in.tellg())), 0);
  in.seekg(0);
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in) return absl::UnavailableError(absl::StrCat(entity, ": cannot be read"));
  absl::StatusOr<Network> network = ParseNetwork(bytes);
  if (!network.ok()) return Annotate(network.status(), entity);
  return network;
}

}  // namespace patrol::roadnet
