#include "lib/service/api/position_stream.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/service/api/conversion.h"
#include "lib/service/api/grpc_status.h"

namespace patrol::api {

namespace {

v1::FixVerdict VerdictOf(FixJudgement::Kind kind) {
  switch (kind) {
    case FixJudgement::kAccepted:
      return v1::FIX_VERDICT_ACCEPTED;
    case FixJudgement::kDuplicate:
      return v1::FIX_VERDICT_DUPLICATE;
    case FixJudgement::kLate:
      return v1::FIX_VERDICT_LATE;
    case FixJudgement::kInvalid:
      return v1::FIX_VERDICT_INVALID;
    case FixJudgement::kFuture:
      return v1::FIX_VERDICT_FUTURE;
    case FixJudgement::kUnknownUnit:
      return v1::FIX_VERDICT_UNKNOWN_UNIT;
    case FixJudgement::kSpeedJump:
      return v1::FIX_VERDICT_SPEED_JUMP;
  }
  return v1::FIX_VERDICT_UNSPECIFIED;
}

// How a fix is stored; nullopt when it is refused.
std::optional<store::FixVerdict> StoredAs(FixJudgement::Kind kind) {
  switch (kind) {
    case FixJudgement::kAccepted:
      return store::FixVerdict::kAccepted;
    case FixJudgement::kDuplicate:  // unless the store does not have it
    case FixJudgement::kLate:
      return store::FixVerdict::kLate;
    case FixJudgement::kSpeedJump:
      return store::FixVerdict::kSpeedJump;
    case FixJudgement::kInvalid:
    case FixJudgement::kFuture:
    case FixJudgement::kUnknownUnit:
      return std::nullopt;
  }
  return std::nullopt;
}

void AddFault(v1::ReportPositionsResponse& response, int index, v1::FixVerdict verdict,
              std::string message) {
  v1::FixFault* fault = response.add_faults();
  fault->set_index(index);
  fault->set_verdict(verdict);
  fault->set_message(std::move(message));
}

}  // namespace

// A request between judging and acknowledging.
struct PositionStream::Judged {
  struct Candidate {
    int index = 0;  // into the request's fixes
    FixJudgement::Kind kind = FixJudgement::kAccepted;
    std::string message;
  };

  v1::ReportPositionsResponse response;  // with the faults of refused fixes
  std::vector<Candidate> candidates;     // of those that may be stored
  std::vector<store::Fix> fixes;         // one for each candidate
};

grpc::ServerBidiReactor<v1::ReportPositionsRequest, v1::ReportPositionsResponse>*
PositionStream::Begin() {
  self_ = shared_from_this();
  if (const absl::Status added = deps_.streams.Add(self_); !added.ok()) {
    End(added);
  } else {
    Proceed();
  }
  return this;
}

void PositionStream::End(absl::Status status) {
  {
    std::lock_guard lock(mutex_);
    if (!end_.has_value()) end_ = std::move(status);
  }
  Proceed();
}

void PositionStream::Proceed() {
  bool read = false;
  bool write = false;
  std::optional<grpc::Status> finish;
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    const size_t under_way = storing_ + acknowledgements_.size();
    if (!writing_ && !acknowledgements_.empty() && !lost_) write = writing_ = true;
    if (!reading_ && !reads_done_ && !end_.has_value() &&
        under_way < limits::kPositionRequestsInFlightMax) {
      read = reading_ = true;
    }
    const bool settled = storing_ == 0 && !writing_ && (lost_ || acknowledgements_.empty());
    if (settled && (end_.has_value() || reads_done_)) {
      finished_ = true;
      finish = end_.has_value() ? ToGrpc(*end_) : grpc::Status::OK;
    }
  }
  if (write) StartWrite(&acknowledgements_.front());
  if (read) StartRead(&request_);
  if (finish.has_value()) Finish(*finish);
}

void PositionStream::OnReadDone(bool ok) {
  if (ok) Take(request_);
  {
    std::lock_guard lock(mutex_);
    reading_ = false;
    if (!ok) reads_done_ = true;
  }
  Proceed();
}

