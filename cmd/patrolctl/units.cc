// patrolctl units: import, list, get, update, delete; against a running service.

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/printer.h"
#include "cmd/patrolctl/progress.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/unit.h"
#include "lib/service/api/proto_values.h"
#include "patrol/v1/unit_service.grpc.pb.h"

namespace patrol::ctl {

namespace {

using Stub = v1::UnitService::Stub;

struct UnitFlags {
  std::string file;
  std::string id;
  std::string display_name;
  std::string mode;
  std::string force;
  bool create = false;
  bool on_duty = false;
  bool off_duty = false;
};

std::string ModeText(v1::TravelMode mode) {
  for (size_t i = 0; i < roadnet::kModeCount; ++i) {
    const auto own = static_cast<roadnet::Mode>(i);
    if (api::ModeToProto(own) == mode) return std::string(roadnet::ModeName(own));
  }
  return "";
}

std::string KnowledgeText(v1::UnitKnowledge knowledge) {
  switch (knowledge) {
    case v1::UNIT_KNOWLEDGE_KNOWN:
      return "known";
    case v1::UNIT_KNOWLEDGE_STALE:
      return "stale";
    case v1::UNIT_KNOWLEDGE_LOST:
      return "lost";
    case v1::UNIT_KNOWLEDGE_OFF_NETWORK:
      return "off network";
    case v1::UNIT_KNOWLEDGE_OFF_DUTY:
      return "off duty";
    default:
      return "";
  }
}

absl::StatusOr<std::unique_ptr<Stub>> ConnectUnits(const Context& context) {
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  return v1::UnitService::NewStub(channel);
}

Printer UnitPrinter(Format format) {
  return Printer(format, Printer::Kind::kList,
                 {{"unit_id"},
                  {"name"},
                  {"mode"},
                  {"force"},
                  {"state"},
                  {"fix_time"},
                  {"lon", 0, true},
                  {"lat", 0, true},
                  {"distance_m", 0, true}});
}

void Print(Printer& printer, const v1::Unit& unit) {
  const v1::UnitState& state = unit.state();
  const auto place = [&](double coordinate) {
    return state.has_position() ? absl::StrFormat("%.6f", coordinate) : std::string();
  };
  printer.Add(unit,
              {IdOf(unit.name()), unit.display_name(), ModeText(unit.mode()), unit.force(),
               KnowledgeText(state.knowledge()), TimeText(state.has_fix_time(), state.fix_time()),
               place(state.position().lon()), place(state.position().lat()),
               state.has_matched() ? absl::StrFormat("%.1f", state.distance_m()) : ""});
}

absl::Status Import(const Context& context, const UnitFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(flags.file));
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectUnits(context));
  Progress progress("units imported", 0);
  uint64_t imported = 0;
  const absl::StatusOr<tracks::RowReport> report =
      tracks::ReadUnitsCsv(in, [&](tracks::Unit&& row) -> absl::Status {
        v1::UpdateUnitRequest request;
        request.set_allow_missing(true);
        v1::Unit& unit = *request.mutable_unit();
        unit.set_name("units/" + row.id);
        unit.set_display_name(row.name);
        unit.set_mode(api::ModeToProto(row.mode));
        unit.set_force(row.force);
        // Whether it is on duty is not the file's to say.
        for (const char* field : {"display_name", "mode", "force"}) {
          request.mutable_update_mask()->add_paths(field);
        }
        v1::Unit saved;
        PATROL_RETURN_IF_ERROR(
            Annotate(Call(context, *stub, &Stub::UpdateUnit, request, &saved),
                     absl::StrCat("unit \"", row.id, "\", after ", imported, " were imported")));
        progress.Tell(++imported);
        return absl::OkStatus();
      });
  progress.Clear();
  if (!report.ok()) return Annotate(report.status(), flags.file);
  return FinishImport(flags.file, *report);
}

absl::Status List(const Context& context) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectUnits(context));
  v1::ListUnitsRequest request;
  request.set_page_size(limits::kPageSizeMax);
  Printer printer = UnitPrinter(context.format);
  PATROL_RETURN_IF_ERROR((CallPages<Stub, v1::ListUnitsRequest, v1::ListUnitsResponse>(
      context, *stub, &Stub::ListUnits, request, [&](const v1::ListUnitsResponse& page) {
        for (const v1::Unit& unit : page.units()) Print(printer, unit);
        return true;
      })));
  printer.Finish();
  return absl::OkStatus();
}

