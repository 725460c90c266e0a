#include "lib/patrol/roadnet/osm_reader.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <osmium/io/bzip2_compression.hpp>
#include <osmium/io/gzip_compression.hpp>
#include <osmium/io/pbf_input.hpp>
#include <osmium/io/reader.hpp>
#include <osmium/io/xml_input.hpp>
#include <osmium/osm/entity_bits.hpp>
#include <osmium/osm/node.hpp>
#include <osmium/osm/relation.hpp>
#include <osmium/osm/way.hpp>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"

namespace patrol::roadnet {

namespace {

Tags TagsOf(const osmium::OSMObject& object) {
  Tags tags;
  for (const osmium::Tag& tag : object.tags()) tags.emplace_back(tag.key(), tag.value());
  return tags;
}

// Reads the whole file once, `visit` for each object of the kinds asked for.
template <typename Visitor>
void ReadObjects(const std::string& path, osmium::osm_entity_bits::type kinds,
                 const Visitor& visit) {
  osmium::io::Reader reader(osmium::io::File(path), kinds);
  while (osmium::memory::Buffer buffer = reader.read()) {
    for (const osmium::OSMObject& object : buffer.select<osmium::OSMObject>()) visit(object);
  }
  reader.close();
}

void AddRestriction(const osmium::Relation& relation, NetworkBuilder& builder) {
  const Tags tags = TagsOf(relation);
  NetworkBuilder::Restriction restriction;
  restriction.relation_id = relation.id();
  restriction.rules = ReadRestrictionRules(tags);
  for (const osmium::RelationMember& member : relation.members()) {
    const std::string_view role = member.role();
    if (member.type() == osmium::item_type::node && role == "via") {
      restriction.via_node = member.ref();
    } else if (member.type() == osmium::item_type::way) {
      if (role == "from") restriction.from_ways.push_back(member.ref());
      if (role == "via") restriction.via_ways.push_back(member.ref());
      if (role == "to") restriction.to_ways.push_back(member.ref());
    }
  }
  builder.AddRestriction(std::move(restriction));
}

// Two passes, so that only the nodes of roads are kept: an extract of a province has fifty nodes of
// houses and fields for each of a road.
void FillBuilder(const std::string& path, const RoadOptions& options, NetworkBuilder& builder) {
  std::vector<int64_t> wanted;
  ReadObjects(path, osmium::osm_entity_bits::way | osmium::osm_entity_bits::relation,
              [&](const osmium::OSMObject& object) {
                if (!object.visible()) return;
                if (object.type() == osmium::item_type::relation) {
                  const char* type = object.tags()["type"];
                  if (type != nullptr && std::string_view(type) == "restriction") {
                    AddRestriction(static_cast<const osmium::Relation&>(object), builder);
                  }
                  return;
                }
                if (object.tags()["highway"] == nullptr) return;
                const osmium::Way& road = static_cast<const osmium::Way&>(object);
                NetworkBuilder::Way way;
                way.id = road.id();
                for (const osmium::NodeRef& node : road.nodes()) way.nodes.push_back(node.ref());
                const Tags tags = TagsOf(road);
                way.rules = ReadWayRules(tags, options);
                if (way.rules.usable()) {
                  wanted.insert(wanted.end(), way.nodes.begin(), way.nodes.end());
                }
                builder.AddWay(way);
              });
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  ReadObjects(path, osmium::osm_entity_bits::node, [&](const osmium::OSMObject& object) {
    const osmium::Node& node = static_cast<const osmium::Node&>(object);
    if (!node.visible() || !node.location().valid()) return;
    if (std::binary_search(wanted.begin(), wanted.end(), node.id())) {
      builder.AddNode(node.id(), {node.location().lon(), node.location().lat()});
      if (node.tags()["barrier"] != nullptr) {
        builder.AddBarrier(node.id(), ReadBarrier(TagsOf(node), options));
      }
    }
  });
}

}  // namespace

absl::StatusOr<Network> ReadOsm(const std::string& path, const RoadOptions& options,
                                NetworkReport* report) {
  const std::string entity = absl::StrCat("network file \"", path, "\"");
  std::error_code no_error;
  if (!std::filesystem::exists(path, no_error)) {
    return absl::NotFoundError(absl::StrCat(entity, ": no such file"));
  }
  NetworkBuilder builder;
  // libosmium's vocabulary ends here: system_error for what the system refuses; its own io_error,
  // pbf_error, xml_error and protozero's exceptions for what it cannot make sense of.
  try {
    FillBuilder(path, options, builder);
  } catch (const std::system_error& error) {
    return absl::NotFoundError(absl::StrCat(entity, ": cannot be read: ", error.what()));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(entity, ": is truncated, damaged or of another format: ", error.what()));
  }
  NetworkReport local;
  NetworkReport& counts = report != nullptr ? *report : local;
  absl::StatusOr<Network> network = std::move(builder).Build(&counts);
  if (!network.ok()) return Annotate(network.status(), entity);
  if (network->piece_count() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        entity, ": has no usable road (", counts.ways_read, " ways with a highway tag, ",
        counts.segments_missing_node, " segments without their nodes)"));
  }
  return network;
}

}  // namespace patrol::roadnet
