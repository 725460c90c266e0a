#include "lib/service/api/area_service.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/service/api/conversion.h"
#include "lib/service/api/unary_call.h"
#include "lib/service/api/validation.h"
#include "patrol/v1/area_service.grpc.pb.h"

namespace patrol::api {

namespace {

// What the reader leaves to us: the limits of what is stored.
absl::Status CheckAreas(const std::vector<store::Area>& areas) {
  if (areas.empty()) return absl::InvalidArgumentError("geojson: holds no area");
  for (const store::Area& area : areas) {
    const std::string field = absl::StrCat("geojson: area ", Quoted(area.id));
    PATROL_RETURN_IF_ERROR(
        CheckText(field + ": name", area.display_name, limits::kDisplayNameBytesMax));
    PATROL_RETURN_IF_ERROR(CheckText(field + ": kind", area.kind, limits::kDisplayNameBytesMax));
    if (!area.parent_id.empty()) {
      PATROL_RETURN_IF_ERROR(CheckId(field + ": parent", area.parent_id, limits::kIdBytesMax));
    }
  }
  return absl::OkStatus();
}

class AreaService final : public v1::AreaService::CallbackService {
 public:
  explicit AreaService(const AreaServiceDeps& deps) : deps_(deps) {}

  grpc::ServerUnaryReactor* GetArea(grpc::CallbackServerContext* context,
                                    const v1::GetAreaRequest* request,
                                    v1::Area* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", "areas", request->name()));
      PATROL_ASSIGN_OR_RETURN(const store::Area area, deps_.store.GetArea(id));
      Answer(area, /*with_geometry=*/true, response);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* ListAreas(grpc::CallbackServerContext* context,
                                      const v1::ListAreasRequest* request,
                                      v1::ListAreasResponse* response) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const store::PageRequest page,
                              ReadPage(request->page_size(), request->page_token()));
      PATROL_ASSIGN_OR_RETURN(const store::Page<store::Area> areas, deps_.store.ListAreas(page));
      for (const store::Area& area : areas.rows) {
        Answer(area, !request->without_geometry(), response->add_areas());
      }
      response->set_next_page_token(areas.next_page_token);
      return absl::OkStatus();
    });
  }

  grpc::ServerUnaryReactor* ImportAreas(grpc::CallbackServerContext* context,
                                        const v1::ImportAreasRequest* request,
                                        v1::ImportAreasResponse* response) override {
    return RunUnary(deps_.workers, context, [=, this] { return Import(*request, response); });
  }

  grpc::ServerUnaryReactor* DeleteArea(grpc::CallbackServerContext* context,
                                       const v1::DeleteAreaRequest* request,
                                       google::protobuf::Empty*) override {
    return RunUnary(deps_.workers, context, [=, this]() -> absl::Status {
      PATROL_ASSIGN_OR_RETURN(const std::string id, ReadName("name", "areas", request->name()));
      std::lock_guard lock(changes_);
      PATROL_RETURN_IF_ERROR(deps_.store.DeleteArea(id));
      PATROL_ASSIGN_OR_RETURN(const std::vector<store::Area> areas, deps_.store.AllAreas());
      return deps_.coverage.SetAreas(areas);
    });
  }

 private:
  void Answer(const store::Area& area, bool with_geometry, v1::Area* answer) {
    Fill(area, with_geometry, answer);
    answer->set_patrollable_m(deps_.coverage.PatrollableM(area.id));
  }

  absl::Status Import(const v1::ImportAreasRequest& request, v1::ImportAreasResponse* response) {
    if (request.geojson().empty()) return absl::InvalidArgumentError("geojson: required");
    absl::StatusOr<std::vector<store::Area>> areas = deps_.reader.Read(request.geojson());
    if (!areas.ok()) return Annotate(areas.status(), "geojson");
    PATROL_RETURN_IF_ERROR(CheckAreas(*areas));

    std::lock_guard lock(changes_);
    PATROL_ASSIGN_OR_RETURN(const std::vector<store::Area> before, deps_.store.AllAreas());
    std::map<std::string, store::Area> after;
    for (const store::Area& area : before) after[area.id] = area;
    for (const store::Area& area : *areas) after[area.id] = area;
    std::vector<store::Area> all;
    for (auto& [id, area] : after) all.push_back(std::move(area));
    // Coverage first, for it may refuse; the store is the easier one to have fail afterwards.
    if (const absl::Status set = deps_.coverage.SetAreas(all); !set.ok()) {
      return Annotate(set, "geojson");
    }
    if (const absl::Status stored = deps_.store.PutAreas(*areas); !stored.ok()) {
      if (const absl::Status back = deps_.coverage.SetAreas(before); !back.ok()) {
        PATROL_LOG_ERROR("areas: coverage could not be set back after a failed import: {}",
                         std::string(back.message()));
      }
      return stored;
    }
    response->set_imported(static_cast<int>(areas->size()));
    return absl::OkStatus();
  }

  const AreaServiceDeps deps_;
  std::mutex changes_;  // store and coverage see changes in the same order
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAreaService(const AreaServiceDeps& deps) {
  return std::make_unique<AreaService>(deps);
}

}  // namespace patrol::api
