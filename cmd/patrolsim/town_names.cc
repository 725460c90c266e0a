#include "cmd/patrolsim/town_names.h"

#include <iterator>

namespace patrol::sim {

namespace {

constexpr const char* kVillageFirst[] = {"北", "南", "东", "西", "上", "下", "大", "小", "黄",
                                         "林", "陈", "龙", "马", "三", "高", "新", "莲", "石"};
constexpr const char* kVillageSecond[] = {"围", "滘", "涌", "塘", "岗", "洲", "沙",
                                          "桥", "田", "湾", "基", "坑", "溪", "步"};
constexpr const char* kRoadFirst[] = {"人", "兴", "文", "建", "振", "和", "光", "富", "广", "永",
                                      "顺", "安", "华", "平", "康", "明", "益", "诚", "德", "泰"};
constexpr const char* kRoadSecond[] = {"民", "业", "华", "设", "兴", "平", "明", "强", "福", "宁",
                                       "康", "乐", "园", "昌", "达", "源", "和", "盛", "荣", "隆"};

}  // namespace

std::string TownNames::Unused(const char* const* first, size_t first_count,
                              const char* const* second, size_t second_count, const char* suffix) {
  std::string name;
  do {
    const char* a = first[random_.Index(first_count)];
    const char* b = second[random_.Index(second_count)];
    name = std::string(a) + b + suffix;
    // A list used up goes on with a third syllable.
    if (used_.size() > first_count * second_count / 2) {
      name = std::string(a) + b + second[random_.Index(second_count)] + suffix;
    }
  } while (!used_.insert(name).second);
  return name;
}

std::string TownNames::Village() {
  return Unused(kVillageFirst, std::size(kVillageFirst), kVillageSecond, std::size(kVillageSecond),
                "村");
}

std::string TownNames::Community() {
  return Unused(kRoadFirst, std::size(kRoadFirst), kRoadSecond, std::size(kRoadSecond), "社区");
}

std::string TownNames::Road() {
  return Unused(kRoadFirst, std::size(kRoadFirst), kRoadSecond, std::size(kRoadSecond), "路");
}

std::string TownNames::Avenue() {
  return Unused(kRoadFirst, std::size(kRoadFirst), kRoadSecond, std::size(kRoadSecond), "大道");
}

}  // namespace patrol::sim
