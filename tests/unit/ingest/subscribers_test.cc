#include "lib/video/ingest/subscribers.h"

#include "gtest/gtest.h"

namespace patrol::ingest {
namespace {

class Notebook : public media::AccessUnitListener {
 public:
  void OnAccessUnit(const media::AccessUnitPtr& unit) override {
    told += std::to_string(unit->rtp_time) + " ";
  }
  void OnBreak() override { told += "break "; }
  void OnEnd() override { told += "end "; }
  std::string told;
};

media::AccessUnitPtr Unit(uint32_t number) {
  auto unit = std::make_shared<media::AccessUnit>();
  unit->rtp_time = number;
  return unit;
}

TEST(Subscribers, TellsWhatWasKeptThenWhatComesUntilDropped) {
  const auto subscribers = std::make_shared<Subscribers>();
  const auto first = std::make_shared<Notebook>();
  const auto second = std::make_shared<Notebook>();
  auto a = subscribers->Add({Unit(1), Unit(2)}, true, first);
  subscribers->OnAccessUnit(Unit(3));
  auto b = subscribers->Add({}, true, second);
  subscribers->OnBreak();
  a.reset();
  subscribers->OnAccessUnit(Unit(4));
  EXPECT_EQ(first->told, "1 2 3 break ");
  EXPECT_EQ(second->told, "break 4 ");
}

TEST(Subscribers, SaysWhereTheRingCouldNotFollow) {
  const auto subscribers = std::make_shared<Subscribers>();
  const auto listener = std::make_shared<Notebook>();
  const auto held = subscribers->Add({Unit(1)}, false, listener);
  EXPECT_EQ(listener->told, "1 break ");
}

TEST(Subscribers, OutliveTheCamera) {
  auto subscribers = std::make_shared<Subscribers>();
  const auto listener = std::make_shared<Notebook>();
  const auto late = std::make_shared<Notebook>();
  auto held = subscribers->Add({}, true, listener);
  subscribers->End();
  subscribers->End();
  subscribers->OnAccessUnit(Unit(1));
  const auto after = subscribers->Add({}, true, late);
  subscribers.reset();
  EXPECT_EQ(listener->told, "end ");
  EXPECT_EQ(late->told, "end ");
}

}  // namespace
}  // namespace patrol::ingest
