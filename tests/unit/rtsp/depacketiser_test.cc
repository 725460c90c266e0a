#include "lib/video/rtsp/depacketiser.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/limits.h"

namespace patrol::rtsp {
namespace {

using Bytes = std::vector<uint8_t>;
using media::Codec;

Bytes B(std::initializer_list<int> bytes) {
  Bytes out;
  for (int byte : bytes) out.push_back(static_cast<uint8_t>(byte));
  return out;
}

// Feeds packets by hand; sequence numbers are the receiver's business, losses are told.
class Feeder {
 public:
  explicit Feeder(Codec codec, std::vector<Bytes> sets = {})
      : depacketiser_(Track(codec, std::move(sets)), &quirks) {}

  void Packet(uint32_t time, const Bytes& payload, bool marker = false, bool lost = false) {
    RtpPacket packet;
    packet.timestamp = time;
    packet.marker = marker;
    packet.payload = payload;
    depacketiser_.OnPacket(packet, lost, &units);
  }

  QuirkCounts quirks;
  std::vector<AssembledUnit> units;

 private:
  static VideoTrack Track(Codec codec, std::vector<Bytes> sets) {
    VideoTrack track;
    track.codec = codec;
    track.parameter_sets = std::move(sets);
    return track;
  }
  Depacketiser depacketiser_;
};

const Bytes kSps = B({0x67, 0x42, 0x00, 0x1e, 0x95});
const Bytes kPps = B({0x68, 0xce, 0x38, 0x80});
const Bytes kIdr = B({0x65, 0x88, 0x11});      // first_mb_in_slice 0
const Bytes kIdrRest = B({0x65, 0x48, 0x22});  // first_mb_in_slice 1
const Bytes kP = B({0x41, 0x9a, 0x33});
const Bytes kPRest = B({0x41, 0x4a, 0x44});

Bytes AnnexB(std::initializer_list<Bytes> nals) {
  Bytes out;
  for (const Bytes& nal : nals) {
    out.insert(out.end(), {0, 0, 0, 1});
    out.insert(out.end(), nal.begin(), nal.end());
  }
  return out;
}

TEST(DepacketiserH264, EndsAUnitWithTheMarker) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, kSps);
  feeder.Packet(1, kPps);
  feeder.Packet(1, kIdr, true);
  feeder.Packet(2, kP, true);
  ASSERT_EQ(feeder.units.size(), 2u);
  EXPECT_TRUE(feeder.units[0].keyframe);
  EXPECT_FALSE(feeder.units[0].damaged);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kSps, kPps, kIdr}));
  EXPECT_FALSE(feeder.units[1].keyframe);
  EXPECT_EQ(feeder.units[1].rtp_time, 2u);
  EXPECT_TRUE(feeder.quirks.empty());
}

TEST(DepacketiserH264, EndsAUnitWhereTheTimeChangesWithoutMarkers) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, kIdr);
  feeder.Packet(1, kIdrRest);
  EXPECT_TRUE(feeder.units.empty());
  feeder.Packet(2, kP);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kIdr, kIdrRest}));
}

TEST(DepacketiserH264, PutsFragmentsTogether) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, B({0x7c, 0x85, 0x88, 1}));
  feeder.Packet(1, B({0x7c, 0x05, 2, 3}));
  feeder.Packet(1, B({0x7c, 0x45, 4}), true);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_EQ(feeder.units[0].data, AnnexB({B({0x65, 0x88, 1, 2, 3, 4})}));
  EXPECT_TRUE(feeder.units[0].keyframe);
  EXPECT_FALSE(feeder.units[0].damaged);
}

TEST(DepacketiserH264, TakesAnAggregateApart) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1,
                B({0x78, 0, 5, 0x67, 0x42, 0, 0x1e, 0x95, 0, 4, 0x68, 0xce, 0x38, 0x80, 0, 3, 0x65,
                   0x88, 0x11}),
                true);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kSps, kPps, kIdr}));
}

TEST(DepacketiserH264, MarksAUnitWithABrokenAggregateDamaged) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, B({0x78, 0, 3, 0x65, 0x88, 0x11, 0xff, 0xff, 1}), true);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_TRUE(feeder.units[0].damaged);
  EXPECT_EQ(feeder.quirks["aggregate_too_short"], 1);
}

