#include "lib/patrol/roadnet/vector_reader.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/gdal_layer.h"
#include "lib/patrol/roadnet/gdal_library.h"
#include "lib/patrol/roadnet/vertex_index.h"
#include "lib/patrol/roadnet/way_rules.h"

namespace patrol::roadnet {
namespace {

// One feature before nodes are numbered.
struct Line {
  int64_t id = 0;
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<std::vector<geo::LonLat>> parts;
};

// GDAL's `other_tags`: "key"=>"value","key"=>"value", with backslashes before quotes.
void AddOtherTags(std::string_view text, std::vector<std::pair<std::string, std::string>>* tags) {
  size_t at = 0;
  const auto quoted = [&]() -> std::optional<std::string> {
    at = text.find('"', at);
    if (at == std::string_view::npos) return std::nullopt;
    std::string word;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      word.push_back(text[at]);
    }
    ++at;
    return word;
  };
  while (at < text.size()) {
    const std::optional<std::string> key = quoted();
    if (!key) return;
    const std::optional<std::string> value = quoted();
    if (!value) return;
    tags->emplace_back(*key, *value);
  }
}

// Which columns are what.
struct Fields {
  int road_class = -1;
  int one_way = -1;
  int speed = -1;
  int name = -1;
  int other_tags = -1;
  std::vector<std::pair<int, std::string>> tags;  // further columns, by their OSM key
};

bool IsOsmKey(std::string_view name) {
  for (const std::string_view key : {"access",      "vehicle",          "motor_vehicle",
                                     "motorcar",    "motorcycle",       "bicycle",
                                     "foot",        "junction",         "surface",
                                     "tracktype",   "smoothness",       "barrier",
                                     "service",     "cycleway",         "oneway:bicycle",
                                     "oneway:foot", "maxspeed:forward", "maxspeed:backward",
                                     "toll",        "bridge",           "tunnel",
                                     "layer"}) {
    if (name == key) return true;
  }
  return false;
}

absl::StatusOr<Fields> FindFields(OGRFeatureDefnH definition, const VectorColumns& columns) {
  Fields fields;
  const int count = Gdal().OGR_FD_GetFieldCount(definition);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.emplace_back(Gdal().OGR_Fld_GetNameRef(Gdal().OGR_FD_GetFieldDefn(definition, i)));
  }
  const auto index_of = [&](std::string_view wanted) {
    for (int i = 0; i < count; ++i) {
      if (absl::EqualsIgnoreCase(names[static_cast<size_t>(i)],
                                 absl::string_view(wanted.data(), wanted.size()))) {
        return i;
      }
    }
    return -1;
  };
  const auto find = [&](const std::string& asked, std::initializer_list<std::string_view> usual,
                        int* field) -> absl::Status {
    if (!asked.empty()) {
      *field = index_of(asked);
      if (*field >= 0) return absl::OkStatus();
      std::string all;
      for (const std::string& name : names) absl::StrAppend(&all, all.empty() ? "" : ", ", name);
      return absl::InvalidArgumentError(
          absl::StrCat("has no column \"", asked, "\"; it has ", all.empty() ? "none" : all));
    }
    for (const std::string_view name : usual) {
      if ((*field = index_of(name)) >= 0) break;
    }
    return absl::OkStatus();
  };
  PATROL_RETURN_IF_ERROR(
      find(columns.road_class, {"highway", "fclass", "class"}, &fields.road_class));
  PATROL_RETURN_IF_ERROR(find(columns.one_way, {"oneway"}, &fields.one_way));
  PATROL_RETURN_IF_ERROR(find(columns.speed, {"maxspeed"}, &fields.speed));
  PATROL_RETURN_IF_ERROR(find(columns.name, {"name"}, &fields.name));
  fields.other_tags = index_of("other_tags");
  for (int i = 0; i < count; ++i) {
    const std::string& name = names[static_cast<size_t>(i)];
    if (IsOsmKey(name)) fields.tags.emplace_back(i, name);
  }
  return fields;
}

std::string Text(OGRFeatureH feature, int field) {
  if (field < 0 || Gdal().OGR_F_IsFieldSetAndNotNull(feature, field) == 0) return "";
  return std::string(absl::StripAsciiWhitespace(Gdal().OGR_F_GetFieldAsString(feature, field)));
}

// Whether OSM knows the word for a direction, in lower case.
bool IsOneWayValue(std::string_view text) {
  for (const std::string_view known :
       {"yes", "no", "-1", "true", "false", "1", "0", "reverse", "reversible", "alternating"}) {
    if (text == known) return true;
  }
  return false;
}

// Whether a posted limit says something, be it that there is none or that it changes.
bool IsSpeedValue(std::string_view text) {
  for (const std::string_view known : {"none", "signals", "variable", "unposted"}) {
    if (text == known) return true;
  }
  return ParseSpeedLimit(text) > 0 || text.find(':') != std::string_view::npos;  // "CN:urban"
}

