// Goal: what the fleet hands on is decoded, whole, in order, and as much of it as attention asks
// for. Method: a fleet against scripted cameras on loopback ports.

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "lib/video/media/annexb.h"
#include "lib/video/media/decoder.h"
#include "tests/conformance/fleet_fixture.h"
#include "tests/unit/rtsp/coded_jpeg.h"

namespace patrol::ingest {
namespace {

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::ScriptedCamera;
using test::ScriptedRtspServer;
using test::SendClip;

TEST_F(RtspFleet, ReceivesAndKeepsWithoutDecodingWhereAnalysisIsOff) {
  ScriptedRtspServer server(OneClip());
  Make({.analysis = false});
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("cam").access_units == 30; }));
  const CameraState state = State("cam");
  EXPECT_EQ(state.phase, CameraPhase::kStreaming);
  EXPECT_EQ(state.pictures_decoded, 0);
  EXPECT_TRUE(state.blind);
  EXPECT_EQ(state.blind_reason, "analysis is switched off by configuration");
  EXPECT_EQ(state.attention_reason, "analysis is switched off by configuration");
  EXPECT_FALSE(fleet_->LastGop("cam").empty());
  const auto picture = fleet_->LastPicture("cam");
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->width(), 320);
}

TEST_F(RtspFleet, DecodesEveryPictureOfAStreamingCamera) {
  ScriptedRtspServer server(OneClip());
  Make();
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  // The last unit waits for the next one's time or its marker, which it has.
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("cam") == 30; }));
  const CameraState state = State("cam");
  EXPECT_EQ(state.phase, CameraPhase::kStreaming);
  EXPECT_EQ(state.reason, "");
  EXPECT_EQ(state.codec, "H.264");
  EXPECT_EQ(state.width, 320);
  EXPECT_EQ(state.height, 240);
  EXPECT_EQ(state.access_units, 30);
  EXPECT_GT(state.bytes, 0);
  EXPECT_EQ(state.packets_lost, 0);
  EXPECT_EQ(state.pictures_decoded, 30);
  EXPECT_EQ(state.decode_errors, 0);
  EXPECT_EQ(state.access_units_dropped, 0);
  EXPECT_EQ(state.reconnects, 0);
  EXPECT_TRUE(state.full_decode);
  EXPECT_FALSE(state.blind);
  EXPECT_LE(absl::AbsDuration(state.picture_time - absl::Now()), absl::Minutes(1));
  EXPECT_FALSE(witness_.overlapped());
  EXPECT_FALSE(witness_.stepped_back());
  std::vector<CameraPhase> phases;
  for (const CameraState& told : witness_.phases("cam")) phases.push_back(told.phase);
  EXPECT_EQ(phases, (std::vector<CameraPhase>{CameraPhase::kWaiting, CameraPhase::kConnecting,
                                              CameraPhase::kStreaming}));
}

TEST_F(RtspFleet, DecodesEveryPictureOfAnMjpegCamera) {
  const std::vector<uint8_t> jpeg = test::CodedJpeg(AV_PIX_FMT_YUVJ420P);
  if (jpeg.empty()) GTEST_SKIP() << "FFmpeg has no encoder mjpeg";
  ScriptedCamera camera;
  camera.sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\n";
  camera.on_play = [&](RtspConnection& connection) {
    RtpWriter writer;
    writer.payload_type = 26;
    for (uint32_t i = 0; i < 10; ++i) {
      const auto payloads = test::JpegPayloads(jpeg, 1, 255, true);
      for (const std::vector<uint8_t>& payload : payloads) {
        connection.Send(writer.Packet(std::string(payload.begin(), payload.end()), i * 9000,
                                      &payload == &payloads.back()));
      }
    }
  };
  ScriptedRtspServer server(camera);
  Make();
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("cam") == 10; }));
  const CameraState state = State("cam");
  EXPECT_EQ(state.codec, "MJPEG");
  EXPECT_EQ(state.width, 320);
  EXPECT_EQ(state.height, 240);
  EXPECT_EQ(state.decode_errors, 0);
  EXPECT_EQ(state.packets_lost, 0);
  EXPECT_FALSE(state.blind);
  EXPECT_TRUE(fleet_->LastPicture("cam").ok());
  EXPECT_FALSE(witness_.stepped_back());
}

