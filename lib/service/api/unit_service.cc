#include "lib/service/api/unit_service.h"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/api/conversion.h"
#include "lib/service/api/unary_call.h"
#include "lib/service/api/validation.h"
#include "patrol/v1/unit_service.grpc.pb.h"

namespace patrol::api {

namespace {

const std::vector<std::string>& Changeable() {
  static const auto* fields =
      new std::vector<std::string>{"display_name", "mode", "force", "off_duty"};
  return *fields;
}

void Change(const std::set<std::string>& fields, const store::Unit& given, store::Unit* unit) {
  if (fields.contains("display_name")) unit->display_name = given.display_name;
  if (fields.contains("mode")) unit->mode = given.mode;
  if (fields.contains("force")) unit->force = given.force;
  if (fields.contains("off_duty")) unit->off_duty = given.off_duty;
}

class UnitService final : public v1::UnitService::CallbackService {
 public:
  explicit UnitService(const UnitServiceDeps& deps) : deps_(deps) {}

  grpc::ServerUnaryReactor* GetUnit(grpc::CallbackServerContext* context,
                                    const v1::GetUnitRequest* request,
                                    v1::Unit* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", "units", request->name()));
      PATROL_ASSIGN_OR_RETURN(const store::Unit unit, deps_.store.GetUnit(id));
      Answer(unit, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* ListUnits(grpc::CallbackServerContext* context,
                                      const v1::ListUnitsRequest* request,
                                      v1::ListUnitsResponse* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const store::PageRequest page,
                              ReadPage(request->page_size(), request->page_token()));
      PATROL_ASSIGN_OR_RETURN(const store::Page<store::Unit> units, deps_.store.ListUnits(page));
      for (const store::Unit& unit : units.rows) Answer(unit, response->add_units());
      response->set_next_page_token(units.next_page_token);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* CreateUnit(grpc::CallbackServerContext* context,
                                       const v1::CreateUnitRequest* request,
                                       v1::Unit* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_RETURN_IF_ERROR(CheckId("unit_id", request->unit_id(), limits::kIdBytesMax));
      if (!request->has_unit()) return absl::InvalidArgumentError("unit: required");
      PATROL_ASSIGN_OR_RETURN(store::Unit unit, ReadUnit("unit", request->unit()));
      unit.id = request->unit_id();
      std::lock_guard lock(changes_);
      PATROL_RETURN_IF_ERROR(deps_.store.CreateUnit(unit));
      deps_.units.Put(unit);
      Answer(unit, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* UpdateUnit(grpc::CallbackServerContext* context,
                                       const v1::UpdateUnitRequest* request,
                                       v1::Unit* response) override {
    return RunUnary(deps_.workers, context, [=, this] { return Update(*request, response); });
  }

  grpc::ServerUnaryReactor* DeleteUnit(grpc::CallbackServerContext* context,
                                       const v1::DeleteUnitRequest* request,
                                       google::protobuf::Empty*) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", "units", request->name()));
      std::lock_guard lock(changes_);
      PATROL_RETURN_IF_ERROR(deps_.store.DeleteUnit(id));
      deps_.units.Remove(id);
      return absl::OkStatus();
    });
  }

 private:
  void Answer(const store::Unit& unit, v1::Unit* answer) {
    Fill(unit, answer);
    deps_.units.Describe(unit.id, answer->mutable_state());
  }

  absl::Status Update(const v1::UpdateUnitRequest& request, v1::Unit* response) {
    if (!request.has_unit()) return absl::InvalidArgumentError("unit: required");
    PATROL_ASSIGN_OR_RETURN(const std::string id,
                            ReadName("unit.name", "units", request.unit().name()));
    PATROL_ASSIGN_OR_RETURN(store::Unit given, ReadUnit("unit", request.unit()));
    PATROL_ASSIGN_OR_RETURN(std::optional<std::set<std::string>> mask,
                            ReadUpdateMask(request.update_mask(), Changeable()));
    given.id = id;
    if (!mask.has_value()) mask.emplace(Changeable().begin(), Changeable().end());
    std::lock_guard lock(changes_);
    absl::StatusOr<store::Unit> found = deps_.store.GetUnit(id);
    const bool missing = absl::IsNotFound(found.status());
    if (!found.ok() && !(missing && request.allow_missing())) return found.status();
    store::Unit unit = missing ? given : *std::move(found);
    if (!missing) Change(*mask, given, &unit);
    PATROL_RETURN_IF_ERROR(deps_.store.PutUnit(unit));
    deps_.units.Put(unit);
    Answer(unit, response);
    return absl::OkStatus();
  }

  const UnitServiceDeps deps_;
  std::mutex changes_;  // store and tracker see changes in the same order
};

}  // namespace

std::unique_ptr<grpc::Service> MakeUnitService(const UnitServiceDeps& deps) {
  return std::make_unique<UnitService>(deps);
}

}  // namespace patrol::api
