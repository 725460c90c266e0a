#include "lib/patrol/roadnet/osm_reader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patrol::roadnet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A file of the given name in a folder of its own, removed afterwards.
class OsmReader : public ::testing::Test {
 protected:
  OsmReader() {
    std::string pattern = (std::filesystem::temp_directory_path() / "roadnet-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~OsmReader() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string folder_;
};

constexpr char kTown[] = R"(<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
  <node id="1" lon="113.000" lat="22.900"/>
  <node id="2" lon="113.001" lat="22.900"/>
  <node id="3" lon="113.002" lat="22.900"/>
  <node id="4" lon="113.001" lat="22.901"/>
  <node id="9" lon="113.009" lat="22.909"><tag k="amenity" v="police"/></node>
  <way id="20"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/>
    <tag k="name" v="北滘大道"/></way>
  <way id="21"><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/>
    <tag k="oneway" v="yes"/></way>
  <way id="22"><nd ref="2"/><nd ref="4"/><nd ref="77"/><tag k="highway" v="residential"/></way>
  <way id="23"><nd ref="1"/><nd ref="4"/><tag k="waterway" v="river"/></way>
  <relation id="5">
    <member type="way" ref="20" role="from"/><member type="node" ref="2" role="via"/>
    <member type="way" ref="22" role="to"/>
    <tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/>
  </relation>
</osm>
)";

TEST_F(OsmReader, ReadsWaysNodesAndRestrictionsOfAnXmlFile) {
  NetworkReport report;
  const auto network = ReadOsm(Write("town.osm", kTown), {}, &report);
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->node_count(), 4u);
  EXPECT_EQ(network->piece_count(), 3u);
  EXPECT_EQ(network->name(network->piece(network->FindPiece(20, 0))), "北滘大道");
  EXPECT_FALSE(network->allowed(Mode::kCar, BackwardArc(network->FindPiece(21, 0))));
  EXPECT_EQ(report.ways_read, 3u);
  EXPECT_EQ(report.segments_missing_node, 1u);
  EXPECT_EQ(report.restrictions_used, 1u);
  ASSERT_EQ(network->forbidden_turns().size(), 1u);
  EXPECT_EQ(network->forbidden_turns()[0].arcs.size(), 2u);
}

TEST_F(OsmReader, AMissingFileIsNotFound) {
  const auto network = ReadOsm(folder_ + "/none.osm.pbf");
  EXPECT_EQ(network.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(network.status().message()), HasSubstr("none.osm.pbf\": no such file"));
}

TEST_F(OsmReader, ATruncatedXmlFileIsRefusedByName) {
  const std::string whole(kTown);
  const auto network = ReadOsm(Write("cut.osm", whole.substr(0, whole.size() / 2)));
  EXPECT_EQ(network.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(network.status().message()), HasSubstr("cut.osm\": is truncated"));
}

TEST_F(OsmReader, AFileOfAnotherFormatIsRefusedByName) {
  for (const char* name : {"roads.txt", "roads.osm.pbf", "roads.osm"}) {
    const auto network = ReadOsm(Write(name, "way_id,seq\n1,0\n"));
    EXPECT_EQ(network.status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(network.status().message()), HasSubstr(name));
  }
}

TEST_F(OsmReader, AFileWithoutRoadsIsRefused) {
  const auto network = ReadOsm(Write("empty.osm", "<osm version=\"0.6\"></osm>"));
  EXPECT_THAT(std::string(network.status().message()),
              AllOf(HasSubstr("empty.osm"), HasSubstr("has no usable road")));
}

TEST_F(OsmReader, ATruncatedPbfIsRefusedWhereverItIsCut) {
  const std::string source = std::string(PATROL_SHARED_DIR) + "/data/osm/monaco.osm.pbf";
  if (!std::filesystem::exists(source)) GTEST_SKIP() << "no shared data beside the checkout";
  std::ifstream file(source, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  ASSERT_TRUE(ReadOsm(Write("whole.osm.pbf", whole)).ok());
  for (const size_t size : {size_t{1}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    const auto network = ReadOsm(Write("cut.osm.pbf", whole.substr(0, size)));
    ASSERT_FALSE(network.ok()) << size;
    EXPECT_THAT(std::string(network.status().message()), HasSubstr("cut.osm.pbf")) << size;
  }
}

TEST_F(OsmReader, ADamagedPbfIsRefusedAndNeverCrashes) {
  const std::string source = std::string(PATROL_SHARED_DIR) + "/data/athens_small/network.osm.pbf";
  if (!std::filesystem::exists(source)) GTEST_SKIP() << "no shared data beside the checkout";
  std::ifstream file(source, std::ios::binary);
  std::string whole{std::istreambuf_iterator<char>(file), {}};
  // Compressed blocks carry a checksum: a changed byte inside one is found.
  for (size_t at = 1000; at < whole.size(); at += whole.size() / 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(~damaged[at]);
    EXPECT_FALSE(ReadOsm(Write("damaged.osm.pbf", damaged)).ok()) << at;
  }
}

// Every segment of the research networks can be reached by a car and its crew: what
// reach_referee.py --all-ways asks for.
TEST_F(OsmReader, EverySegmentOfTheSharedNetworksHasACarArc) {
  for (const char* name : {"athens_small", "chicago_shuttles", "beijing_taxi"}) {
    const std::string path = std::string(PATROL_SHARED_DIR) + "/data/" + name + "/network.osm.pbf";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no shared data beside the checkout";
    NetworkReport report;
    const auto network = ReadOsm(path, {}, &report);
    ASSERT_TRUE(network.ok()) << network.status();
    EXPECT_EQ(report.ways_closed + report.ways_not_roads + report.segments_missing_node, 0u);
    for (PieceIndex piece = 0; piece < network->piece_count(); ++piece) {
      ASSERT_TRUE(network->usable(Mode::kCar, piece)) << name << " " << piece;
    }
  }
}

}  // namespace
}  // namespace patrol::roadnet