TEST_F(RtspFleet, KeepsTheLastGopAndTheLastPicture) {
  ScriptedRtspServer server(OneClip());
  Make();
  EXPECT_EQ(fleet_->LastPicture("cam").status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(fleet_->LastGop("cam").empty());
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("cam") == 30; }));
  const std::vector<media::AccessUnitPtr> gop = fleet_->LastGop("cam");
  ASSERT_EQ(gop.size(), 15u);
  EXPECT_TRUE(gop.front()->keyframe);
  auto decoder = media::Decoder::Create(media::Codec::kH264);
  ASSERT_TRUE(decoder.ok());
  for (const media::AccessUnitPtr& unit : gop) EXPECT_TRUE((*decoder)->Decode(*unit).ok());
  const auto picture = fleet_->LastPicture("cam");
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->width(), 320);
  EXPECT_EQ(picture->time(), gop.back()->time);
}

// All that is kept of a camera.
class Kept : public media::AccessUnitListener {
 public:
  Kept(Fleet& fleet, const std::string& id) {
    const auto listener = std::shared_ptr<Kept>(this, [](Kept*) {});
    EXPECT_TRUE(fleet.Subscribe(id, listener, media::HandOver::kAllKept).ok());
  }
  void OnAccessUnit(const media::AccessUnitPtr& unit) override { units.push_back(unit); }
  void OnBreak() override {}
  void OnEnd() override {}

  std::vector<media::AccessUnitPtr> units;
};

TEST_F(RtspFleet, KeepsWhatLiesBeforeTheFirstSignOfAMovement) {
  std::atomic<bool> moves = false;
  ScriptedCamera camera;
  camera.on_play = [&](RtspConnection& connection) {
    RtpWriter writer;
    SendClip(connection, writer, CodedClip());
    while (!moves) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    SendClip(connection, writer, CodedClip(), 1000 + 30 * 3600);
  };
  ScriptedRtspServer server(camera);
  Make({.pre_roll = absl::ZeroDuration()});
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("cam") == 30; }));
  const Kept before(*fleet_, "cam");
  ASSERT_EQ(before.units.size(), 15u);
  fleet_->OnPixels("cam", before.units.back()->time, true);
  moves = true;
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("cam") == 60; }));
  const Kept after(*fleet_, "cam");
  // Held for so long by the pictures' times, which are those of their arrival here.
  if (after.units.back()->time - before.units.back()->time > absl::Seconds(3)) {
    GTEST_SKIP() << "the machine stood still";
  }
  EXPECT_EQ(after.units.size(), 45u);
}

TEST_F(RtspFleet, DecodesKeyframesOnlyBeyondTheLimitAndMovesUpWhenThereIsRoom) {
  ScriptedRtspServer server(OneClip());
  FleetOptions options;
  options.full_decodes_max = 1;
  Make(options);
  ASSERT_TRUE(fleet_->AddCamera({.id = "first", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("first") == 30; }));
  // On its own, so that neither of its keyframes is overtaken by the other.
  ScriptedCamera slow;
  std::atomic<bool> second_gop = false;
  slow.on_play = [&](RtspConnection& connection) {
    RtpWriter writer;
    const auto& clip = CodedClip();
    for (size_t i = 0; i < clip.size(); ++i) {
      while (i == 15 && !second_gop) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      connection.Send(writer.Unit(clip[i].data, static_cast<uint32_t>(i) * 3600));
    }
  };
  ScriptedRtspServer other(slow);
  ASSERT_TRUE(fleet_->AddCamera({.id = "second", .url = other.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("second").access_units >= 14; }));
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("second") == 1; }));
  EXPECT_FALSE(State("second").full_decode);
  EXPECT_FALSE(State("second").blind);
  const auto still = fleet_->LastPicture("second");
  ASSERT_TRUE(still.ok()) << still.status();
  EXPECT_EQ(still->width(), 320);

  ASSERT_TRUE(fleet_->RemoveCamera("first").ok());
  ASSERT_TRUE(witness_.Until([&] { return State("second").full_decode; }));
  // From its last keyframe on, at once: it does not wait for the next. The last unit of the GOP
  // may still wait for its end.
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("second") >= 14; }));
  second_gop = true;
  EXPECT_TRUE(witness_.Until([&] { return witness_.pictures("second") == 30; }));
  EXPECT_EQ(State("second").access_units_dropped, 0);
  EXPECT_FALSE(witness_.stepped_back());
}