// OSM's word for what files say of directions.
std::string OneWayValue(const std::string& text) {
  const std::string upper = absl::AsciiStrToUpper(text);
  if (upper == "F" || upper == "FT" || upper == "Y" || upper == "T/F") return "yes";
  if (upper == "T" || upper == "TF" || upper == "R") return "-1";
  if (upper == "B" || upper == "N") return "no";
  return absl::AsciiStrToLower(text);
}

// Appends the lines of a geometry, of whatever nesting; false when a place is not on the earth.
bool AddParts(OGRGeometryH geometry, OGRCoordinateTransformationH transform,
              std::vector<std::vector<geo::LonLat>>* parts) {
  const int children = Gdal().OGR_G_GetGeometryCount(geometry);
  for (int i = 0; i < children; ++i) {
    if (!AddParts(Gdal().OGR_G_GetGeometryRef(geometry, i), transform, parts)) return false;
  }
  if (Gdal().OGR_GT_Flatten(Gdal().OGR_G_GetGeometryType(geometry)) != wkbLineString) return true;
  const int count = Gdal().OGR_G_GetPointCount(geometry);
  std::vector<geo::LonLat>& part = parts->emplace_back();
  for (int i = 0; i < count; ++i) {
    double x = Gdal().OGR_G_GetX(geometry, i);
    double y = Gdal().OGR_G_GetY(geometry, i);
    if (transform != nullptr && Gdal().OCTTransform(transform, 1, &x, &y, nullptr) == 0)
      return false;
    if (!(std::abs(x) <= 180 && std::abs(y) <= 90)) return false;
    part.push_back({x, y});
  }
  return true;
}

// What a value stands for, where the columns say so.
std::string Mapped(const std::map<std::string, std::string>& values, const std::string& text) {
  const auto found = values.find(absl::AsciiStrToLower(text));
  return found == values.end() ? text : found->second;
}

std::vector<std::pair<std::string, std::string>> TagsOf(OGRFeatureH feature, const Fields& fields,
                                                        const VectorColumns& columns,
                                                        NetworkReport* report) {
  std::vector<std::pair<std::string, std::string>> tags;
  if (fields.other_tags >= 0) AddOtherTags(Text(feature, fields.other_tags), &tags);
  for (const auto& [field, key] : fields.tags) {
    if (std::string text = Text(feature, field); !text.empty()) tags.emplace_back(key, text);
  }
  const std::string road_class =
      fields.road_class < 0
          ? "unclassified"
          : absl::AsciiStrToLower(Mapped(columns.class_values, Text(feature, fields.road_class)));
  if (!road_class.empty()) {
    tags.emplace_back("highway", road_class);
    if (ParseRoadClass(road_class) == RoadClass::kOther && road_class != "other") {
      report->classes_unknown.Add(road_class);
    }
  }
  if (const std::string text = Text(feature, fields.one_way); !text.empty()) {
    const std::string value = OneWayValue(Mapped(columns.one_way_values, text));
    if (!IsOneWayValue(value)) report->one_ways_unknown.Add(text);
    tags.emplace_back("oneway", value);
  }
  if (const std::string text = Text(feature, fields.speed); !text.empty() && text != "0") {
    if (!IsSpeedValue(text)) report->speeds_unknown.Add(text);
    tags.emplace_back("maxspeed", text);
  }
  if (const std::string text = Text(feature, fields.name); !text.empty()) {
    tags.emplace_back("name", text);
  }
  return tags;
}

absl::StatusOr<std::vector<Line>> ReadLines(const std::string& path, const VectorColumns& columns,
                                            NetworkReport* report) {
  PATROL_ASSIGN_OR_RETURN(const auto dataset, OpenVectorFile(path));
  PATROL_ASSIGN_OR_RETURN(OGRLayerH layer, FindLayer(dataset.get(), columns.layer,
                                                     {wkbLineString, wkbMultiLineString}, "lines"));
  PATROL_ASSIGN_OR_RETURN(const Fields fields,
                          FindFields(Gdal().OGR_L_GetLayerDefn(layer), columns));
  PATROL_ASSIGN_OR_RETURN(const auto transform, ToWgs84(layer));
  std::vector<Line> lines;
  Gdal().OGR_L_ResetReading(layer);
  for (;;) {
    const std::unique_ptr<void, DestroyFeature> owner(Gdal().OGR_L_GetNextFeature(layer));
    if (owner == nullptr) break;
    const auto feature = static_cast<OGRFeatureH>(owner.get());
    Line line;
    line.id = Gdal().OGR_F_GetFID(feature);
    OGRGeometryH geometry = Gdal().OGR_F_GetGeometryRef(feature);
    std::unique_ptr<void, DestroyGeometry> straight;
    if (geometry != nullptr) {
      // Arcs become chords of four degrees, as GDAL has it.
      straight.reset(Gdal().OGR_G_GetLinearGeometry(geometry, 0, nullptr));
      if (!AddParts(static_cast<OGRGeometryH>(straight.get()),
                    static_cast<OGRCoordinateTransformationH>(transform.get()), &line.parts)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "feature ", line.id, ": a place is not on the earth",
            transform == nullptr ? "; the file must be in WGS-84 or name its system" : "",
            LastGdalError()));
      }
    }
    std::erase_if(line.parts, [](const auto& part) { return part.size() < 2; });
    if (line.parts.empty()) {
      ++report->features_without_line;
      continue;
    }
    line.tags = TagsOf(feature, fields, columns, report);
    const bool has_class = std::any_of(line.tags.begin(), line.tags.end(),
                                       [](const auto& tag) { return tag.first == "highway"; });
    // A river among the roads of an OSM file: no road.
    if (has_class) lines.push_back(std::move(line));
  }
  if (Gdal().CPLGetLastErrorType() == CE_Failure || Gdal().CPLGetLastErrorType() == CE_Fatal) {
    return absl::InvalidArgumentError(absl::StrCat("is damaged", LastGdalError()));
  }
  return lines;
}

}  // namespace

