// The sample town as files, the same bytes for the same town.

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>

#include <osmium/builder/attr.hpp>
#include <osmium/io/pbf_output.hpp>
#include <osmium/io/writer.hpp>
#include <osmium/memory/buffer.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolsim/town.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"

namespace patrol::sim {

namespace {

absl::Status WriteText(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  bool good = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  good = file != nullptr && std::fclose(file) == 0 && good;
  if (good) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("file \"", path, "\": cannot be written"));
}

// Buffers go to the writer when they have grown to this size.
constexpr size_t kBufferBytes = 512 * 1024;

void AddRoads(const TownRoads& roads, osmium::io::Writer& writer) {
  using namespace osmium::builder::attr;  // NOLINT: libosmium's attributes are meant to be used so
  osmium::memory::Buffer buffer(2 * kBufferBytes, osmium::memory::Buffer::auto_grow::yes);
  const auto hand_over = [&](size_t at_least) {
    if (buffer.committed() < at_least) return;
    writer(std::move(buffer));
    buffer = osmium::memory::Buffer(2 * kBufferBytes, osmium::memory::Buffer::auto_grow::yes);
  };
  for (const auto& [id, place] : roads.nodes) {
    osmium::builder::add_node(buffer, _id(id), _location(osmium::Location(place.lon, place.lat)));
    hand_over(kBufferBytes);
  }
  for (const TownWay& way : roads.ways) {
    osmium::builder::add_way(buffer, _id(way.id), _nodes(way.nodes), _tags(way.tags));
    hand_over(kBufferBytes);
  }
  for (const TownRestriction& restriction : roads.restrictions) {
    osmium::builder::add_relation(
        buffer, _id(restriction.id), _member(osmium::item_type::way, restriction.from_way, "from"),
        _member(osmium::item_type::node, restriction.via_node, "via"),
        _member(osmium::item_type::way, restriction.to_way, "to"), _tag("type", "restriction"),
        _tag("restriction", restriction.kind));
    hand_over(kBufferBytes);
  }
  hand_over(1);
}

absl::Status WriteRoads(const TownRoads& roads, const std::string& path) {
  try {
    // No versions, users or times: nothing that differs from run to run.
    const osmium::io::File file(path, "osm.pbf,add_metadata=false");
    osmium::io::Header header;
    header.set("generator", "patrolsim");
    header.set("sorting", "Type_then_ID");
    osmium::io::Writer writer(file, header, osmium::io::overwrite::allow);
    AddRoads(roads, writer);
    writer.close();
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("file \"", path, "\": cannot be written: ", error.what()));
  }
  return absl::OkStatus();
}

std::string CamerasCsv(const std::vector<CameraSite>& cameras) {
  std::string text = "camera_id,name,lon,lat,heading_deg,field_of_view_deg\n";
  for (const CameraSite& site : cameras) {
    absl::StrAppendFormat(&text, "%s,%s,%.7f,%.7f,%d,%d\n", site.id, site.name, site.place.lon,
                          site.place.lat, site.heading_deg, site.field_of_view_deg);
  }
  return text;
}

std::string UnitsCsv(const std::vector<PatrolUnit>& units) {
  std::string text = "unit_id,name,mode,force\n";
  for (const PatrolUnit& unit : units) {
    absl::StrAppend(&text, unit.id, ",", unit.name, ",", std::string(ModeName(unit.mode)), ",",
                    unit.force, "\n");
  }
  return text;
}

std::string FixesCsv(const Patrols& patrols) {
  std::string text = "unit_id,time,lon,lat,speed_mps,heading_deg,accuracy_m\n";
  for (const PatrolFix& fix : patrols.fixes) {
    absl::StrAppendFormat(&text, "%s,%s,%.7f,%.7f,%.1f,%d,%.1f\n", patrols.units[fix.unit].id,
                          FormatUtc(fix.time), fix.place.lon, fix.place.lat, fix.speed_mps,
                          std::lround(fix.heading_deg) % 360, fix.accuracy_m);
  }
  return text;
}

}  // namespace

absl::Status WriteTown(const Town& town, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("folder \"", folder, "\": cannot be made: ", error.message()));
  }
  PATROL_RETURN_IF_ERROR(WriteRoads(town.roads, folder + "/network.osm.pbf"));
  PATROL_RETURN_IF_ERROR(
      WriteText(folder + "/areas.geojson", geo::AreasToGeoJson(town.plan.areas) + "\n"));
  PATROL_RETURN_IF_ERROR(WriteText(folder + "/cameras.csv", CamerasCsv(town.cameras)));
  PATROL_RETURN_IF_ERROR(WriteText(folder + "/units.csv", UnitsCsv(town.patrols.units)));
  return WriteText(folder + "/fixes.csv", FixesCsv(town.patrols));
}

}  // namespace patrol::sim
