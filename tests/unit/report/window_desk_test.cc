#include "lib/service/report/window_desk.h"

#include <chrono>
#include <future>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/limits.h"
#include "lib/service/store/sqlite_store.h"
#include "tests/support/road_town.h"
#include "tests/support/temporary_folder.h"

namespace patrol::report {
namespace {

using ::testing::HasSubstr;
using State = WindowDesk::State;

const absl::Time kMorning = absl::FromUnixSeconds(1772400000);
const WindowOrder kAnHour{.from = kMorning, .to = kMorning + absl::Hours(1)};

class WindowDeskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::SqliteStore::Open({.path = folder_.File("patrol.db")});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  // A desk whose every window waits at its beginning until Open().
  std::unique_ptr<WindowDesk> ClosedDesk() {
    return std::make_unique<WindowDesk>(
        *store_,
        [this] {
          begun_.store(true);
          gate_.wait();
          return testing::RoadTown();
        },
        clock_);
  }
  void Open() { opened_.set_value(); }
  void AwaitBegun() const {
    while (!begun_.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  static WindowDesk::Ticket Await(const WindowDesk& desk, const std::string& id) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (absl::Now() < deadline) {
      auto ticket = desk.Get(id);
      EXPECT_TRUE(ticket.ok()) << ticket.status();
      if (!ticket.ok() || ticket->state == State::kDone || ticket->state == State::kFailed) {
        return ticket.ok() ? *ticket : WindowDesk::Ticket();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ADD_FAILURE() << "window " << id << " is not computed";
    return {};
  }

  const test::TemporaryFolder folder_;
  ManualClock clock_{kMorning};
  std::unique_ptr<store::SqliteStore> store_;
  std::atomic<bool> begun_ = false;
  std::promise<void> opened_;
  const std::shared_future<void> gate_ = opened_.get_future().share();
};

TEST_F(WindowDeskTest, ComputesWhatIsOrderedAndKeepsIt) {
  WindowDesk desk(*store_, testing::RoadTown, clock_);
  const auto ordered = desk.Order(kAnHour);
  ASSERT_TRUE(ordered.ok()) << ordered.status();
  const WindowDesk::Ticket done = Await(desk, ordered->id);
  EXPECT_EQ(done.state, State::kDone);
  EXPECT_EQ(done.progress, 1);
  ASSERT_NE(done.report, nullptr);
  EXPECT_EQ(done.report->result.steps, 360);
  EXPECT_EQ(done.created, kMorning);
}

TEST_F(WindowDeskTest, RefusesAWrongOrderAtOnce) {
  WindowDesk desk(*store_, testing::RoadTown, clock_);
  EXPECT_EQ(desk.Order({.from = kMorning, .to = kMorning}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(desk.List().empty());
}

TEST_F(WindowDeskTest, LetsOnlySoManyWaitAndTakesMoreOnceTheyAreDone) {
  const auto desk = ClosedDesk();
  const std::string first = desk->Order(kAnHour)->id;
  AwaitBegun();  // it is computed, and waits no more
  std::string last;
  for (size_t i = 0; i < limits::kWindowsWaitingMax; ++i) last = desk->Order(kAnHour)->id;
  const auto refused = desk->Order(kAnHour);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(desk->List().front().id, last);
  EXPECT_EQ(desk->List().back().id, first);
  EXPECT_EQ(desk->Get(last)->state, State::kWaiting);
  Open();
  EXPECT_EQ(Await(*desk, last).state, State::kDone);
  EXPECT_TRUE(desk->Order(kAnHour).ok());
}

TEST_F(WindowDeskTest, ForgetsTheOldestWhenThereAreTooMany) {
  WindowDesk desk(*store_, testing::RoadTown, clock_);
  const std::string first = desk.Order(kAnHour)->id;
  Await(desk, first);
  for (size_t i = 0; i < limits::kWindowsKeptMax; ++i) Await(desk, desk.Order(kAnHour)->id);
  EXPECT_EQ(desk.List().size(), limits::kWindowsKeptMax);
  EXPECT_THAT(std::string(desk.Get(first).status().message()), HasSubstr(first));
}

TEST_F(WindowDeskTest, StopsAWindowThatIsRemovedAndGoesOnWithTheNext) {
  const auto desk = ClosedDesk();
  const std::string removed = desk->Order(kAnHour)->id;
  const std::string next = desk->Order(kAnHour)->id;
  AwaitBegun();
  EXPECT_TRUE(desk->Remove(removed).ok());
  EXPECT_EQ(desk->Get(removed).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(desk->Remove(removed).code(), absl::StatusCode::kNotFound);
  Open();
  EXPECT_EQ(Await(*desk, next).state, State::kDone);
}

TEST_F(WindowDeskTest, ComputesNothingMoreOnceItIsStopped) {
  const auto desk = ClosedDesk();
  const std::string running = desk->Order(kAnHour)->id;
  const std::string waiting = desk->Order(kAnHour)->id;
  AwaitBegun();
  std::thread stopping([&] { desk->Stop(); });
  while (desk->Order(kAnHour).status().code() != absl::StatusCode::kUnavailable) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Open();
  stopping.join();
  EXPECT_EQ(desk->Get(running)->state, State::kFailed);
  EXPECT_EQ(desk->Get(running)->failure.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(desk->Get(waiting)->state, State::kWaiting);
}

}  // namespace
}  // namespace patrol::report