// A camera that renews its picture piece by piece and is joined in its midst.
std::vector<media::AccessUnit> WithoutKeyframes(int count, bool announced) {
  std::vector<media::AccessUnit> units = media::EncodeStream(
      {.frames = count + 7, .gop = 20, .params = "intra-refresh=1:qp=26:keyint=20"});
  if (!units.empty()) units.erase(units.begin(), units.begin() + 7);
  for (media::AccessUnit& unit : units) {
    std::vector<uint8_t> data;
    media::NalReader reader(unit.codec, unit.data);
    for (media::NalUnit nal; reader.Next(nal);) {
      const bool sei = nal.type == 6;
      if (announced || !sei) media::AppendNal(nal.data, data);
    }
    unit.data = std::move(data);
  }
  return units;
}

TEST_F(RtspFleet, DecodesCamerasThatSendNoKeyframes) {
  decode_everything_ = false;
  Make();
  for (const bool announced : {true, false}) {
    const auto clip = WithoutKeyframes(announced ? 120 : 400, announced);
    ScriptedCamera camera;
    camera.on_play = [&](RtspConnection& connection) {
      RtpWriter writer;
      SendClip(connection, writer, clip);
    };
    ScriptedRtspServer server(camera);
    const std::string id = announced ? "announced" : "silent";
    ASSERT_TRUE(fleet_->AddCamera({.id = id, .url = server.Url()}).ok());
    ASSERT_TRUE(witness_.Until([&] { return witness_.pictures(id) >= 30; })) << id;
    const CameraState state = State(id);
    EXPECT_FALSE(state.blind) << id;
    EXPECT_TRUE(state.sparse) << id;
    EXPECT_EQ(state.decode_errors, 0) << id;
    EXPECT_EQ(state.attention_reason, "full: it sends no keyframes") << id;
    EXPECT_TRUE(fleet_->LastPicture(id).ok()) << id;
    ASSERT_TRUE(fleet_->RemoveCamera(id).ok());
  }
  EXPECT_FALSE(witness_.stepped_back());
}

TEST_F(RtspFleet, SaysWhyACameraWithoutKeyframesIsBlind) {
  decode_everything_ = false;
  Make({.full_decodes_max = 0});
  const auto clip = WithoutKeyframes(60, true);
  ScriptedCamera camera;
  camera.on_play = [&](RtspConnection& connection) {
    RtpWriter writer;
    SendClip(connection, writer, clip);
  };
  ScriptedRtspServer server(camera);
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("cam").access_units == 60; }));
  const CameraState state = State("cam");
  EXPECT_TRUE(state.blind);
  EXPECT_EQ(state.blind_reason, "it sends no keyframes, and no full decode is to be had");
  EXPECT_TRUE(absl::StrContains(state.attention_reason, "it sends no keyframes"));
  // A still is had all the same, from what the ring holds.
  const auto still = fleet_->LastPicture("cam");
  ASSERT_TRUE(still.ok()) << still.status();
  EXPECT_EQ(still->width(), 320);
}

TEST_F(RtspFleet, LooksAtAQuietCameraInFullWhenSomethingSpeaksForIt) {
  decode_everything_ = false;
  ScriptedRtspServer server(OneClip());
  Make();
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("cam").access_units == 30; }));
  // The newest keyframe may have overtaken the first.
  ASSERT_TRUE(witness_.Until([&] { return witness_.keyframes("cam") >= 1; }));
  CameraState state = State("cam");
  EXPECT_FALSE(state.full_decode);
  EXPECT_EQ(state.attention, AttentionLevel::kKeyframes);
  EXPECT_EQ(state.attention_reason, "every keyframe: its scene is being learnt");
  // Counted when the sink's call is over.
  EXPECT_TRUE(witness_.Until([&] { return State("cam").decode_cpu > absl::ZeroDuration(); }));
  EXPECT_LE(witness_.pictures("cam"), 2);

  fleet_->OnMotion("cam", true);
  fleet_->OnMotion("nobody", true);
  // Its keyframes tell how it goes on.
  EXPECT_EQ(State("cam").attention, AttentionLevel::kKeyframes);
  fleet_->OnMotion("cam", false);

  fleet_->SetFocus("cam", absl::Minutes(1));
  ASSERT_TRUE(witness_.Until([&] { return State("cam").full_decode; }));
  EXPECT_EQ(State("cam").attention_reason, "full: an operator looks at it");
  // The whole GOP, the keyframe it begins with handed on once only.
  ASSERT_TRUE(witness_.Until([&] { return State("cam").picture_time > state.picture_time; }));
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("cam") >= 15; }));
  EXPECT_LE(witness_.pictures("cam"), 17);
  EXPECT_EQ(fleet_->Totals().full_decodes, 1);
  EXPECT_FALSE(witness_.stepped_back());
  const FleetState totals = fleet_->Totals();
  EXPECT_EQ(totals.cameras, 1);
  EXPECT_EQ(totals.streaming, 1);
  EXPECT_EQ(totals.blind, 0);
  EXPECT_GT(totals.decode_cpu, absl::ZeroDuration());
}

