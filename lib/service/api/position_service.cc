#include "lib/service/api/position_service.h"

#include <memory>
#include <string>

#include "lib/base/status.h"
#include "lib/service/api/conversion.h"
#include "lib/service/api/position_stream.h"
#include "lib/service/api/unary_call.h"
#include "lib/service/api/validation.h"
#include "patrol/v1/position_service.grpc.pb.h"

namespace patrol::api {

namespace {

class PositionService final : public v1::PositionService::CallbackService {
 public:
  explicit PositionService(const PositionServiceDeps& deps) : deps_(deps) {}

  grpc::ServerBidiReactor<v1::ReportPositionsRequest, v1::ReportPositionsResponse>* ReportPositions(
      grpc::CallbackServerContext*) override {
    return std::make_shared<PositionStream>(deps_)->Begin();
  }

  grpc::ServerUnaryReactor* ListFixes(grpc::CallbackServerContext* context,
                                      const v1::ListFixesRequest* request,
                                      v1::ListFixesResponse* response) override {
    return RunUnary(deps_.workers, context, [=, this] { return List(*request, response); });
  }

 private:
  absl::Status List(const v1::ListFixesRequest& request, v1::ListFixesResponse* response) {
    store::FixQuery query;
    PATROL_ASSIGN_OR_RETURN(query.unit_id, ReadName("unit", "units", request.unit()));
    if (request.has_from_time()) {
      PATROL_ASSIGN_OR_RETURN(query.from, ReadTime("from_time", request.from_time()));
    }
    if (request.has_to_time()) {
      PATROL_ASSIGN_OR_RETURN(query.to, ReadTime("to_time", request.to_time()));
    }
    PATROL_RETURN_IF_ERROR(CheckWindow(query.from, query.to));
    PATROL_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ReadPage(request.page_size(), request.page_token()));
    // A deleted unit's fixes stay, so the unit need not exist: it then simply has what it had.
    PATROL_ASSIGN_OR_RETURN(const store::Page<store::Fix> fixes,
                            deps_.store.ListFixes(query, page));
    for (const store::Fix& fix : fixes.rows) Fill(fix, response->add_fixes());
    response->set_next_page_token(fixes.next_page_token);
    return absl::OkStatus();
  }

  const PositionServiceDeps deps_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePositionService(const PositionServiceDeps& deps) {
  return std::make_unique<PositionService>(deps);
}

}  // namespace patrol::api