absl::StatusOr<VectorColumns> ParseVectorColumns(const std::string& text) {
  VectorColumns columns;
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const std::pair<std::string, std::string> named = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    const std::string key = std::string(absl::StripAsciiWhitespace(named.first));
    const std::string value = std::string(absl::StripAsciiWhitespace(named.second));
    if (key == "class") {
      columns.road_class = value;
    } else if (key == "oneway") {
      columns.one_way = value;
    } else if (key == "speed") {
      columns.speed = value;
    } else if (key == "name") {
      columns.name = value;
    } else if (key == "layer") {
      columns.layer = value;
    } else if (key == "snap") {
      if (!absl::SimpleAtod(value, &columns.snap_m) ||
          !(columns.snap_m >= 0 && columns.snap_m <= 50)) {
        return absl::InvalidArgumentError(
            absl::StrCat("snap \"", value, "\": is not 0..50 metres"));
      }
    } else if (key.starts_with("class:")) {
      if (ParseRoadClass(value) == RoadClass::kOther && value != "other") {
        return absl::InvalidArgumentError(absl::StrCat(
            "\"", pair, "\": \"", value, "\" is no class of OSM's (primary, residential, ...)"));
      }
      columns.class_values[absl::AsciiStrToLower(key.substr(6))] = value;
    } else if (key.starts_with("oneway:")) {
      if (!IsOneWayValue(value)) {
        return absl::InvalidArgumentError(
            absl::StrCat("\"", pair, "\": \"", value, "\" is not yes, no or -1"));
      }
      columns.one_way_values[absl::AsciiStrToLower(key.substr(7))] = value;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", key, "\" is none of class, oneway, speed, name, layer, snap"));
    }
  }
  return columns;
}

absl::StatusOr<Network> ReadVector(const std::string& path, const VectorColumns& columns,
                                   const RoadOptions& options, NetworkReport* report) {
  const std::string entity = absl::StrCat("network file \"", path, "\"");
  std::error_code no_error;
  if (!std::filesystem::exists(path, no_error)) {
    return absl::NotFoundError(absl::StrCat(entity, ": no such file"));
  }
  if (absl::Status opened = OpenGdal(); !opened.ok()) return Annotate(opened, entity);
  const QuietGdalErrors quiet;
  NetworkReport read;
  absl::StatusOr<std::vector<Line>> lines = ReadLines(path, columns, &read);
  if (!lines.ok()) return Annotate(lines.status(), entity);

  VertexIndex vertices;
  for (const Line& line : *lines) {
    bool crosses = false;
    for (const auto& part : line.parts) {
      vertices.AddLine(part);
      crosses |= CrossesItself(part);
    }
    if (crosses) read.ways_self_crossing.push_back(line.id);
  }
  read.ends_joined = vertices.Join(columns.snap_m);
  NetworkBuilder builder;
  for (size_t i = 0; i < vertices.nodes().size(); ++i) {
    builder.AddNode(static_cast<int64_t>(i) + 1, vertices.nodes()[i]);
  }
  size_t part_index = 0;
  for (const Line& line : *lines) {
    NetworkBuilder::Way way;
    way.id = line.id;
    for (size_t part = 0; part < line.parts.size(); ++part) {
      if (part > 0) way.gaps.push_back(way.nodes.size() - 1);
      const std::vector<int64_t> ids = vertices.line(part_index++);
      way.nodes.insert(way.nodes.end(), ids.begin(), ids.end());
    }
    Tags tags;
    for (const auto& [key, value] : line.tags) tags.emplace_back(key, value);
    way.rules = ReadWayRules(tags, options);
    builder.AddWay(way);
  }
  NetworkReport built;
  absl::StatusOr<Network> network = std::move(builder).Build(&built);
  built.features_without_line = read.features_without_line;
  built.ends_joined = read.ends_joined;
  built.ways_self_crossing = std::move(read.ways_self_crossing);
  built.classes_unknown = std::move(read.classes_unknown);
  built.one_ways_unknown = std::move(read.one_ways_unknown);
  built.speeds_unknown = std::move(read.speeds_unknown);
  if (report != nullptr) *report = built;
  if (!network.ok()) return Annotate(network.status(), entity);
  if (network->piece_count() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(entity, ": has no usable road (", built.ways_read, " lines with a class, ",
                     built.features_without_line, " without a line)"));
  }
  return network;
}

}  // namespace patrol::roadnet