absl::Status Get(const Context& context, const UnitFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectUnits(context));
  v1::GetUnitRequest request;
  request.set_name(NameOf("units", flags.id));
  v1::Unit unit;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::GetUnit, request, &unit));
  Printer printer = UnitPrinter(context.format);
  Print(printer, unit);
  printer.Finish();
  return absl::OkStatus();
}

absl::Status Update(const Context& context, const UnitFlags& flags, const CLI::App& command) {
  v1::UpdateUnitRequest request;
  v1::Unit& unit = *request.mutable_unit();
  google::protobuf::FieldMask& mask = *request.mutable_update_mask();
  unit.set_name(NameOf("units", flags.id));
  const auto given = [&](const char* option, const char* field) {
    if (command.count(option) == 0) return false;
    mask.add_paths(field);
    return true;
  };
  if (given("--name", "display_name")) unit.set_display_name(flags.display_name);
  if (given("--mode", "mode")) {
    roadnet::Mode mode = roadnet::Mode::kCar;
    if (!roadnet::ParseMode(flags.mode, &mode)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--mode: \"", flags.mode, "\" is not car, motorcycle, e-bike, bicycle or foot"));
    }
    unit.set_mode(api::ModeToProto(mode));
  }
  if (given("--force", "force")) unit.set_force(flags.force);
  if (flags.on_duty || flags.off_duty) {
    mask.add_paths("off_duty");
    unit.set_off_duty(flags.off_duty);
  }
  if (mask.paths().empty() && !flags.create) {
    return absl::InvalidArgumentError("units update: nothing to change; see --help");
  }
  request.set_allow_missing(flags.create);
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectUnits(context));
  v1::Unit saved;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::UpdateUnit, request, &saved));
  Printer printer = UnitPrinter(context.format);
  Print(printer, saved);
  printer.Finish();
  return absl::OkStatus();
}

absl::Status Delete(const Context& context, const UnitFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectUnits(context));
  v1::DeleteUnitRequest request;
  request.set_name(NameOf("units", flags.id));
  google::protobuf::Empty nothing;
  return Call(context, *stub, &Stub::DeleteUnit, request, &nothing);
}

}  // namespace

void AddUnitCommands(Context& context) {
  CLI::App* group = Group(context.app, "units", "the patrol units of a running service");
  auto flags = std::make_shared<UnitFlags>();

  CLI::App* import = group->add_subcommand("import", "add or change units from a CSV file");
  import->add_option("--file,file", flags->file, "columns unit_id,name,mode,force")->required();
  OnRun(context, import, [&context, flags] { return Import(context, *flags); });

  CLI::App* list = group->add_subcommand("list", "all units and where they are");
  OnRun(context, list, [&context] { return List(context); });

  CLI::App* get = group->add_subcommand("get", "one unit and where it is");
  get->add_option("id", flags->id, "its id")->required();
  OnRun(context, get, [&context, flags] { return Get(context, *flags); });

  CLI::App* update = group->add_subcommand("update", "change one unit");
  update->add_option("id", flags->id, "its id")->required();
  update->add_option("--name", flags->display_name, "what people call it");
  update->add_option("--mode", flags->mode, "car, motorcycle, e-bike, bicycle or foot");
  update->add_option("--force", flags->force, "who it belongs to");
  update->add_flag("--create", flags->create, "add the unit when there is none");
  CLI::Option* on = update->add_flag("--on-duty", flags->on_duty, "it covers again");
  update->add_flag("--off-duty", flags->off_duty, "it covers nothing")->excludes(on);
  OnRun(context, update, [&context, flags, update] { return Update(context, *flags, *update); });

  CLI::App* remove = group->add_subcommand("delete", "remove one unit; its fixes stay");
  remove->add_option("id", flags->id, "its id")->required();
  OnRun(context, remove, [&context, flags] { return Delete(context, *flags); });
}

}  // namespace patrol::ctl