TEST(DepacketiserH264, MarksRecoveryPointsAndPutsParameterSetsBeforeThem) {
  Feeder feeder(Codec::kH264, {kSps, kPps});
  const Bytes in_one_picture = B({0x06, 6, 1, 0x44, 0x80}), at_once = B({0x06, 6, 1, 0x84, 0x80});
  const Bytes intra = B({0x41, 0x88, 0x80});
  feeder.Packet(1, in_one_picture);
  feeder.Packet(1, kP, true);
  feeder.Packet(2, kP, true);
  feeder.Packet(3, at_once);
  feeder.Packet(3, intra, true);
  ASSERT_EQ(feeder.units.size(), 3u);
  EXPECT_FALSE(feeder.units[0].keyframe);
  EXPECT_EQ(feeder.units[0].refresh, media::Refresh::kAnnounced);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kSps, kPps, in_one_picture, kP}));
  EXPECT_EQ(feeder.units[1].refresh, media::Refresh::kNone);
  EXPECT_EQ(feeder.units[1].data, AnnexB({kP}));
  // An open GOP's intra picture is as good as an IDR picture.
  EXPECT_TRUE(feeder.units[2].keyframe);
  EXPECT_EQ(feeder.units[2].refresh, media::Refresh::kNone);
  EXPECT_EQ(feeder.units[2].data, AnnexB({kSps, kPps, at_once, intra}));
}

TEST(DepacketiserH264, MarksAUnitNowAndThenWhereAStreamSaysNothingForLong) {
  Feeder feeder(Codec::kH264, {kSps, kPps});
  for (uint32_t n = 0; n < 500; ++n) feeder.Packet(n, kP, true);
  int first = -1, marked = 0;
  for (size_t i = 0; i < feeder.units.size(); ++i) {
    if (feeder.units[i].refresh == media::Refresh::kNone) continue;
    EXPECT_EQ(feeder.units[i].refresh, media::Refresh::kUnannounced);
    EXPECT_EQ(feeder.units[i].data, AnnexB({kSps, kPps, kP}));
    if (marked++ == 0) first = static_cast<int>(i);
  }
  EXPECT_EQ(first, 299);
  EXPECT_EQ(marked, 7);
  feeder.units.clear();
  feeder.Packet(500, kIdr, true);
  for (uint32_t n = 501; n < 700; ++n) feeder.Packet(n, kP, true);
  for (const auto& unit : feeder.units) EXPECT_EQ(unit.refresh, media::Refresh::kNone);
}

TEST(DepacketiserH264, PutsRememberedParameterSetsBeforeAKeyframeWithout) {
  Feeder feeder(Codec::kH264, {kSps, kPps});
  feeder.Packet(1, kIdr, true);
  feeder.Packet(2, kP, true);
  // The stream's own sets win over those of the SDP, also when they came alone.
  const Bytes other = B({0x67, 0x42, 0x00, 0x28, 0x95});
  feeder.Packet(3, other, true);
  feeder.Packet(4, B({0x09, 0x10}));
  feeder.Packet(4, kIdr, true);
  ASSERT_EQ(feeder.units.size(), 3u);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kSps, kPps, kIdr}));
  EXPECT_EQ(feeder.units[1].data, AnnexB({kP}));
  // Behind the delimiter, which must stay first.
  EXPECT_EQ(feeder.units[2].data, AnnexB({B({0x09, 0x10}), other, kPps, kIdr}));
}

TEST(DepacketiserH264, DoesNotEndAUnitAtAMarkerOnParameterSetsOrSei) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, kSps, true);
  feeder.Packet(1, kPps, true);
  feeder.Packet(1, B({0x06, 0x05, 0x01}), true);
  feeder.Packet(1, kIdr, true);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kSps, kPps, B({0x06, 0x05, 0x01}), kIdr}));
}

TEST(DepacketiserH264, LearnsThatMarkersOnEverySliceEndNoUnit) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, kIdr, true);
  feeder.Packet(1, kIdrRest, true);  // by then half of it was handed on
  feeder.Packet(2, kP, true);
  feeder.Packet(2, kPRest, true);
  feeder.Packet(3, kP, true);
  EXPECT_EQ(feeder.quirks["marker_within_unit"], 1);
  ASSERT_EQ(feeder.units.size(), 3u);
  EXPECT_TRUE(feeder.units[1].damaged);
  EXPECT_FALSE(feeder.units[2].damaged);
  EXPECT_EQ(feeder.units[2].data, AnnexB({kP, kPRest}));
}

