// patrolctl areas: import, list, get, update, delete; against a running service.

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/printer.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/geo/area.h"
#include "lib/patrol/coverage/area_file.h"
#include "patrol/v1/area_service.grpc.pb.h"

namespace patrol::ctl {

namespace {

using Stub = v1::AreaService::Stub;

struct AreaFlags {
  std::string file;
  std::string id;
  std::string display_name;
  std::string kind;
  std::string parent;
};

absl::StatusOr<std::unique_ptr<Stub>> ConnectAreas(const Context& context) {
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  return v1::AreaService::NewStub(channel);
}

Printer AreaPrinter(Format format) {
  return Printer(format, Printer::Kind::kList,
                 {{"area_id"}, {"name"}, {"kind"}, {"parent"}, {"patrollable_m", 0, true}});
}

void Print(Printer& printer, const v1::Area& area) {
  printer.Add(area, {IdOf(area.name()), area.display_name(), area.kind(), IdOf(area.parent()),
                     absl::StrFormat("%.1f", area.patrollable_m())});
}

absl::Status ImportText(const Context& context, Stub& stub, const std::string& geojson,
                        int* imported) {
  v1::ImportAreasRequest request;
  request.set_geojson(geojson);
  v1::ImportAreasResponse response;
  PATROL_RETURN_IF_ERROR(Call(context, stub, &Stub::ImportAreas, request, &response));
  *imported = response.imported();
  return absl::OkStatus();
}

absl::Status Import(const Context& context, const AreaFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(std::string text, ReadText(flags.file));
  if (!coverage::LooksLikeGeoJson(text)) {
    PATROL_ASSIGN_OR_RETURN(const std::vector<geo::Area> areas,
                            coverage::ReadAreasFile(flags.file));
    text = geo::AreasToGeoJson(areas);
  }
  if (text.size() > static_cast<size_t>(limits::kGrpcMessageBytesMax)) {
    return absl::InvalidArgumentError(absl::StrCat(
        flags.file, ": ", text.size(), " bytes, at most ", limits::kGrpcMessageBytesMax));
  }
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectAreas(context));
  int imported = 0;
  PATROL_RETURN_IF_ERROR(Annotate(ImportText(context, *stub, text, &imported), flags.file));
  std::fprintf(stderr, "%s: imported %d areas\n", flags.file.c_str(), imported);
  return absl::OkStatus();
}

absl::Status List(const Context& context) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectAreas(context));
  v1::ListAreasRequest request;
  request.set_page_size(limits::kPageSizeMax);
  request.set_without_geometry(context.format != Format::kJson);
  Printer printer = AreaPrinter(context.format);
  PATROL_RETURN_IF_ERROR((CallPages<Stub, v1::ListAreasRequest, v1::ListAreasResponse>(
      context, *stub, &Stub::ListAreas, request, [&](const v1::ListAreasResponse& page) {
        for (const v1::Area& area : page.areas()) Print(printer, area);
        return true;
      })));
  printer.Finish();
  return absl::OkStatus();
}

absl::StatusOr<v1::Area> Fetch(const Context& context, Stub& stub, const std::string& id) {
  v1::GetAreaRequest request;
  request.set_name(NameOf("areas", id));
  v1::Area area;
  PATROL_RETURN_IF_ERROR(Call(context, stub, &Stub::GetArea, request, &area));
  return area;
}

absl::Status Get(const Context& context, const AreaFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectAreas(context));
  PATROL_ASSIGN_OR_RETURN(const v1::Area area, Fetch(context, *stub, flags.id));
  Printer printer = AreaPrinter(context.format);
  Print(printer, area);
  printer.Finish();
  return absl::OkStatus();
}

// An area is changed by importing it again: the service checks it as a whole.
absl::Status Update(const Context& context, const AreaFlags& flags, const CLI::App& command) {
  if (command.count("--name") + command.count("--kind") + command.count("--parent") == 0) {
    return absl::InvalidArgumentError("areas update: nothing to change; see --help");
  }
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectAreas(context));
  PATROL_ASSIGN_OR_RETURN(const v1::Area area, Fetch(context, *stub, flags.id));
  const auto given = [&](const char* option, const std::string& value, const std::string& old) {
    return command.count(option) > 0 ? value : old;
  };
  const nlohmann::json geometry = nlohmann::json::parse(area.geometry_json(), nullptr, false);
  if (geometry.is_discarded()) {
    return absl::InternalError(absl::StrCat("area \"", flags.id, "\": its geometry is no JSON"));
  }
  const nlohmann::json feature = {
      {"type", "Feature"},
      {"properties",
       {{"id", IdOf(area.name())},
        {"name", given("--name", flags.display_name, area.display_name())},
        {"kind", given("--kind", flags.kind, area.kind())},
        {"parent", given("--parent", flags.parent, IdOf(area.parent()))}}},
      {"geometry", geometry}};
  const nlohmann::json collection = {{"type", "FeatureCollection"},
                                     {"features", nlohmann::json::array({feature})}};
  int imported = 0;
  PATROL_RETURN_IF_ERROR(ImportText(context, *stub, collection.dump(), &imported));
  return Get(context, flags);
}

absl::Status Delete(const Context& context, const AreaFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectAreas(context));
  v1::DeleteAreaRequest request;
  request.set_name(NameOf("areas", flags.id));
  google::protobuf::Empty nothing;
  return Call(context, *stub, &Stub::DeleteArea, request, &nothing);
}

}  // namespace

void AddAreaCommands(Context& context) {
  CLI::App* group = Group(context.app, "areas", "the areas of a running service");
  auto flags = std::make_shared<AreaFlags>();

  CLI::App* import =
      group->add_subcommand("import", "add or replace the areas of a file; all or none");
  import
      ->add_option("--file,file", flags->file,
                   "GeoJSON, GeoPackage, Shapefile ... with id, name, kind, parent")
      ->required();
  OnRun(context, import, [&context, flags] { return Import(context, *flags); });

  CLI::App* list = group->add_subcommand("list", "all areas");
  OnRun(context, list, [&context] { return List(context); });

  CLI::App* get = group->add_subcommand("get", "one area");
  get->add_option("id", flags->id, "its id")->required();
  OnRun(context, get, [&context, flags] { return Get(context, *flags); });

  CLI::App* update = group->add_subcommand("update", "change one area; its shape by import");
  update->add_option("id", flags->id, "its id")->required();
  update->add_option("--name", flags->display_name, "what people call it");
  update->add_option("--kind", flags->kind, "town, village, grid, beat or another word");
  update->add_option("--parent", flags->parent, "id of the area it belongs to");
  OnRun(context, update, [&context, flags, update] { return Update(context, *flags, *update); });

  CLI::App* remove = group->add_subcommand("delete", "remove one area");
  remove->add_option("id", flags->id, "its id")->required();
  OnRun(context, remove, [&context, flags] { return Delete(context, *flags); });
}

}  // namespace patrol::ctl
