#include "cmd/patrolsim/units_sender.h"

#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/service/api/proto_values.h"
#include "patrol/v1/position_service.grpc.pb.h"
#include "patrol/v1/unit_service.grpc.pb.h"

namespace patrol::sim {
namespace {

namespace api = ::patrol::v1;

// An acknowledgement waits for the service's disk; this long and the connection is taken for dead.
constexpr absl::Duration kAnswerTimeout = absl::Seconds(15);

absl::Status FromGrpc(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

// Whether the service may answer otherwise when asked again.
bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsCancelled(status) || absl::IsResourceExhausted(status) || absl::IsAborted(status);
}

void Fill(const tracks::Fix& fix, api::Fix& to) {
  to.set_unit(absl::StrCat("units/", fix.unit_id));
  ::patrol::api::SetTime(fix.time, to.mutable_time());
  to.mutable_position()->set_lon(fix.position.lon);
  to.mutable_position()->set_lat(fix.position.lat);
  if (fix.speed_mps) to.set_speed_mps(*fix.speed_mps);
  if (fix.heading_deg) to.set_heading_deg(*fix.heading_deg);
  if (fix.accuracy_m) to.set_accuracy_m(*fix.accuracy_m);
}

// "FIX_VERDICT_SPEED_JUMP" -> "speed jump".
std::string VerdictName(api::FixVerdict verdict) {
  absl::string_view name = api::FixVerdict_Name(verdict);
  absl::ConsumePrefix(&name, "FIX_VERDICT_");
  std::string text = absl::AsciiStrToLower(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

}  // namespace

struct UnitSender::Connection {
  using Stream =
      grpc::ClientReaderWriter<api::ReportPositionsRequest, api::ReportPositionsResponse>;

  std::unique_ptr<api::UnitService::Stub> units;
  std::unique_ptr<api::PositionService::Stub> positions;
  std::unique_ptr<grpc::ClientContext> context;  // of the stream; guarded by UnitSender::mutex_
  std::unique_ptr<Stream> stream;
};

UnitSender::UnitSender(const std::string& server)
    : connection_(std::make_unique<Connection>()), back_off_(limits::kBackOffMin) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // for the threads of gRPC too

  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  const auto channel =
      grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
  connection_->units = api::UnitService::NewStub(channel);
  connection_->positions = api::PositionService::NewStub(channel);
  watcher_ = std::thread([this] { Watch(); });
}

UnitSender::~UnitSender() {
  {
    std::lock_guard lock(mutex_);
    done_ = true;
    if (connection_->context) connection_->context->TryCancel();
  }
  watcher_.join();
}

// Waits for signals, and for answers that do not come.
void UnitSender::Watch() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  while (true) {
    const timespec pause{0, 100'000'000};
    const bool asked = sigtimedwait(&signals, nullptr, &pause) > 0;
    std::lock_guard lock(mutex_);
    if (asked) {
      stop_ = true;
      wake_.notify_all();
    }
    if (connection_->context && (stop_ || absl::Now() - waiting_since_ > kAnswerTimeout)) {
      connection_->context->TryCancel();
    }
    if (done_) return;
  }
}

void UnitSender::WaitUntil(absl::Time time) {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, absl::ToChronoTime(time), [this] { return stop_.load(); });
}

bool UnitSender::BackOff(const absl::Status& status) {
  if (stop_) return false;
  PATROL_LOG_WARNING("service: {}; again in {}", std::string(status.message()),
                     absl::FormatDuration(back_off_));
  WaitUntil(absl::Now() + back_off_);
  back_off_ = std::min(back_off_ * 2, absl::Seconds(5));
  return !stop_;
}

absl::Status UnitSender::PutUnit(const tracks::Unit& unit) {
  api::UpdateUnitRequest request;
  request.set_allow_missing(true);
  request.mutable_unit()->set_name(absl::StrCat("units/", unit.id));
  request.mutable_unit()->set_display_name(unit.name);
  request.mutable_unit()->set_force(unit.force);
  request.mutable_unit()->set_mode(::patrol::api::ModeToProto(unit.mode));
  while (true) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kAnswerTimeout));
    api::Unit answer;
    const absl::Status status =
        FromGrpc(connection_->units->UpdateUnit(&context, request, &answer));
    if (status.ok()) {
      back_off_ = limits::kBackOffMin;
      return status;
    }
    if (!MayPass(status)) {
      return {status.code(), absl::StrCat("unit \"", unit.id, "\": ", status.message())};
    }
    if (!BackOff(status)) return absl::CancelledError("asked to stop");
  }
}

absl::Status UnitSender::SendOnce(const std::vector<tracks::Fix>& fixes) {
  if (!connection_->stream) {
    auto context = std::make_unique<grpc::ClientContext>();
    std::lock_guard lock(mutex_);
    connection_->context = std::move(context);
    connection_->stream = connection_->positions->ReportPositions(connection_->context.get());
  }
  api::ReportPositionsRequest request;
  request.set_sequence(++sequence_);
  for (const tracks::Fix& fix : fixes) Fill(fix, *request.add_fixes());
  api::ReportPositionsResponse answer;
  Hang(true);
  const bool answered = connection_->stream->Write(request) && connection_->stream->Read(&answer);
  Hang(false);
  counts_.sent += fixes.size();
  if (!answered || answer.sequence() != sequence_) {
    // After a failed Read the call is over; after a wrong answer it shall be.
    if (answered) connection_->context->TryCancel();
    absl::Status status = FromGrpc(connection_->stream->Finish());
    if (status.ok()) status = absl::UnavailableError("the position stream was ended");
    std::lock_guard lock(mutex_);
    connection_->stream.reset();
    connection_->context.reset();
    return status;
  }
  counts_.acknowledged += fixes.size();
  counts_.stored += static_cast<uint64_t>(answer.stored());
  for (const api::FixFault& fault : answer.faults()) {
    uint64_t& count = counts_.verdicts[VerdictName(fault.verdict())];
    if (++count > 3) continue;  // the rest is counted
    const auto index = static_cast<size_t>(fault.index());
    PATROL_LOG_WARNING("fix of \"{}\": {}: {}",
                       index < fixes.size() ? fixes[index].unit_id : std::string("?"),
                       VerdictName(fault.verdict()), fault.message());
  }
  return absl::OkStatus();
}

void UnitSender::Hang(bool on) {
  std::lock_guard lock(mutex_);
  waiting_since_ = on ? absl::Now() : absl::InfiniteFuture();
}

absl::Status UnitSender::Send(const std::vector<tracks::Fix>& fixes) {
  while (true) {
    if (stop_) return absl::CancelledError("asked to stop");
    const absl::Status status = SendOnce(fixes);
    if (status.ok()) {
      back_off_ = limits::kBackOffMin;
      return status;
    }
    if (stop_) return absl::CancelledError("asked to stop");
    if (!MayPass(status)) return status;
    ++counts_.reconnects;
    if (!BackOff(status)) return absl::CancelledError("asked to stop");
  }
}

}  // namespace patrol::sim
