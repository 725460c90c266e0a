// Where the cameras of the sample town stand: at village entrances and at junctions.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "absl/strings/str_format.h"
#include "cmd/patrolsim/town.h"
#include "cmd/patrolsim/town_random.h"
#include "lib/base/check.h"

namespace patrol::sim {

namespace {

using roadnet::ArcIndex;
using roadnet::Network;
using roadnet::NodeIndex;

constexpr size_t kEntrancesPerVillage = 4;
constexpr double kPoleM = 7;        // from the junction's middle
constexpr double kClearanceM = 45;  // between two junctions with cameras
constexpr std::array<int, 4> kFieldsOfViewDeg = {60, 75, 90, 110};

class Placer {
 public:
  Placer(uint64_t seed, const TownPlan& plan, const Network& network)
      : plan_(plan), network_(network), random_(seed * 1000003 + 6), plane_(kTownCentre) {
    for (const roadnet::Node& node : network.nodes()) points_.push_back(plane_.ToPlane(node.place));
  }

  std::vector<CameraSite> Place() {
    PlaceAtEntrances();
    // Wide junctions first, then whatever else has a crossing, ever denser until all are placed.
    std::vector<NodeIndex> junctions;
    for (NodeIndex node = 0; node < network_.node_count(); ++node) {
      if (Roads(node) >= 3) junctions.push_back(node);
    }
    random_.Shuffle(junctions);
    std::stable_sort(junctions.begin(), junctions.end(),
                     [&](NodeIndex a, NodeIndex b) { return Importance(a) > Importance(b); });
    for (double clearance_m = 4 * kClearanceM; sites_.size() < kCameraSites; clearance_m /= 2) {
      for (const NodeIndex node : junctions) {
        if (sites_.size() == kCameraSites) break;
        if (IsTaken(node, clearance_m)) continue;
        // Busy junctions get a camera in two or three directions.
        const size_t count = Importance(node) >= 3 ? 1 + random_.Index(3) : 1;
        for (size_t i = 0; i < count && sites_.size() < kCameraSites; ++i) PlaceAt(node, "", i);
      }
      PATROL_CHECK(clearance_m > 0.01);
    }
    return std::move(sites_);
  }

 private:
  size_t Roads(NodeIndex node) const {
    return static_cast<size_t>(network_.out_end(node) - network_.out_begin(node));
  }

  // 4 on county roads and avenues, down to 1 in lanes.
  int Importance(NodeIndex node) const {
    int best = 1;
    for (const ArcIndex* arc = network_.out_begin(node); arc != network_.out_end(node); ++arc) {
      const roadnet::RoadClass road_class = network_.piece(roadnet::PieceOf(*arc)).road_class;
      if (road_class <= roadnet::RoadClass::kSecondaryLink) best = std::max(best, 4);
      if (road_class <= roadnet::RoadClass::kTertiaryLink) best = std::max(best, 3);
      if (road_class <= roadnet::RoadClass::kResidential) best = std::max(best, 2);
    }
    return best;
  }

  bool IsTaken(NodeIndex node, double clearance_m) const {
    return std::any_of(taken_.begin(), taken_.end(), [&](NodeIndex other) {
      return Distance(points_[node], points_[other]) < clearance_m;
    });
  }

  // Where a road of some size comes into a village: at the edge of its lanes.
  void PlaceAtEntrances() {
    for (const Village& village : plan_.villages) {
      if (village.community) continue;
      std::vector<NodeIndex> entrances;
      for (NodeIndex node = 0; node < network_.node_count(); ++node) {
        const double distance = Distance(points_[node], village.centre);
        if (distance < 0.6 * village.radius_m || distance > 1.1 * village.radius_m) continue;
        if (Roads(node) >= 3 && Importance(node) >= 2) entrances.push_back(node);
      }
      random_.Shuffle(entrances);
      std::stable_sort(entrances.begin(), entrances.end(),
                       [&](NodeIndex a, NodeIndex b) { return Importance(a) > Importance(b); });
      size_t placed = 0;
      for (const NodeIndex node : entrances) {
        if (placed == kEntrancesPerVillage) break;
        if (IsTaken(node, 2 * kClearanceM)) continue;
        PlaceAt(node, village.name + "村口", placed++);
      }
    }
  }

  std::string JunctionName(NodeIndex node) const {
    std::vector<std::string> names;
    for (const ArcIndex* arc = network_.out_begin(node); arc != network_.out_end(node); ++arc) {
      const std::string& name = network_.name(network_.piece(roadnet::PieceOf(*arc)));
      if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
    if (names.size() >= 2) return names[0] + "与" + names[1] + "路口";
    if (names.size() == 1) return names[0] + "路口";
    const auto nearest = std::min_element(
        plan_.villages.begin(), plan_.villages.end(), [&](const Village& a, const Village& b) {
          return Distance(points_[node], a.centre) < Distance(points_[node], b.centre);
        });
    return nearest->name + "巷口";
  }

  // On a pole at the corner, looking down one of the roads.
  void PlaceAt(NodeIndex node, const std::string& given_name, size_t direction) {
    const ArcIndex arc = network_.out_begin(node)[direction % Roads(node)];
    const PointM along = points_[network_.head(arc)] - points_[node];
    const double bearing = BearingDeg(along);
    const PointM back = Rotated((-kPoleM / Distance(along, {0, 0})) * along, 0.6);
    CameraSite site;
    site.id = absl::StrFormat("cam-%04d", sites_.size() + 1);
    site.place = plane_.ToLonLat(points_[node] + back);
    site.heading_deg = static_cast<int>(std::lround(bearing)) % 360;
    site.field_of_view_deg = kFieldsOfViewDeg[random_.Index(kFieldsOfViewDeg.size())];
    const std::string stem = given_name.empty() ? JunctionName(node) : given_name;
    site.name = stem + std::to_string(++number_of_[stem]) + "号";
    sites_.push_back(std::move(site));
    taken_.push_back(node);
  }

  const TownPlan& plan_;
  const Network& network_;
  Random random_;
  const geo::LocalPlane plane_;
  std::vector<PointM> points_;  // of the nodes
  std::vector<NodeIndex> taken_;
  std::map<std::string, int> number_of_;
  std::vector<CameraSite> sites_;
};

}  // namespace

std::vector<CameraSite> PlaceCameras(uint64_t seed, const TownPlan& plan, const Network& network) {
  return Placer(seed, plan, network).Place();
}

}  // namespace patrol::sim