TEST_F(RtspFleet, HandsOnNoMorePicturesThanAreAnalysed) {
  ScriptedRtspServer server(OneClip());
  FleetOptions options;
  options.back_off_min = absl::Milliseconds(20);
  options.decode_everything = true;
  options.analysed_per_second = 5;
  fleet_ = std::make_unique<Fleet>(options, SystemClock::Get(), witness_, witness_);
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("cam").pictures_decoded == 30; }));
  // 1.2 s at 25 a second, one of five; what comes in one burst may be timed more closely.
  EXPECT_GE(witness_.pictures("cam"), 1);
  EXPECT_LE(witness_.pictures("cam"), 7);
}

TEST_F(RtspFleet, SaysWhyACameraIsBlind) {
  ScriptedRtspServer server(OneClip());
  FleetOptions options;
  options.blind_after = absl::Milliseconds(200);
  Make(options);
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("cam").access_units == 30; }));
  ASSERT_TRUE(witness_.Until([&] { return State("cam").sparse && State("cam").blind; }));
  const CameraState state = State("cam");
  EXPECT_EQ(state.blind_reason, "its keyframes are further apart than blind_after");
  EXPECT_GT(state.blind_total, absl::ZeroDuration());
  EXPECT_EQ(fleet_->Totals().blind, 1);
  EXPECT_EQ(fleet_->Totals().sparse, 1);
}

TEST_F(RtspFleet, HandsOnNoPictureOfADamagedGop) {
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    const auto& clip = CodedClip();
    for (size_t i = 0; i < clip.size(); ++i) {
      std::vector<std::string> packets =
          writer.Packets(clip[i].data, static_cast<uint32_t>(i) * 3600);
      if (i == 5) packets.clear();
      for (const std::string& packet : packets) connection.Send(packet);
    }
  };
  ScriptedRtspServer server(camera);
  Make();
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  // Pictures 0..4 and the whole second GOP.
  ASSERT_TRUE(witness_.Until([&] { return State("cam").access_units == 29; }));
  ASSERT_TRUE(witness_.Until([&] { return witness_.pictures("cam") == 20; }));
  EXPECT_GE(State("cam").packets_lost, 1);
  EXPECT_EQ(State("cam").access_units_dropped, 9);
  EXPECT_EQ(State("cam").decode_errors, 0);
}

TEST_F(RtspFleet, DropsToTheEndOfTheGopWhenTheSinkFallsBehind) {
  constexpr int kClips = 8;
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    for (uint32_t i = 0; i < kClips; ++i) SendClip(connection, writer, CodedClip(), i * 30 * 3600);
  };
  ScriptedRtspServer server(camera);
  Make();
  witness_.Hold();
  ASSERT_TRUE(fleet_->AddCamera({.id = "cam", .url = server.Url()}).ok());
  ASSERT_TRUE(witness_.Until([&] { return State("cam").access_units == kClips * 30; }));
  witness_.Release();
  ASSERT_TRUE(witness_.Until([&] {
    const CameraState state = State("cam");
    return state.pictures_decoded + state.access_units_dropped == kClips * 30;
  }));
  const CameraState state = State("cam");
  EXPECT_GT(state.access_units_dropped, 0);
  EXPECT_GT(state.pictures_decoded, 0);
  EXPECT_EQ(state.decode_errors, 0);
  EXPECT_FALSE(witness_.overlapped());
  EXPECT_FALSE(witness_.stepped_back());
}

}  // namespace
}  // namespace patrol::ingest
