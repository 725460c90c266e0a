#include "lib/service/config/config.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lib/base/limits.h"
#include "lib/patrol/coverage/area_file.h"
#include "lib/service/api/server.h"
#include "lib/service/config/yaml_section.h"
#include "lib/video/media/hardware.h"
#include "lib/video/media/privacy.h"
#include "lib/video/motion/zones.h"
#include "lib/video/rtsp/session.h"
#include "lib/video/rtsp/url.h"

namespace patrol::config {

namespace {

namespace fs = std::filesystem;

constexpr int kPort = 65535;
const std::vector<std::string> kLogLevels = {"debug", "info", "warning", "error"};

bool IsId(const std::string& id) { return geo::IsAreaId(id); }

std::string Resolve(const std::string& config_path, const std::string& named) {
  if (named.empty()) return named;
  return (fs::path(config_path).parent_path() / named).lexically_normal().string();
}

void ReadListen(Section& root, Config* config) {
  Section listen(root.Child("listen"), root.file(), "listen", root.faults());
  listen.Read("grpc", &config->grpc_listen);
  std::string http = absl::StrCat(config->web.address, ":", config->web.port);
  listen.Read("http", &http);
  if (const absl::Status status = api::CheckLoopback(config->grpc_listen); !status.ok()) {
    listen.AddFault("grpc", std::string(status.message()));
  }
  if (const absl::Status status = api::CheckLoopback(http); !status.ok()) {
    listen.AddFault("http", std::string(status.message()));
    return;
  }
  const size_t colon = http.rfind(':');
  std::string host = http.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  config->web.address = host == "localhost" ? "127.0.0.1" : host;
  config->web.port = static_cast<uint16_t>(std::clamp(std::stoi(http.substr(colon + 1)), 0, kPort));
}

void ReadSpeeds(Section& network, Config* config) {
  Section modes(network.Child("speeds_kmh"), network.file(), network.Path("speeds_kmh"),
                network.faults());
  for (const std::string& mode_name : modes.Keys()) {
    roadnet::Mode mode;
    if (!roadnet::ParseMode(mode_name, &mode)) {
      modes.AddFault(mode_name, "no travel mode; known: car, motorcycle, e-bike, bicycle, foot");
      continue;
    }
    Section classes(modes.Child(mode_name), modes.file(), modes.Path(mode_name), modes.faults());
    for (size_t c = 0; c < config->roads.speeds.size(); ++c) {
      const auto road_class = static_cast<roadnet::RoadClass>(c);
      // 0 closes the class to the mode; nothing on the road is faster than 200 km/h.
      classes.Read(std::string(roadnet::RoadClassName(road_class)), 0.0, 200.0,
                   &config->roads.speeds[c][static_cast<size_t>(mode)]);
    }
  }
}

void ReadWaivers(Section& network, Config* config) {
  Section modes(network.Child("waive"), network.file(), network.Path("waive"), network.faults());
  for (const std::string& mode_name : modes.Keys()) {
    roadnet::Mode mode;
    if (!roadnet::ParseMode(mode_name, &mode)) {
      modes.AddFault(mode_name, "no travel mode; known: car, motorcycle, e-bike, bicycle, foot");
      continue;
    }
    Section waived(modes.Child(mode_name), modes.file(), modes.Path(mode_name), modes.faults());
    roadnet::SearchGraph::Options& options = config->graphs[static_cast<size_t>(mode)];
    waived.Read("one_way", &options.ignore_one_way);
    waived.Read("turn_restrictions", &options.ignore_restrictions);
    waived.Read("no_turning_round", &options.u_turns);
    waived.Read("access", &config->roads.waive_access[static_cast<size_t>(mode)]);
    waived.Read("barriers", &config->roads.waive_barriers[static_cast<size_t>(mode)]);
  }
}

void ReadNetwork(Section& root, Config* config) {
  Section network(root.Child("network"), root.file(), "network", root.faults());
  network.Read("file", &config->network_file);
  config->network_file = Resolve(root.file(), config->network_file);
  if (config->network_file.empty()) {
    network.AddFault("file", "required: an OpenStreetMap file (.osm.pbf or .osm)");
  } else if (!fs::is_regular_file(config->network_file)) {
    network.AddFault("file", absl::StrCat("no such file: ", config->network_file));
  }
  roadnet::RoadOptions& roads = config->roads;
  network.Read("limit_share", 0.1, 2.0, &roads.limit_share);
  network.Read("crew_walks", &roads.crew_walks);
  network.Read("use_private", &roads.use_private);
  network.Read("patrol_service", &roads.patrol_service);
  network.Read("patrol_tracks", &roads.patrol_tracks);
  network.Read("patrol_private", &roads.patrol_private);
  network.Read("patrol_foot", &roads.patrol_foot);
  ReadSpeeds(network, config);
  ReadWaivers(network, config);
}

void ReadAnalysis(Section& root, Config* config) {
  {
    Section section(root.Child("coverage"), root.file(), "coverage", root.faults());
    coverage::LiveOptions& options = config->coverage;
    section.Read("reach", absl::Seconds(1), limits::kReachMax, &options.reach);
    section.Read("stale_after", absl::Seconds(1), absl::Hours(1), &options.stale_after);
    section.Read("lost_after", absl::Seconds(1), absl::Hours(24), &options.lost_after);
    if (options.lost_after < options.stale_after) {
      section.AddFault("lost_after", "is shorter than stale_after");
    }
  }
  {
    Section section(root.Child("ingest"), root.file(), "ingest", root.faults());
    ingest::FleetOptions& options = config->ingest;
    section.Read("analysis", &options.analysis);
    section.Read("decode_threads", 1, 64, &options.decode_threads);
    section.Read("full_decodes_max", 0, static_cast<int>(limits::kCamerasMax),
                 &options.full_decodes_max);
    section.Read("blind_after", absl::Seconds(1), absl::Hours(1), &options.blind_after);
    section.Read("budget_cores", 0.05, 64.0, &options.budget_cores);
    section.Read("quiet_picture_every", absl::Milliseconds(100), absl::Hours(1),
                 &options.quiet_picture_every);
    section.Read("analysed_per_second", 1, 60, &options.analysed_per_second);
    section.Read("decode_everything", &options.decode_everything);
    section.Read("decode_all_while_room", &options.decode_all_while_room);
    section.Read("pre_roll", absl::ZeroDuration(), absl::Minutes(1), &options.pre_roll);
    section.Read("connects_per_second", 1, limits::kConnectsPerSecondMax,
                 &options.connects_per_second);
    section.Read("connects_per_host", 1, limits::kConnectsPerHostHighest,
                 &options.connects_per_host);
    std::string hardware(media::HardwareChoiceName(options.hardware));
    section.Read("hardware", &hardware);
    if (!media::ParseHardwareChoice(hardware, &options.hardware)) {
      section.AddFault("hardware",
                       absl::StrCat("\"", hardware, "\" is none of auto, off, vaapi, cuda"));
    }
    section.Read("back_off_max", absl::Seconds(1), absl::Minutes(10), &options.back_off_max);
    Section clips(section.Child("clips"), root.file(), "ingest.clips", root.faults());
    clips.Read("max_bytes", int64_t{0}, int64_t{1} << 50, &config->clips.bytes_max);
    clips.Read("pre_roll", absl::ZeroDuration(), absl::Minutes(1), &config->clips.pre_roll);
    clips.Read("post_roll", absl::ZeroDuration(), absl::Minutes(1), &config->clips.post_roll);
    clips.Read("max_length", absl::Seconds(1), absl::Minutes(10), &config->clips.length_max);
  }
  {
    Section section(root.Child("motion"), root.file(), "motion", root.faults());
    motion::Analyser::Options& options = config->motion;
    section.Read("smallest_share", motion::kSmallestShareMin, 1.0, &options.smallest_share);
    section.Read("large_share", motion::kSmallestShareMin, 1.0, &options.large_share);
    section.Read("end_after", absl::Milliseconds(500), absl::Seconds(15), &options.end_after);
    section.Read("still_after", absl::Milliseconds(500), absl::Seconds(15), &options.still_after);
    section.Read("events_per_hour_max", 1, 36000, &options.events_per_hour_max);
    section.Read("town_events_per_hour_max", 1, 1'000'000, &config->town_events_per_hour_max);
    section.Read("min_object_size", 2, 1000, &options.detector.min_object_size);
    section.Read("absorb_after", absl::Seconds(5), absl::Hours(1), &options.detector.absorb_after);
  }
}

// How a camera is connected to.
void ReadConnection(Section& section, bool tls, store::Camera* camera) {
  const std::string who = absl::StrCat("camera \"", camera->id, "\": ");
  section.Read("transport", &camera->transport);
  if (rtsp::Transport transport; !rtsp::ParseTransport(camera->transport, &transport)) {
    section.AddFault("transport",
                     absl::StrCat(who, "\"", camera->transport, "\" is none of auto, tcp, udp"));
  }
  section.Read("tls_ca_file", &camera->tls_ca_file);
  if (!camera->tls_ca_file.empty()) {
    camera->tls_ca_file = fs::absolute(Resolve(section.file(), camera->tls_ca_file)).string();
    if (!fs::is_regular_file(camera->tls_ca_file)) {
      section.AddFault("tls_ca_file", absl::StrCat(who, "no such file: ", camera->tls_ca_file));
    }
  }
  section.Read("tls_verify", &camera->tls_verify);
  for (const char* field : {"tls_ca_file", "tls_verify"}) {
    const bool given =
        field == std::string_view("tls_verify") ? camera->tls_verify : !camera->tls_ca_file.empty();
    if (given && !tls) {
      section.AddFault(field, absl::StrCat(who, "is for sources that begin with rtsps://"));
    }
  }
  section.Read("connects_per_host", 0, limits::kConnectsPerHostHighest, &camera->connects_per_host);
}

// [[x, y], [x, y], ...], each a share of width or height.
std::optional<std::vector<store::PicturePlace>> ReadCorners(const YAML::Node& node) {
  if (!node.IsSequence()) return std::nullopt;
  std::vector<store::PicturePlace> corners;
  for (const YAML::Node& corner : node) {
    store::PicturePlace place;
    if (!corner.IsSequence() || corner.size() != 2 ||
        !YAML::convert<double>::decode(corner[0], place.x) ||
        !YAML::convert<double>::decode(corner[1], place.y)) {
      return std::nullopt;
    }
    corners.push_back(place);
  }
  return corners;
}

// What must not be seen of a camera's picture. What is wrong with it is a fault: the service does
// not start without it.
void ReadPrivacy(Section& section, store::Camera* camera, std::set<std::string>* without) {
  const std::string who = absl::StrCat("camera \"", camera->id, "\": ");
  const bool given = section.Has("privacy_masks");
  store::PrivacyMask mask;
  const std::vector<YAML::Node> polygons = section.Elements("privacy_masks");
  for (size_t i = 0; i < polygons.size(); ++i) {
    std::optional<std::vector<store::PicturePlace>> corners = ReadCorners(polygons[i]);
    if (!corners.has_value()) {
      section.AddFault("privacy_masks",
                       absl::StrCat(who, "polygon ", i, " is no list of corners [x, y], 0..1"));
      return;
    }
    mask.polygons.push_back(*std::move(corners));
  }
  section.Read("privacy_mask_width", 0, limits::kPictureWidthMax, &mask.width);
  section.Read("privacy_mask_height", 0, limits::kPictureHeightMax, &mask.height);
  section.Read("privacy_mask_rotation_deg", 0, 270, &mask.rotation_deg);
  if (!given) return;
  if (mask.polygons.empty()) {
    without->insert(camera->id);
    return;
  }
  media::PrivacyMask checked{
      .width = mask.width, .height = mask.height, .rotation_deg = mask.rotation_deg};
  for (const std::vector<store::PicturePlace>& corners : mask.polygons) {
    checked.polygons.emplace_back();
    for (const store::PicturePlace& place : corners) {
      checked.polygons.back().push_back({place.x, place.y});
    }
  }
  if (const absl::Status status = media::CheckPrivacyMask(checked); !status.ok()) {
    section.AddFault("privacy_masks", absl::StrCat(who, std::string(status.message())));
  }
  camera->privacy_mask = std::move(mask);
}

// A part of the file as JSON, for what is also read from JSON files. Plain numbers are numbers, all
// other scalars are text.
std::string JsonOf(const YAML::Node& node) {
  const auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "\"";
  };
  std::string json;
  if (node.IsSequence()) {
    for (const YAML::Node& item : node) {
      absl::StrAppend(&json, json.empty() ? "" : ",", JsonOf(item));
    }
    return "[" + json + "]";
  }
  if (node.IsMap()) {
    for (const auto& item : node) {
      absl::StrAppend(&json, json.empty() ? "" : ",", quoted(item.first.Scalar()), ":",
                      JsonOf(item.second));
    }
    return "{" + json + "}";
  }
  if (!node.IsScalar()) return "null";
  double number = 0;
  const bool plain = node.Tag() == "?";
  if (plain && absl::SimpleAtod(node.Scalar(), &number) && std::isfinite(number)) {
    return absl::StrFormat("%.17g", number);
  }
  return quoted(node.Scalar());
}

// What of a camera's picture is watched: in the file's own words, or in a JSON file.
void ReadZones(Section& section, store::Camera* camera) {
  std::string json, file;
  section.Read("zones_file", &file);
  const YAML::Node inline_zones = section.Child("zones");
  const bool both = !file.empty() && inline_zones.IsDefined();
  if (both) section.AddFault("zones_file", "give zones or zones_file, not both");
  const char* field = file.empty() ? "zones" : "zones_file";
  if (!file.empty()) {
    file = Resolve(section.file(), file);
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return section.AddFault("zones_file", absl::StrCat("cannot be read: ", file));
    std::stringstream text;
    text << stream.rdbuf();
    json = text.str();
  } else if (inline_zones.IsDefined()) {
    json = JsonOf(inline_zones);
  }
  const auto zones = motion::ParseZones(absl::StrCat("camera \"", camera->id, "\""), json);
  if (!zones.ok()) return section.AddFault(field, std::string(zones.status().message()));
  camera->zones_json = motion::ZonesToJson(*zones);
}

// Ids must be well formed and given once.
void CheckId(Section& section, const std::string& id, std::set<std::string>* seen) {
  if (!IsId(id)) {
    section.AddFault("id", "required: 1 to 64 letters, digits, dots, dashes or underscores");
  } else if (!seen->insert(id).second) {
    section.AddFault("id", absl::StrCat("\"", id, "\" is declared twice"));
  }
}

void ReadUnits(Section& root, Config* config) {
  const std::vector<YAML::Node> nodes = root.Elements("units");
  if (nodes.size() > limits::kUnitsMax) {
    root.AddFault("units", absl::StrCat(nodes.size(), " units, at most ", limits::kUnitsMax));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < nodes.size(); ++i) {
    Section section(nodes[i], root.file(), absl::StrCat("units[", i, "]"), root.faults());
    store::Unit unit;
    section.Read("id", &unit.id);
    unit.display_name = unit.id;
    section.Read("name", &unit.display_name);
    section.Read("mode", &unit.mode);
    section.Read("force", &unit.force);
    section.Read("off_duty", &unit.off_duty);
    CheckId(section, unit.id, &seen);
    if (roadnet::Mode mode; !roadnet::ParseMode(unit.mode, &mode)) {
      section.AddFault(
          "mode",
          absl::StrCat("\"", unit.mode, "\" is none of car, motorcycle, e-bike, bicycle, foot"));
    }
    config->units.push_back(std::move(unit));
  }
}

void ReadCameras(Section& root, Config* config) {
  const std::vector<YAML::Node> nodes = root.Elements("cameras");
  if (nodes.size() > limits::kCamerasMax) {
    root.AddFault("cameras", absl::StrCat(nodes.size(), " cameras, at most ", limits::kCamerasMax));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < nodes.size(); ++i) {
    Section section(nodes[i], root.file(), absl::StrCat("cameras[", i, "]"), root.faults());
    store::Camera camera;
    section.Read("id", &camera.id);
    camera.display_name = camera.id;
    section.Read("name", &camera.display_name);
    geo::LonLat place;
    if (section.Has("position")) {
      section.ReadPlace("position", &place.lon, &place.lat);
      camera.position = place;
    }
    section.Read("heading_deg", 0.0, 360.0, &camera.heading_deg);
    section.Read("field_of_view_deg", 0.0, 360.0, &camera.field_of_view_deg);
    section.Read("source", &camera.source_uri);
    section.Read("username", &camera.username);
    section.Read("password", &camera.password);
    section.Read("disabled", &camera.disabled);
    ReadZones(section, &camera);
    CheckId(section, camera.id, &seen);
    const auto url = rtsp::Url::Parse(camera.source_uri);
    ReadConnection(section, url.ok() && url->tls(), &camera);
    ReadPrivacy(section, &camera, &config->cameras_without_mask);
    if (!url.ok()) {
      section.AddFault("source", std::string(url.status().message()));
    } else if (!url->user().empty() || !url->password().empty()) {
      section.AddFault("source",
                       "give the user and password as username and password, not in the "
                       "address");
    }
    config->cameras.push_back(std::move(camera));
  }
}

void ReadAreas(Section& root, Config* config) {
  std::string file;
  root.Read("areas_file", &file);
  if (file.empty()) return;
  file = Resolve(root.file(), file);
  absl::StatusOr<std::vector<geo::Area>> areas = coverage::ReadAreasFile(file);
  if (areas.ok()) {
    config->areas = *std::move(areas);
    return;
  }
  if (absl::IsNotFound(areas.status())) {
    root.AddFault("areas_file", absl::StrCat("cannot be read: ", file));
    return;
  }
  const absl::string_view message =
      absl::StripPrefix(areas.status().message(), absl::StrCat(file, ": "));
  for (absl::string_view line : absl::StrSplit(message, '\n', absl::SkipEmpty())) {
    root.faults()->push_back({file, 0, "", std::string(absl::StripAsciiWhitespace(line))});
  }
}

void ReadRoot(const YAML::Node& node, const std::string& path, Reading* reading) {
  Config& config = reading->config;
  Section root(node, path, "", &reading->faults);
  ReadListen(root, &config);
  root.Read("data_dir", &config.data_dir);
  config.data_dir = Resolve(path, config.data_dir);
  root.Read("log_level", &config.log_level);
  if (std::find(kLogLevels.begin(), kLogLevels.end(), config.log_level) == kLogLevels.end()) {
    root.AddFault("log_level", absl::StrCat("\"", config.log_level,
                                            "\" is none of debug, info, warning, error"));
  }
  root.Read("wall_dir", &config.web.wall_dir);
  config.web.wall_dir = Resolve(path, config.web.wall_dir);
  ReadNetwork(root, &config);
  ReadAnalysis(root, &config);
  ReadAreas(root, &config);
  ReadUnits(root, &config);
  ReadCameras(root, &config);
}

}  // namespace

Reading ReadConfig(const std::string& path) {
  Reading reading;
  try {
    const YAML::Node node = YAML::LoadFile(path);
    if (!node.IsMap()) {
      reading.faults.push_back({path, 0, "", "is empty or no YAML mapping"});
      return reading;
    }
    ReadRoot(node, path, &reading);
  } catch (const YAML::BadFile&) {
    reading.faults.push_back({path, 0, "", "cannot be read"});
  } catch (const YAML::Exception& error) {
    reading.faults.push_back({path, error.mark.line + 1, "", error.msg});
  }
  std::stable_sort(reading.faults.begin(), reading.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.line < b.line; });
  return reading;
}

}  // namespace patrol::config