TEST(DepacketiserH264, KeepsPicturesApartThatShareATime) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, kIdr, true);
  feeder.Packet(1, kP, true);
  ASSERT_EQ(feeder.units.size(), 2u);
  EXPECT_FALSE(feeder.units[1].damaged);
  EXPECT_EQ(feeder.quirks["rtp_time_repeated"], 1);
}

TEST(DepacketiserH264, MarksTheUnitThatLostAFragmentAndNotTheNext) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, B({0x7c, 0x85, 0x88, 1}));
  feeder.Packet(1, B({0x7c, 0x45, 4}), true, /*lost=*/true);
  feeder.Packet(2, kP, true);
  ASSERT_EQ(feeder.units.size(), 2u);
  EXPECT_TRUE(feeder.units[0].damaged);
  EXPECT_FALSE(feeder.units[1].damaged);
}

TEST(DepacketiserH264, MarksBothUnitsWhereTheLossLiesBetweenThem) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, kIdr);
  feeder.Packet(2, kP, true, /*lost=*/true);
  ASSERT_EQ(feeder.units.size(), 2u);
  EXPECT_TRUE(feeder.units[0].damaged);
  EXPECT_TRUE(feeder.units[1].damaged);
}

TEST(DepacketiserH264, TrustsAWholeKeyframeBehindALoss) {
  Feeder feeder(Codec::kH264, {kSps, kPps});
  feeder.Packet(1, kP, true);
  feeder.Packet(3, kIdr, true, /*lost=*/true);
  feeder.Packet(5, kIdrRest, true, /*lost=*/true);  // its first slice is missing
  ASSERT_EQ(feeder.units.size(), 3u);
  EXPECT_FALSE(feeder.units[1].damaged);
  EXPECT_TRUE(feeder.units[2].damaged);
}

TEST(DepacketiserH264, CarriesALossOverAUnitWithoutSlices) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, kP, true);
  feeder.Packet(2, B({0x06, 0x05, 0x01}), false, /*lost=*/true);
  feeder.Packet(3, kP, true);
  ASSERT_EQ(feeder.units.size(), 2u);
  EXPECT_TRUE(feeder.units[1].damaged);
}

TEST(DepacketiserH264, SurvivesFragmentsOutOfOrderEmptyOrOfChangingType) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, B({0x7c, 0x05, 2, 3}));  // no start
  feeder.Packet(1, B({0x7c, 0x85, 0x88}));  // start
  feeder.Packet(1, B({0x7c, 0x05}));        // empty
  feeder.Packet(1, B({0x7c, 0x01, 9}));     // another type
  feeder.Packet(1, B({0x7c, 0x85, 0x88}));  // start again, without an end
  feeder.Packet(1, kIdrRest);               // and a whole one within
  feeder.Packet(1, B({0x7c}), true);        // nothing at all
  feeder.Packet(2, Bytes(), true);
  feeder.Packet(3, kP, true);
  ASSERT_GE(feeder.units.size(), 2u);
  EXPECT_TRUE(feeder.units[0].damaged);
  EXPECT_EQ(feeder.quirks["fragment_without_start"], 1);
  EXPECT_EQ(feeder.quirks["empty_fragment"], 1);
  EXPECT_EQ(feeder.quirks["fragment_type_changed"], 1);
  EXPECT_EQ(feeder.quirks["fragment_end_absent"], 2);
  EXPECT_EQ(feeder.quirks["empty_payload"], 2);
}

TEST(DepacketiserH264, SplitsAnnexBInsideAPacket) {
  Feeder feeder(Codec::kH264);
  feeder.Packet(1, AnnexB({kSps, kPps, kIdr}), true);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_TRUE(feeder.units[0].keyframe);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kSps, kPps, kIdr}));
  EXPECT_EQ(feeder.quirks["start_code_in_payload"], 1);
}