void PositionStream::Take(const v1::ReportPositionsRequest& request) {
  if (request.fixes_size() > static_cast<int>(limits::kFixesPerRequestMax)) {
    return End(absl::InvalidArgumentError(absl::StrCat("fixes: ", request.fixes_size(),
                                                       " in request ", request.sequence(),
                                                       ", at most ", limits::kFixesPerRequestMax)));
  }
  if (request.datum() != v1::DATUM_UNSPECIFIED && request.datum() != v1::DATUM_WGS84 &&
      request.datum() != v1::DATUM_GCJ02) {
    return End(absl::InvalidArgumentError(absl::StrCat("datum: ", static_cast<int>(request.datum()),
                                                       " in request ", request.sequence(),
                                                       " is none of WGS84, GCJ02")));
  }
  const FixDatum datum = request.datum() == v1::DATUM_GCJ02 ? FixDatum::kGcj02 : FixDatum::kWgs84;
  auto judged = std::make_shared<Judged>();
  judged->response.set_sequence(request.sequence());
  for (int i = 0; i < request.fixes_size(); ++i) {
    absl::StatusOr<store::Fix> fix = ReadFix(request.fixes(i));
    if (!fix.ok()) {
      AddFault(judged->response, i, v1::FIX_VERDICT_INVALID, std::string(fix.status().message()));
      continue;
    }
    FixJudgement judgement = deps_.fixes.Judge(*fix, datum);
    const std::optional<store::FixVerdict> verdict = StoredAs(judgement.kind);
    if (!verdict.has_value()) {
      AddFault(judged->response, i, VerdictOf(judgement.kind), std::move(judgement.message));
      continue;
    }
    fix->position = judgement.position;
    fix->verdict = *verdict;
    judged->fixes.push_back(*std::move(fix));
    judged->candidates.push_back({i, judgement.kind, std::move(judgement.message)});
  }
  {
    std::lock_guard lock(mutex_);
    ++storing_;
  }
  // Also when there is nothing to store: the store's queue keeps the acknowledgements in order.
  deps_.store.AppendFixes(judged->fixes, [self = shared_from_this(), judged](
                                             const absl::StatusOr<store::AppendedFixes>& appended) {
    self->OnStored(*judged, appended);
  });
}

void PositionStream::OnStored(Judged& judged,
                              const absl::StatusOr<store::AppendedFixes>& appended) {
  if (appended.ok()) {
    std::vector<store::Fix> stored;
    for (size_t i = 0; i < judged.candidates.size(); ++i) {
      Judged::Candidate& candidate = judged.candidates[i];
      if (!appended->stored[i]) {
        AddFault(judged.response, candidate.index, v1::FIX_VERDICT_DUPLICATE,
                 candidate.kind == FixJudgement::kDuplicate
                     ? std::move(candidate.message)
                     : "time: a fix of this unit and time is stored already");
        continue;
      }
      if (candidate.kind == FixJudgement::kDuplicate) {
        AddFault(judged.response, candidate.index, v1::FIX_VERDICT_LATE,
                 "time: seen before but only stored now");
      } else if (candidate.kind != FixJudgement::kAccepted) {
        AddFault(judged.response, candidate.index, VerdictOf(candidate.kind),
                 std::move(candidate.message));
      }
      stored.push_back(std::move(judged.fixes[i]));
    }
    judged.response.set_stored(static_cast<int>(stored.size()));
    if (!stored.empty()) deps_.fixes.OnStored(stored);
  }
  {
    std::lock_guard lock(mutex_);
    --storing_;
    if (!appended.ok()) {
      if (!end_.has_value()) {
        end_ = Annotate(appended.status(),
                        absl::StrCat("request ", judged.response.sequence(), " was not stored"));
      }
      // What follows it may be stored, but is not acknowledged: the order would have a hole.
      failed_ = true;
    } else if (!failed_) {
      acknowledgements_.push_back(std::move(judged.response));
    }
  }
  Proceed();
}

void PositionStream::OnWriteDone(bool ok) {
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
    acknowledgements_.pop_front();
    if (!ok) {
      lost_ = true;
      if (!end_.has_value()) end_ = absl::CancelledError("the sender is gone");
    }
  }
  Proceed();
}

void PositionStream::OnCancel() {
  {
    std::lock_guard lock(mutex_);
    lost_ = true;
    if (!end_.has_value()) end_ = absl::CancelledError("the sender is gone");
  }
  Proceed();
}

void PositionStream::OnDone() {
  deps_.streams.Remove(this);
  self_.reset();  // may delete this
}

}  // namespace patrol::api
