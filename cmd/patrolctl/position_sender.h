#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/commands.h"
#include "lib/patrol/tracks/csv_table.h"
#include "lib/patrol/tracks/fix.h"
#include "patrol/v1/position_service.grpc.pb.h"
#include "patrol/v1/unit_service.grpc.pb.h"

namespace patrol::ctl {

// A fix and the line of the file it stands in.
struct SentFix {
  tracks::Fix fix;  // WGS-84
  uint64_t line = 0;
};

// Streams fixes to a running service and takes its acknowledgements, which a thread of its own
// reads; the service holds back a sender that is too fast.
//
// Threads: Send and Finish from one thread; acknowledged from any.
class PositionSender {
 public:
  // create_units: adds units (as cars) that the service does not know.
  static absl::StatusOr<std::unique_ptr<PositionSender>> Open(const Context& context,
                                                              bool create_units);
  ~PositionSender();

  // fixes: at most limits::kFixesPerRequestMax. May wait for the service.
  // Errors: why the stream has ended.
  absl::Status Send(const std::vector<SentFix>& fixes);
  // Waits for what is not acknowledged yet.
  absl::Status Finish();

  uint64_t acknowledged() const;  // fixes whose fate is known
  // How many of each verdict. After Finish.
  const std::map<v1::FixVerdict, uint64_t>& verdicts() const { return verdicts_; }
  // Fixes the service refused, by line. After Finish.
  const tracks::RowReport& refused() const { return refused_; }

 private:
  using Stream = grpc::ClientReaderWriter<v1::ReportPositionsRequest, v1::ReportPositionsResponse>;
  // What is needed of a sent fix to tell its fate.
  struct Waiting {
    uint64_t line;
    std::string unit_id;
  };

  PositionSender(const Context& context, bool create_units,
                 const std::shared_ptr<grpc::Channel>& channel);
  absl::Status CreateUnit(const std::string& unit_id);
  void ReadAcknowledgements();
  void Take(const v1::ReportPositionsResponse& response, const std::vector<Waiting>& fixes);
  absl::Status End();

  const Context& context_;
  const bool create_units_;
  const std::unique_ptr<v1::PositionService::Stub> positions_;
  const std::unique_ptr<v1::UnitService::Stub> units_;
  grpc::ClientContext call_;
  std::unique_ptr<Stream> stream_;
  std::thread reader_;
  bool ended_ = false;
  absl::Status outcome_;
  int64_t sequence_ = 0;
  std::set<std::string> known_units_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::deque<std::vector<Waiting>> waiting_;  // requests in the order they were sent
  uint64_t acknowledged_ = 0;
  std::map<v1::FixVerdict, uint64_t> verdicts_;
  tracks::RowReport refused_;
  std::set<std::string> unknown_units_;
};

// "accepted", "late", ...
std::string VerdictText(v1::FixVerdict verdict);

}  // namespace patrol::ctl