TEST(DepacketiserH264, HoldsTheLimitOnSize) {
  Feeder feeder(Codec::kH264);
  Bytes fragment = B({0x7c, 0x85});
  fragment.resize(60000, 0x88);
  feeder.Packet(1, fragment);
  fragment[1] = 0x05;
  for (size_t sent = 0; sent < limits::kAccessUnitBytesMax * 2; sent += fragment.size()) {
    feeder.Packet(1, fragment);
  }
  feeder.Packet(2, kP, true);
  ASSERT_EQ(feeder.units.size(), 2u);
  EXPECT_TRUE(feeder.units[0].damaged);
  EXPECT_LE(feeder.units[0].data.size(), limits::kAccessUnitBytesMax);
  EXPECT_FALSE(feeder.units[1].damaged);
  EXPECT_EQ(feeder.quirks["access_unit_too_large"], 1);
}

TEST(DepacketiserH264, HoldsTheLimitOnNalUnits) {
  Feeder feeder(Codec::kH264);
  for (size_t i = 0; i < limits::kNalUnitsPerAccessUnitMax + 10; ++i) feeder.Packet(1, kIdr);
  feeder.Packet(2, kP, true);
  ASSERT_EQ(feeder.units.size(), 2u);
  EXPECT_TRUE(feeder.units[0].damaged);
  EXPECT_EQ(feeder.quirks["access_unit_too_many_nals"], 1);
}

const Bytes kVps5 = B({0x40, 0x01, 0x0c, 0x01});
const Bytes kSps5 = B({0x42, 0x01, 0x01, 0x01});
const Bytes kPps5 = B({0x44, 0x01, 0xc1, 0x72});
const Bytes kIdr5 = B({0x26, 0x01, 0xaf, 0x08});
const Bytes kP5 = B({0x02, 0x01, 0xd0, 0x11});

TEST(DepacketiserH265, EndsUnitsAndKnowsIdrCraAndTrailingPictures) {
  Feeder feeder(Codec::kH265, {kVps5, kSps5, kPps5});
  feeder.Packet(1, kIdr5, true);
  feeder.Packet(2, kP5, true);
  feeder.Packet(3, B({0x2a, 0x01, 0xaf, 0x08}), true);  // CRA
  ASSERT_EQ(feeder.units.size(), 3u);
  EXPECT_TRUE(feeder.units[0].keyframe);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kVps5, kSps5, kPps5, kIdr5}));
  EXPECT_FALSE(feeder.units[1].keyframe);
  EXPECT_TRUE(feeder.units[2].keyframe);
}

TEST(DepacketiserH265, PutsFragmentsTogether) {
  Feeder feeder(Codec::kH265);
  feeder.Packet(1, B({0x62, 0x01, 0x93, 0xaf, 1}));
  feeder.Packet(1, B({0x62, 0x01, 0x13, 2}));
  feeder.Packet(1, B({0x62, 0x01, 0x53, 3}), true);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_EQ(feeder.units[0].data, AnnexB({B({0x26, 0x01, 0xaf, 1, 2, 3})}));
  EXPECT_TRUE(feeder.units[0].keyframe);
}

TEST(DepacketiserH265, TakesAnAggregateApart) {
  Feeder feeder(Codec::kH265);
  Bytes aggregate = B({0x60, 0x01});
  for (const Bytes& nal : {kVps5, kSps5, kPps5, kIdr5}) {
    aggregate.push_back(0);
    aggregate.push_back(static_cast<uint8_t>(nal.size()));
    aggregate.insert(aggregate.end(), nal.begin(), nal.end());
  }
  feeder.Packet(1, aggregate, true);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_EQ(feeder.units[0].data, AnnexB({kVps5, kSps5, kPps5, kIdr5}));
}

TEST(DepacketiserH265, MarksWhatItCannotRead) {
  Feeder feeder(Codec::kH265);
  feeder.Packet(1, B({0x64, 0x01, 0x00, 0x00}));  // PACI
  feeder.Packet(1, B({0x62, 0x01, 0x93}));        // a fragment of nothing
  feeder.Packet(1, B({0x70, 0x01, 0x93}));        // unknown
  feeder.Packet(1, B({0x02}));
  feeder.Packet(1, kP5, true);
  ASSERT_EQ(feeder.units.size(), 1u);
  EXPECT_TRUE(feeder.units[0].damaged);
  EXPECT_EQ(feeder.quirks["h265_paci"], 1);
  EXPECT_EQ(feeder.quirks["empty_fragment"], 1);
  EXPECT_EQ(feeder.quirks["reserved_nal_type"], 1);
  EXPECT_EQ(feeder.quirks["empty_payload"], 1);
}

}  // namespace
}  // namespace patrol::rtsp
