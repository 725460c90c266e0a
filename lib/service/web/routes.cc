#include "lib/service/web/routes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "patrol/v1/area_service.pb.h"
#include "patrol/v1/camera_service.pb.h"
#include "patrol/v1/coverage_service.pb.h"
#include "patrol/v1/motion_service.pb.h"
#include "patrol/v1/position_service.pb.h"
#include "patrol/v1/unit_service.pb.h"

namespace patrol::web {
namespace {

// The default instances of generated messages are static, and naming them here makes the linker
// keep their descriptors.
template <typename Request, typename Response>
Route Row(std::string_view verb, std::string_view path, std::string_view service,
          std::string_view method, AnswerKind answer = AnswerKind::kJson,
          BodyKind body = BodyKind::kNone, std::string_view body_field = "") {
  return {
      verb,   path, service,   method, &Request::default_instance(), &Response::default_instance(),
      answer, body, body_field};
}

std::vector<Route> MakeRoutes() {
  using google::protobuf::Empty;
  constexpr AnswerKind kAsJson = AnswerKind::kJson;
  return {
      Row<v1::ListCamerasRequest, v1::ListCamerasResponse>("GET", "/v1/cameras", "CameraService",
                                                           "ListCameras"),
      Row<v1::CreateCameraRequest, v1::Camera>("POST", "/v1/cameras", "CameraService",
                                               "CreateCamera", kAsJson, BodyKind::kJson, "camera"),
      Row<v1::GetCameraRequest, v1::Camera>("GET", "/v1/{name=cameras/*}", "CameraService",
                                            "GetCamera"),
      Row<v1::UpdateCameraRequest, v1::Camera>("PATCH", "/v1/{camera.name=cameras/*}",
                                               "CameraService", "UpdateCamera", kAsJson,
                                               BodyKind::kJson, "camera"),
      Row<v1::DeleteCameraRequest, Empty>("DELETE", "/v1/{name=cameras/*}", "CameraService",
                                          "DeleteCamera"),
      Row<v1::AcceptViewRequest, v1::Camera>("POST", "/v1/{name=cameras/*}/acceptView",
                                             "CameraService", "AcceptView"),
      Row<v1::GetSnapshotRequest, v1::Snapshot>("GET", "/v1/{name=cameras/*}/snapshot",
                                                "CameraService", "GetSnapshot", AnswerKind::kJpeg),

      Row<v1::ListUnitsRequest, v1::ListUnitsResponse>("GET", "/v1/units", "UnitService",
                                                       "ListUnits"),
      Row<v1::CreateUnitRequest, v1::Unit>("POST", "/v1/units", "UnitService", "CreateUnit",
                                           kAsJson, BodyKind::kJson, "unit"),
      Row<v1::GetUnitRequest, v1::Unit>("GET", "/v1/{name=units/*}", "UnitService", "GetUnit"),
      Row<v1::UpdateUnitRequest, v1::Unit>("PATCH", "/v1/{unit.name=units/*}", "UnitService",
                                           "UpdateUnit", kAsJson, BodyKind::kJson, "unit"),
      Row<v1::DeleteUnitRequest, Empty>("DELETE", "/v1/{name=units/*}", "UnitService",
                                        "DeleteUnit"),
      Row<v1::ListFixesRequest, v1::ListFixesResponse>("GET", "/v1/{unit=units/*}/fixes",
                                                       "PositionService", "ListFixes"),

      Row<v1::ListAreasRequest, v1::ListAreasResponse>("GET", "/v1/areas", "AreaService",
                                                       "ListAreas"),
      Row<v1::GetAreaRequest, v1::Area>("GET", "/v1/{name=areas/*}", "AreaService", "GetArea"),
      Row<v1::DeleteAreaRequest, Empty>("DELETE", "/v1/{name=areas/*}", "AreaService",
                                        "DeleteArea"),
      Row<v1::ImportAreasRequest, v1::ImportAreasResponse>("POST", "/v1/areas:import",
                                                           "AreaService", "ImportAreas", kAsJson,
                                                           BodyKind::kText, "geojson"),

      Row<v1::ListMotionEventsRequest, v1::ListMotionEventsResponse>(
          "GET", "/v1/motionEvents", "MotionService", "ListMotionEvents"),
      Row<v1::GetMotionEventRequest, v1::MotionEvent>("GET", "/v1/{name=motionEvents/*}",
                                                      "MotionService", "GetMotionEvent"),
      Row<v1::UpdateMotionEventRequest, v1::MotionEvent>(
          "PATCH", "/v1/{motion_event.name=motionEvents/*}", "MotionService", "UpdateMotionEvent",
          kAsJson, BodyKind::kJson, "motion_event"),
      Row<v1::GetMotionStillRequest, v1::MotionStill>("GET", "/v1/{name=motionEvents/*}/still",
                                                      "MotionService", "GetMotionStill",
                                                      AnswerKind::kJpeg),

      Row<v1::GetCoverageRequest, v1::Coverage>("GET", "/v1/coverage", "CoverageService",
                                                "GetCoverage"),
      Row<v1::GetCoveredRoadsRequest, v1::GeoJson>("GET", "/v1/coverage/roads", "CoverageService",
                                                   "GetCoveredRoads", AnswerKind::kGeoJson),
      Row<v1::ExplainPlaceRequest, v1::PlaceExplanation>("GET", "/v1/coverage/place",
                                                         "CoverageService", "ExplainPlace"),
      Row<v1::ListCoverageWindowsRequest, v1::ListCoverageWindowsResponse>(
          "GET", "/v1/coverageWindows", "CoverageService", "ListCoverageWindows"),
      Row<v1::CreateCoverageWindowRequest, v1::CoverageWindow>(
          "POST", "/v1/coverageWindows", "CoverageService", "CreateCoverageWindow", kAsJson,
          BodyKind::kJson, "coverage_window"),
      Row<v1::GetCoverageWindowRequest, v1::CoverageWindow>("GET", "/v1/{name=coverageWindows/*}",
                                                            "CoverageService", "GetCoverageWindow"),
      Row<v1::DeleteCoverageWindowRequest, Empty>("DELETE", "/v1/{name=coverageWindows/*}",
                                                  "CoverageService", "DeleteCoverageWindow"),
      Row<v1::GetBlindSpotsRequest, v1::GeoJson>("GET", "/v1/{name=coverageWindows/*}/blindSpots",
                                                 "CoverageService", "GetBlindSpots",
                                                 AnswerKind::kGeoJson),
      Row<v1::GetNetworkRequest, v1::GeoJson>("GET", "/v1/network", "CoverageService", "GetNetwork",
                                              AnswerKind::kGeoJson),
  };
}

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (true) {
    const size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

// A template cut into segments; those in [first, last) are the variable's, "*" matches any text.
struct Pattern {
  std::vector<std::string_view> segments;
  std::string_view field;
  size_t first = 0;
  size_t last = 0;
};

Pattern Compile(std::string_view path) {
  Pattern pattern;
  const size_t open = path.find('{');
  if (open == std::string_view::npos) {
    pattern.segments = Split(path);
    return pattern;
  }
  const size_t equals = path.find('=', open);
  const size_t close = path.find('}', open);
  pattern.field = path.substr(open + 1, equals - open - 1);
  // "/v1/" ends in an empty segment, which the variable takes the place of.
  pattern.segments = Split(path.substr(0, open));
  pattern.segments.pop_back();
  pattern.first = pattern.segments.size();
  for (std::string_view segment : Split(path.substr(equals + 1, close - equals - 1))) {
    pattern.segments.push_back(segment);
  }
  pattern.last = pattern.segments.size();
  if (close + 1 < path.size()) {
    for (std::string_view segment : Split(path.substr(close + 2))) {
      pattern.segments.push_back(segment);
    }
  }
  return pattern;
}

std::optional<RouteMatch> Match(const Route& route, const Pattern& pattern,
                                const std::vector<std::string>& segments) {
  if (segments.size() != pattern.segments.size()) return std::nullopt;
  RouteMatch match{&route, std::string(pattern.field), ""};
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool any = pattern.segments[i] == "*";
    if (any ? segments[i].empty() : segments[i] != pattern.segments[i]) return std::nullopt;
    if (i < pattern.first || i >= pattern.last) continue;
    if (!match.value.empty()) match.value += '/';
    match.value += segments[i];
  }
  return match;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

const std::vector<Route>& Routes() {
  static const std::vector<Route> routes = MakeRoutes();
  return routes;
}

RouteLookup FindRoute(std::string_view verb, std::string_view path) {
  static const std::vector<Pattern> patterns = [] {
    std::vector<Pattern> compiled;
    for (const Route& route : Routes()) compiled.push_back(Compile(route.path));
    return compiled;
  }();
  RouteLookup lookup;
  std::vector<std::string> segments;
  for (std::string_view raw : Split(path)) {
    std::optional<std::string> segment = PercentDecode(raw, false);
    // An encoded slash would make one resource name out of two.
    if (!segment || segment->find('/') != std::string::npos) return lookup;
    segments.push_back(*std::move(segment));
  }
  for (size_t i = 0; i < patterns.size(); ++i) {
    const Route& route = Routes()[i];
    std::optional<RouteMatch> match = Match(route, patterns[i], segments);
    if (!match) continue;
    if (route.verb == verb) {
      lookup.match = std::move(match);
      lookup.allowed.clear();
      return lookup;
    }
    absl::StrAppend(&lookup.allowed, lookup.allowed.empty() ? "" : ", ", std::string(route.verb));
  }
  return lookup;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace patrol::web
