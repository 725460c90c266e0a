#include "cmd/patrolctl/position_sender.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"

namespace patrol::ctl {

namespace {

void Fill(const tracks::Fix& row, v1::Fix* fix) {
  fix->set_unit("units/" + row.unit_id);
  const int64_t seconds = absl::ToUnixSeconds(row.time);
  fix->mutable_time()->set_seconds(seconds);
  fix->mutable_time()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(row.time - absl::FromUnixSeconds(seconds))));
  fix->mutable_position()->set_lon(row.position.lon);
  fix->mutable_position()->set_lat(row.position.lat);
  if (row.speed_mps.has_value()) fix->set_speed_mps(*row.speed_mps);
  if (row.heading_deg.has_value()) fix->set_heading_deg(*row.heading_deg);
  if (row.accuracy_m.has_value()) fix->set_accuracy_m(*row.accuracy_m);
}

bool IsRefusal(v1::FixVerdict verdict) {
  return verdict == v1::FIX_VERDICT_INVALID || verdict == v1::FIX_VERDICT_FUTURE ||
         verdict == v1::FIX_VERDICT_UNKNOWN_UNIT;
}

}  // namespace

std::string VerdictText(v1::FixVerdict verdict) {
  // FIX_VERDICT_SPEED_JUMP -> speed_jump
  std::string text = v1::FixVerdict_Name(verdict);
  const std::string prefix = "FIX_VERDICT_";
  if (text.rfind(prefix, 0) == 0) text = text.substr(prefix.size());
  absl::AsciiStrToLower(&text);
  return text;
}

absl::StatusOr<std::unique_ptr<PositionSender>> PositionSender::Open(const Context& context,
                                                                     bool create_units) {
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  std::unique_ptr<PositionSender> sender(new PositionSender(context, create_units, channel));
  PATROL_RETURN_IF_ERROR(PrepareCall(context, absl::InfiniteDuration(), &sender->call_));
  sender->stream_ = sender->positions_->ReportPositions(&sender->call_);
  sender->reader_ = std::thread([raw = sender.get()] { raw->ReadAcknowledgements(); });
  return sender;
}

PositionSender::PositionSender(const Context& context, bool create_units,
                               const std::shared_ptr<grpc::Channel>& channel)
    : context_(context),
      create_units_(create_units),
      positions_(v1::PositionService::NewStub(channel)),
      units_(v1::UnitService::NewStub(channel)) {}

PositionSender::~PositionSender() {
  if (ended_ || stream_ == nullptr) return;
  call_.TryCancel();
  End().IgnoreError();
}

absl::Status PositionSender::Send(const std::vector<SentFix>& fixes) {
  if (ended_) return outcome_;
  v1::ReportPositionsRequest request;
  request.set_sequence(++sequence_);
  request.set_datum(v1::DATUM_WGS84);
  std::vector<Waiting> waiting;
  for (const SentFix& sent : fixes) {
    if (create_units_ && known_units_.insert(sent.fix.unit_id).second) {
      PATROL_RETURN_IF_ERROR(CreateUnit(sent.fix.unit_id));
    }
    Fill(sent.fix, request.add_fixes());
    waiting.push_back({sent.line, sent.fix.unit_id});
  }
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(waiting));
  }
  if (stream_->Write(request)) return absl::OkStatus();
  return End();
}

absl::Status PositionSender::CreateUnit(const std::string& unit_id) {
  v1::CreateUnitRequest request;
  request.set_unit_id(unit_id);
  request.mutable_unit()->set_display_name(unit_id);
  v1::Unit unit;
  const absl::Status created =
      Call(context_, *units_, &v1::UnitService::Stub::CreateUnit, request, &unit);
  // An id that can't be is told by the fix's own fault.
  if (absl::IsAlreadyExists(created) || absl::IsInvalidArgument(created)) return absl::OkStatus();
  return Annotate(created, absl::StrCat("unit \"", unit_id, "\""));
}

absl::Status PositionSender::Finish() {
  if (ended_) return outcome_;
  stream_->WritesDone();
  return End();
}

absl::Status PositionSender::End() {
  // The reader ends when the service has ended the stream or acknowledged everything.
  if (reader_.joinable()) reader_.join();
  outcome_ = FromGrpc(stream_->Finish());
  ended_ = true;
  std::lock_guard lock(mutex_);
  if (outcome_.ok() && !waiting_.empty()) {
    outcome_ = absl::UnavailableError("the service ended the stream before it had taken all fixes");
  }
  return outcome_;
}

void PositionSender::ReadAcknowledgements() {
  v1::ReportPositionsResponse response;
  while (stream_->Read(&response)) {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) continue;  // an acknowledgement of nothing: the service's fault
    Take(response, waiting_.front());
    waiting_.pop_front();
  }
}

void PositionSender::Take(const v1::ReportPositionsResponse& response,
                          const std::vector<Waiting>& fixes) {
  acknowledged_ += fixes.size();
  refused_.rows += fixes.size();
  uint64_t faults = 0;
  for (const v1::FixFault& fault : response.faults()) {
    if (fault.index() < 0 || fault.index() >= static_cast<int>(fixes.size())) continue;
    ++faults;
    ++verdicts_[fault.verdict()];
    if (!IsRefusal(fault.verdict())) continue;
    const Waiting& fix = fixes[static_cast<size_t>(fault.index())];
    if (fault.verdict() == v1::FIX_VERDICT_UNKNOWN_UNIT) {
      // Named once: what is wrong is the unit, not each of its fixes.
      if (!unknown_units_.insert(fix.unit_id).second) {
        ++refused_.faulty;
        continue;
      }
      refused_.Add({fix.line, "", "",
                    absl::StrCat("unit \"", fix.unit_id, "\": ", VerdictText(fault.verdict()),
                                 ", here and below; --create-units adds it")});
      continue;
    }
    refused_.Add({fix.line, "", "",
                  absl::StrCat("unit \"", fix.unit_id, "\": ", VerdictText(fault.verdict()), ": ",
                               fault.message())});
  }
  verdicts_[v1::FIX_VERDICT_ACCEPTED] += fixes.size() - std::min<uint64_t>(faults, fixes.size());
}

uint64_t PositionSender::acknowledged() const {
  std::lock_guard lock(mutex_);
  return acknowledged_;
}

}  // namespace patrol::ctl
