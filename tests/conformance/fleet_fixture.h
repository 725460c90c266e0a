#pragma once

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "lib/video/ingest/fleet.h"
#include "tests/conformance/fleet_witness.h"
#include "tests/conformance/scripted_camera.h"

namespace patrol::ingest {

// A fleet that tells a witness, without the pauses of the field.
class RtspFleet : public testing::Test {
 protected:
  void SetUp() override {
    if (test::CodedClip().empty()) GTEST_SKIP() << "FFmpeg has no encoder libx264";
  }
  void Make(FleetOptions options = {}) {
    options.back_off_min = absl::Milliseconds(20);
    // Every picture counts here; what attention does is for attention_test and
    // rtsp_fleet_pictures_test.
    options.decode_everything = decode_everything_;
    options.decode_all_while_room = false;
    options.analysed_per_second = 2000000;  // a burst is timed in microseconds
    options.budget_cores = 64;
    fleet_ = std::make_unique<Fleet>(options, SystemClock::Get(), witness_, witness_);
  }
  CameraState State(const std::string& id) {
    const auto state = fleet_->State(id);
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? *state : CameraState();
  }
  bool UntilStreaming(const std::string& id) {
    return witness_.Until([&] { return State(id).phase == CameraPhase::kStreaming; });
  }

  bool decode_everything_ = true;
  Witness witness_;
  std::unique_ptr<Fleet> fleet_;
};

}  // namespace patrol::ingest
