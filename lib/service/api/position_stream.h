#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "lib/service/api/position_service.h"
#include "patrol/v1/position_service.pb.h"

namespace patrol::api {

// One ReportPositions call:
//
//     read -> judge each fix -> store (its own thread, group commit) -> use -> acknowledge
//
// Several requests are under way at once, so that they share commits; the store keeps their order,
// and so do the acknowledgements. The call is finished only when nothing is under way any more.
//
// The store has the last word on duplicates: it knows every fix, and a fix that was judged before a
// store that failed is not there.
//
// Life: as PulledStream. Threads: gRPC's and the store's.
class PositionStream final
    : public grpc::ServerBidiReactor<v1::ReportPositionsRequest, v1::ReportPositionsResponse>,
      public OpenStream,
      public std::enable_shared_from_this<PositionStream> {
 public:
  explicit PositionStream(const PositionServiceDeps& deps) : deps_(deps) {}

  grpc::ServerBidiReactor<v1::ReportPositionsRequest, v1::ReportPositionsResponse>* Begin();
  void End(absl::Status status) override;

 private:
  struct Judged;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Take(const v1::ReportPositionsRequest& request);
  void OnStored(Judged& judged, const absl::StatusOr<store::AppendedFixes>& appended);
  // Starts what can be started, or finishes. Called without the lock, after every change.
  void Proceed();

  const PositionServiceDeps deps_;
  std::shared_ptr<PositionStream> self_;  // until gRPC is done
  v1::ReportPositionsRequest request_;    // of the read under way

  std::mutex mutex_;
  // guarded by mutex_
  bool reading_ = false;
  bool writing_ = false;
  bool reads_done_ = false;  // the sender has closed its side
  bool finished_ = false;
  size_t storing_ = 0;                                        // requests with the store
  std::deque<v1::ReportPositionsResponse> acknowledgements_;  // front: being written
  std::optional<absl::Status> end_;                           // no more reads
  bool failed_ = false;                                       // a request was not stored
  bool lost_ = false;  // nobody takes acknowledgements any more
};

}  // namespace patrol::api
