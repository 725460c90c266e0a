#include "lib/patrol/roadnet/snapshot.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/roadnet/network_builder.h"

namespace patrol::roadnet {
namespace {

using ::testing::HasSubstr;

Network Town() {
  NetworkBuilder builder;
  for (int64_t n = 1; n <= 6; ++n) {
    builder.AddNode(n,
                    {113 + static_cast<double>(n) * 1e-3, 23 + static_cast<double>(n % 2) * 1e-3});
  }
  const RoadOptions options;
  const Tags road = {{"highway", "primary"}, {"name", "East Road"}};
  const Tags one_way = {{"highway", "residential"}, {"oneway", "yes"}};
  const Tags path = {{"highway", "footway"}};
  builder.AddWay({.id = 10, .nodes = {1, 2, 3}, .rules = ReadWayRules(road, options)});
  builder.AddWay({.id = 11, .nodes = {2, 4, 5}, .rules = ReadWayRules(one_way, options)});
  builder.AddWay({.id = 12, .nodes = {5, 6}, .rules = ReadWayRules(path, options)});
  NetworkBuilder::Restriction no_turn;
  no_turn.relation_id = 99;
  no_turn.rules.kind = RestrictionRules::Kind::kNo;
  no_turn.rules.modes = ModeBit(Mode::kCar);
  no_turn.from_ways = {10};
  no_turn.via_node = 3;
  no_turn.to_ways = {10};
  builder.AddRestriction(no_turn);
  NetworkBuilder::Restriction turn = no_turn;
  turn.from_ways = {11};
  turn.via_node = 5;
  turn.to_ways = {12};
  turn.rules.modes = ModeBit(Mode::kCar) | ModeBit(Mode::kBicycle);
  builder.AddRestriction(turn);
  auto network = std::move(builder).Build();
  EXPECT_TRUE(network.ok()) << network.status();
  return *std::move(network);
}

void ExpectEqual(const Network& a, const Network& b) {
  ASSERT_EQ(a.node_count(), b.node_count());
  ASSERT_EQ(a.piece_count(), b.piece_count());
  for (NodeIndex n = 0; n < a.node_count(); ++n) {
    EXPECT_EQ(a.node(n).id, b.node(n).id);
    EXPECT_EQ(a.node(n).place, b.node(n).place);
    EXPECT_TRUE(std::equal(a.out_begin(n), a.out_end(n), b.out_begin(n), b.out_end(n)));
  }
  for (PieceIndex p = 0; p < a.piece_count(); ++p) {
    EXPECT_EQ(a.piece(p).way_id, b.piece(p).way_id);
    EXPECT_EQ(a.piece(p).seq, b.piece(p).seq);
    EXPECT_EQ(a.piece(p).from, b.piece(p).from);
    EXPECT_EQ(a.piece(p).to, b.piece(p).to);
    EXPECT_EQ(a.piece(p).length_m, b.piece(p).length_m);
    EXPECT_EQ(a.piece(p).road_class, b.piece(p).road_class);
    EXPECT_EQ(a.piece(p).patrollable, b.piece(p).patrollable);
    EXPECT_EQ(a.piece(p).walked_modes, b.piece(p).walked_modes);
    EXPECT_EQ(a.name(a.piece(p)), b.name(b.piece(p)));
    for (size_t mode = 0; mode < kModeCount; ++mode) {
      for (const ArcIndex arc : {ForwardArc(p), BackwardArc(p)}) {
        EXPECT_EQ(a.time_us(static_cast<Mode>(mode), arc), b.time_us(static_cast<Mode>(mode), arc));
      }
    }
  }
  ASSERT_EQ(a.forbidden_turns().size(), b.forbidden_turns().size());
  for (size_t i = 0; i < a.forbidden_turns().size(); ++i) {
    EXPECT_EQ(a.forbidden_turns()[i].arcs, b.forbidden_turns()[i].arcs);
    EXPECT_EQ(a.forbidden_turns()[i].modes, b.forbidden_turns()[i].modes);
    EXPECT_EQ(a.forbidden_turns()[i].relation_id, b.forbidden_turns()[i].relation_id);
  }
}

std::string Message(std::string_view bytes) {
  return std::string(ParseNetwork(bytes).status().message());
}

TEST(Snapshot, GivesTheSameNetworkAndTheSameBytes) {
  const Network town = Town();
  ASSERT_FALSE(town.forbidden_turns().empty());
  const std::string bytes = SerializeNetwork(town);
  const auto read = ParseNetwork(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectEqual(town, *read);
  EXPECT_EQ(SerializeNetwork(*read), bytes);
}

TEST(Snapshot, RefusesAnotherVersionAndTellsWhatToDo) {
  std::string bytes = SerializeNetwork(Town());
  bytes[8] = 2;
  EXPECT_THAT(Message(bytes), HasSubstr("is a snapshot of version 2"));
  EXPECT_THAT(Message(bytes), HasSubstr("network snapshot"));
}

TEST(Snapshot, RefusesEveryDamagedByte) {
  const std::string bytes = SerializeNetwork(Town());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    EXPECT_FALSE(ParseNetwork(damaged).ok()) << "byte " << i;
  }
}

TEST(Snapshot, RefusesEveryCutLength) {
  const std::string bytes = SerializeNetwork(Town());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseNetwork(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_THAT(Message(bytes + "x"), HasSubstr("cut short or has grown"));
  EXPECT_THAT(Message("PCN"), HasSubstr("is no snapshot"));
  EXPECT_THAT(Message(""), HasSubstr("is no snapshot"));
}

TEST(Snapshot, OfAFileIsReplacedWholeAndNamedInErrors) {
  const std::string path = testing::TempDir() + "/snapshot_test.pcn";
  ASSERT_TRUE(WriteSnapshot(Town(), path).ok());
  EXPECT_TRUE(LooksLikeSnapshot(path));
  const auto read = ReadSnapshot(path);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectEqual(Town(), *read);
  EXPECT_FALSE(std::filesystem::exists(path + ".unfinished"));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "PCNETWRK";
  EXPECT_THAT(std::string(ReadSnapshot(path).status().message()), HasSubstr(path));
  std::filesystem::remove(path);
  EXPECT_EQ(ReadSnapshot(path).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace patrol::roadnet
