#include "lib/video/ingest/fleet.h"

#include <prometheus/histogram.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "lib/base/asio.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/video/ingest/camera.h"
#include "lib/video/ingest/connect_pacer.h"
#include "lib/video/ingest/decode_pool.h"
#include "lib/video/ingest/loop_lag.h"
#include "lib/video/rtsp/read_turns.h"
#include "lib/video/rtsp/url.h"

namespace patrol::ingest {
namespace {

// Full decodes begin within this of what asks for them; activity does not wait for it.
constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr int kTicksPerMeasure = 5;
constexpr size_t kIdBytesMax = 64;
// The loop gathers what comes within this before it looks: then one waking is for many cameras, and
// one read takes a whole picture, which cameras send in a burst of packets (benchmarks/RESULTS.md,
// "receive only").
constexpr std::chrono::milliseconds kGather{1};
constexpr char kNoAnalysis[] = "analysis is switched off by configuration";
// Seconds. The bounds that are promised (5 ms of lag, 100 ms of age, at p99) are bucket borders.
const prometheus::Histogram::BucketBoundaries kLoopLagBuckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075,
    0.01,   0.02,    0.05,   0.1,   0.25,  0.5,   1,     5};
const prometheus::Histogram::BucketBoundaries kUnitAgeBuckets = {
    0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10};
// Beyond TEARDOWN's own time, for a loop that is busy.
constexpr absl::Duration kShutdownMargin = absl::Seconds(1);

absl::Status CheckId(std::string_view id) {
  const bool legal = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (id.empty() || id.size() > kIdBytesMax || !legal) {
    return absl::InvalidArgumentError(
        absl::StrCat("camera id: must have 1..", kIdBytesMax, " of [A-Za-z0-9._-]"));
  }
  return absl::OkStatus();
}

absl::Status CheckCamera(const CameraOptions& camera) {
  PATROL_RETURN_IF_ERROR(CheckId(camera.id));
  const absl::StatusOr<rtsp::Url> url = rtsp::Url::Parse(camera.url);
  if (url.ok() && camera.privacy && !camera.privacy->unknown) {
    return Annotate(media::CheckPrivacyMask(*camera.privacy),
                    absl::StrCat("camera \"", camera.id, "\": privacy_mask"));
  }
  if (url.ok()) return absl::OkStatus();
  // Whatever is wrong with it is the caller's to mend.
  return absl::InvalidArgumentError(
      absl::StrCat("camera \"", camera.id, "\": ", url.status().message()));
}

}  // namespace

std::string_view PhaseName(CameraPhase phase) {
  switch (phase) {
    case CameraPhase::kOff:
      return "off";
    case CameraPhase::kWaiting:
      return "waiting";
    case CameraPhase::kConnecting:
      return "connecting";
    case CameraPhase::kStreaming:
      return "streaming";
  }
  return "unknown";
}

class Fleet::Impl : public CameraSurroundings {
 public:
  Impl(FleetOptions options, const Clock& clock, PictureSink& pictures, CameraStateSink& states)
      : options_(std::move(options)),
        clock_(clock),
        states_(states),
        ring_budget_(options_.ring_bytes_total),
        pool_(options_, clock, pictures),
        read_buffer_(limits::kReceiveBufferBytes),
        work_(loop_.get_executor()),
        tick_timer_(loop_),
        pace_timer_(loop_),
        pacer_(options_.connects_per_second, options_.connects_per_host),
        attention_({.budget_cores = options_.budget_cores,
                    .full_decodes_max = options_.full_decodes_max,
                    .blind_after = options_.blind_after,
                    .quiet_picture_every = options_.quiet_picture_every,
                    .everything = options_.decode_everything,
                    .all_while_room = options_.decode_all_while_room},
                   options_.jitter_seed),
        thread_([this] { RunLoop(); }) {
    pthread_setname_np(thread_.native_handle(), "ingest");
    asio::post(loop_, [this] { Tick(); });
  }

  ~Impl() override { Shutdown(); }

  absl::Status Add(CameraOptions camera);
  absl::Status Update(CameraOptions camera);
  absl::Status Remove(std::string_view camera_id);
  std::shared_ptr<Camera> Find(std::string_view camera_id) const;
  std::vector<std::shared_ptr<Camera>> All() const;
  void Shutdown();
  CameraState StateOf(const Camera& camera) const;
  FleetState Totals() const;
  // Tells attention something of a camera; what follows is decided at the next tick.
  void Tell(std::string_view camera_id,
            const std::function<void(Attention&, uint64_t ticket, absl::Duration now)>& what);

  void OnPixels(std::string_view camera_id, absl::Time picture_time, bool moving);

  // CameraSurroundings, on the loop's thread:
  void AskTurn(Camera& camera) override;
  void ForgetTurn(Camera& camera) override;
  void EndTurn(Camera& camera) override;
  void OnStreaming(Camera& camera, bool streaming) override;
  bool OnUnit(Camera& camera, const media::AccessUnit& unit, const ActivityReading& activity,
              absl::Duration age) override;
  void OnPhase(Camera& camera) override;
  void OnEnded(Camera& camera) override;

 private:
  void RunLoop();
  void Pace();
  void Tick();
  void Decide();

  const FleetOptions options_;
  const Clock& clock_;
  CameraStateSink& states_;
  RingBudget ring_budget_;
  DecodePool pool_;
  std::vector<uint8_t> read_buffer_;
  const std::shared_ptr<rtsp::TlsContexts> tls_ = std::make_shared<rtsp::TlsContexts>();

  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  // The loop's own:
  const std::shared_ptr<rtsp::ReadTurns> read_turns_ = std::make_shared<rtsp::ReadTurns>(loop_);
  asio::steady_timer tick_timer_;
  int ticks_ = 0;
  asio::steady_timer pace_timer_;
  uint64_t pace_generation_ = 0;
  ConnectPacer pacer_;
  // Also those that are being torn down. By ticket, which is the order they were added in.
  std::map<uint64_t, std::shared_ptr<Camera>> live_;
  absl::flat_hash_map<uint64_t, std::string> turn_hosts_;  // of connects in flight

  prometheus::Histogram loop_lags_{kLoopLagBuckets};  // safe from any thread, as is the next
  prometheus::Histogram unit_age_{kUnitAgeBuckets};

  mutable std::mutex attention_mutex_;
  // guarded by attention_mutex_, which is taken last
  Attention attention_;
  LoopLag loop_lag_;
  mutable std::mutex mutex_;
  std::condition_variable all_ended_;
  // guarded by mutex_
  std::map<std::string, std::shared_ptr<Camera>, std::less<>> cameras_;
  uint64_t last_ticket_ = 0;
  bool shut_down_ = false;
  bool ended_ = false;

  std::thread thread_;  // last: it uses all of the above
};

void Fleet::Impl::RunLoop() {
  while (!loop_.stopped()) {
    try {
      loop_.run_one();
      std::this_thread::sleep_for(kGather);
      loop_.poll();
    } catch (const std::exception& error) {
      // Sessions end their own exceptions; what comes here left its handler half done.
      PATROL_LOG_ERROR("ingest loop: {}", error.what());
    }
  }
}

absl::Status Fleet::Impl::Add(CameraOptions camera) {
  PATROL_RETURN_IF_ERROR(CheckCamera(camera));
  std::lock_guard lock(mutex_);
  if (shut_down_) return absl::FailedPreconditionError("the fleet is shut down");
  if (cameras_.contains(camera.id)) {
    return absl::AlreadyExistsError(absl::StrCat("camera \"", camera.id, "\" exists already"));
  }
  if (cameras_.size() >= limits::kCamerasMax) {
    return absl::ResourceExhaustedError(absl::StrCat("camera \"", camera.id, "\": there are ",
                                                     cameras_.size(), " cameras already, at most ",
                                                     limits::kCamerasMax));
  }
  const std::string id = camera.id;
  const auto added =
      std::make_shared<Camera>(std::move(camera), ++last_ticket_,
                               Camera::Parts{loop_, options_, clock_, read_buffer_, read_turns_,
                                             tls_, ring_budget_, pool_, *this});
  cameras_.emplace(id, added);
  asio::post(loop_, [this, added] {
    live_.emplace(added->ticket(), added);
    added->Begin();
  });
  return absl::OkStatus();
}

absl::Status Fleet::Impl::Update(CameraOptions camera) {
  PATROL_RETURN_IF_ERROR(CheckCamera(camera));
  std::shared_ptr<Camera> changed;
  {
    std::lock_guard lock(mutex_);
    if (shut_down_) return absl::FailedPreconditionError("the fleet is shut down");
    const auto found = cameras_.find(camera.id);
    if (found == cameras_.end()) {
      return absl::NotFoundError(absl::StrCat("no camera \"", camera.id, "\""));
    }
    changed = found->second;
    asio::post(loop_, [changed, camera] { changed->Change(camera); });
  }
  // Without the lock: it waits for a picture call that is under way, which may call the fleet.
  changed->SetPrivacy(camera);
  return absl::OkStatus();
}

absl::Status Fleet::Impl::Remove(std::string_view camera_id) {
  std::lock_guard lock(mutex_);
  const auto found = cameras_.find(camera_id);
  if (found == cameras_.end()) {
    return absl::NotFoundError(absl::StrCat("no camera \"", std::string(camera_id), "\""));
  }
  found->second->StopPictures();
  asio::post(loop_, [removed = found->second] { removed->End(); });
  cameras_.erase(found);
  return absl::OkStatus();
}

std::shared_ptr<Camera> Fleet::Impl::Find(std::string_view camera_id) const {
  std::lock_guard lock(mutex_);
  const auto found = cameras_.find(camera_id);
  return found == cameras_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Camera>> Fleet::Impl::All() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Camera>> all;
  for (const auto& [id, camera] : cameras_) all.push_back(camera);
  return all;
}

void Fleet::Impl::Shutdown() {
  {
    std::unique_lock lock(mutex_);
    if (shut_down_) return;
    shut_down_ = true;
    asio::post(loop_, [this] {
      // End may take a camera out of live_ at once.
      const auto ending = live_;
      for (const auto& [ticket, camera] : ending) camera->End();
      std::lock_guard done(mutex_);
      ended_ = ended_ || live_.empty();
      all_ended_.notify_all();
    });
    const absl::Duration most = limits::kTeardownTimeout + kShutdownMargin;
    if (!all_ended_.wait_for(lock, absl::ToChronoNanoseconds(most), [this] { return ended_; })) {
      PATROL_LOG_WARNING("ingest: sessions are left without TEARDOWN after {}",
                         absl::FormatDuration(most));
    }
  }
  work_.reset();
  loop_.stop();
  thread_.join();
  pool_.Shutdown();
}

void Fleet::Impl::AskTurn(Camera& camera) {
  pacer_.Ask(camera.ticket(), camera.host(), camera.connects_per_host());
  Pace();
}

void Fleet::Impl::ForgetTurn(Camera& camera) { pacer_.Forget(camera.ticket()); }

void Fleet::Impl::EndTurn(Camera& camera) {
  // The host it asked with: an update may have changed it meanwhile.
  const auto turn = turn_hosts_.find(camera.ticket());
  if (turn == turn_hosts_.end()) return;
  pacer_.Release(turn->second);
  turn_hosts_.erase(turn);
  Pace();
}

// Gives their turn to those who may connect now and wakes up for the next.
void Fleet::Impl::Pace() {
  for (const ConnectPacer::Ticket ticket : pacer_.Take(clock_.Monotonic())) {
    const std::shared_ptr<Camera> camera = live_.at(ticket);
    turn_hosts_.emplace(ticket, camera->host());
    camera->OnTurn();
  }
  const uint64_t generation = ++pace_generation_;
  const absl::Duration next = pacer_.NextTake();
  if (next == absl::InfiniteDuration()) return;
  pace_timer_.expires_after(absl::ToChronoNanoseconds(next - clock_.Monotonic()));
  pace_timer_.async_wait([this, generation](const boost::system::error_code& error) {
    if (!error && generation == pace_generation_) Pace();
  });
}

void Fleet::Impl::OnStreaming(Camera& camera, bool streaming) {
  if (!options_.analysis) return;
  {
    std::lock_guard lock(attention_mutex_);
    if (streaming) {
      attention_.Begin(camera.ticket(), clock_.Monotonic());
    } else {
      attention_.End(camera.ticket());
    }
  }
  if (!streaming) camera.SetFullDecode(false);
  Decide();
}

bool Fleet::Impl::OnUnit(Camera& camera, const media::AccessUnit& unit,
                         const ActivityReading& activity, absl::Duration age) {
  if (age != absl::InfiniteDuration()) unit_age_.Observe(absl::ToDoubleSeconds(age));
  if (!options_.analysis) return false;
  Attention::Turn turn;
  {
    std::lock_guard lock(attention_mutex_);
    turn = attention_.OnUnit(camera.ticket(), unit.keyframe && !unit.damaged, activity,
                             clock_.Monotonic());
    if (unit.refresh != media::Refresh::kNone && !unit.damaged) {
      attention_.OnRefresh(camera.ticket(), clock_.Monotonic());
    }
  }
  if (turn.decide) {
    camera.HoldRing();
    Decide();
  }
  return turn.decode;
}

void Fleet::Impl::Decide() {
  std::vector<Attention::Change> changes;
  {
    std::lock_guard lock(attention_mutex_);
    changes = attention_.Decide(clock_.Monotonic());
  }
  for (const Attention::Change& change : changes) {
    const auto camera = live_.find(change.key);
    if (camera != live_.end()) camera->second->SetFullDecode(change.full);
  }
}

void Fleet::Impl::Tell(std::string_view camera_id,
                       const std::function<void(Attention&, uint64_t, absl::Duration)>& what) {
  const std::shared_ptr<Camera> camera = Find(camera_id);
  if (!camera) return;
  {
    std::lock_guard lock(attention_mutex_);
    what(attention_, camera->ticket(), clock_.Monotonic());
  }
}

void Fleet::Impl::OnPixels(std::string_view camera_id, absl::Time picture_time, bool moving) {
  const std::shared_ptr<Camera> camera = Find(camera_id);
  if (!camera) return;
  camera->NotePixels(moving);
  std::lock_guard lock(attention_mutex_);
  attention_.OnPixels(camera->ticket(), picture_time, moving, clock_.Monotonic());
}

// A few times a second: who is decoded in full; how late the loop is; what the budget allows.
void Fleet::Impl::Tick() {
  const bool measure = ++ticks_ % kTicksPerMeasure == 0;
  const absl::Duration cpu = measure ? pool_.Totals().cpu : absl::ZeroDuration();
  {
    std::lock_guard lock(attention_mutex_);
    if (ticks_ > 1) {
      const absl::Duration late =
          absl::FromChrono(std::chrono::steady_clock::now() - tick_timer_.expiry());
      loop_lag_.Add(late);
      loop_lags_.Observe(absl::ToDoubleSeconds(late));
    }
    if (measure) attention_.OnCpu(cpu, clock_.Monotonic());
  }
  Decide();
  tick_timer_.expires_after(absl::ToChronoNanoseconds(kTick));
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

CameraState Fleet::Impl::StateOf(const Camera& camera) const {
  CameraState state = camera.State();
  AttentionState attention;
  double stretch = 1;
  const absl::Duration now = clock_.Monotonic();
  {
    std::lock_guard lock(attention_mutex_);
    attention = attention_.State(camera.ticket(), now);
    stretch = attention_.stretch();
  }
  state.attention = attention.level;
  state.attention_reason = options_.analysis ? std::move(attention.why) : kNoAnalysis;
  state.attention_since = attention.level == AttentionLevel::kNone
                              ? state.since
                              : clock_.Now() - (now - attention.since);
  state.activity = attention.activity;
  state.candidates = attention.candidates;
  state.gop = attention.gop;
  state.sparse = attention.sparse;
  if (!state.blind) return state;
  if (!options_.analysis) {
    state.blind_reason = kNoAnalysis;
  } else if (state.phase != CameraPhase::kStreaming) {
    state.blind_reason = absl::StrCat("not streaming: ", state.reason);
  } else if (attention.keyless) {
    state.blind_reason =
        attention.level == AttentionLevel::kFull
            ? "it sends no keyframes, and not all of its picture has been renewed yet"
            : "it sends no keyframes, and no full decode is to be had";
  } else if (state.sparse) {
    state.blind_reason = "its keyframes are further apart than blind_after";
  } else if (stretch > 1) {
    state.blind_reason = "the CPU budget is spent";
  } else if (state.picture_time == absl::InfinitePast() && state.decode_errors == 0) {
    state.blind_reason = "no whole keyframe came yet";
  } else if (state.decode_errors > 0) {
    state.blind_reason = "its pictures come damaged or late";
  } else {
    state.blind_reason = "no whole keyframe came in time";
  }
  return state;
}

FleetState Fleet::Impl::Totals() const {
  FleetState totals;
  for (const std::shared_ptr<Camera>& camera : All()) {
    const CameraState state = camera->State();
    ++totals.cameras;
    if (state.phase == CameraPhase::kStreaming) ++totals.streaming;
    if (state.phase != CameraPhase::kOff && state.blind) ++totals.blind;
  }
  const DecodePoolStats pool = pool_.Totals();
  totals.decode_cpu = pool.cpu;
  totals.queue_units = pool.waiting;
  totals.queue_units_max = pool.waiting_max;
  totals.queue_drops = pool.dropped;
  totals.hardware = pool_.hardware();
  totals.hardware_fallbacks = pool.hardware_fallbacks;
  totals.decode_threads = options_.decode_threads;
  totals.ring_bytes = ring_budget_.bytes.load(std::memory_order_relaxed);
  totals.ring_bytes_max = ring_budget_.bytes_max;
  totals.loop_lag = loop_lags_.Collect().histogram;
  totals.unit_age = unit_age_.Collect().histogram;
  std::lock_guard lock(attention_mutex_);
  const AttentionTotals attention = attention_.Totals(clock_.Monotonic());
  totals.loop_lag_p99 = loop_lag_.P99();
  totals.budget_cores = attention.budget_cores;
  totals.used_cores = attention.used_cores;
  totals.full_decodes = attention.full_decodes;
  totals.full_decodes_allowed = attention.full_decodes_allowed;
  totals.full_decodes_waiting = attention.waiting;
  totals.sparse = attention.sparse;
  totals.stretch = attention.stretch;
  return totals;
}

void Fleet::Impl::OnPhase(Camera& camera) { states_.OnCameraState(camera.id(), camera.State()); }

void Fleet::Impl::OnEnded(Camera& camera) {
  // The camera is still on the stack, and its session's last handler too: it goes when they are
  // done.
  const auto found = live_.find(camera.ticket());
  asio::post(loop_, [gone = found->second] {});
  live_.erase(found);
  {
    std::lock_guard lock(attention_mutex_);
    attention_.Forget(camera.ticket());
  }
  std::lock_guard lock(mutex_);
  if (shut_down_ && live_.empty()) {
    ended_ = true;
    all_ended_.notify_all();
  }
}

Fleet::Fleet(FleetOptions options, const Clock& clock, PictureSink& pictures,
             CameraStateSink& states)
    : impl_(std::make_unique<Impl>(std::move(options), clock, pictures, states)) {}

Fleet::~Fleet() = default;

absl::Status Fleet::AddCamera(CameraOptions camera) { return impl_->Add(std::move(camera)); }

absl::Status Fleet::UpdateCamera(CameraOptions camera) { return impl_->Update(std::move(camera)); }

absl::Status Fleet::RemoveCamera(std::string_view camera_id) { return impl_->Remove(camera_id); }

absl::StatusOr<CameraState> Fleet::State(std::string_view camera_id) const {
  const std::shared_ptr<Camera> camera = impl_->Find(camera_id);
  if (!camera)
    return absl::NotFoundError(absl::StrCat("no camera \"", std::string(camera_id), "\""));
  return impl_->StateOf(*camera);
}

std::map<std::string, CameraState> Fleet::States() const {
  std::map<std::string, CameraState> states;
  for (const std::shared_ptr<Camera>& camera : impl_->All()) {
    states.emplace(camera->id(), impl_->StateOf(*camera));
  }
  return states;
}

FleetState Fleet::Totals() const { return impl_->Totals(); }

void Fleet::SetFocus(std::string_view camera_id, absl::Duration how_long) {
  impl_->Tell(camera_id, [&](Attention& attention, uint64_t ticket, absl::Duration now) {
    attention.SetFocus(ticket, now + how_long);
  });
}

void Fleet::SetUnattended(std::string_view camera_id, bool unattended) {
  impl_->Tell(camera_id, [&](Attention& attention, uint64_t ticket, absl::Duration) {
    attention.SetUnattended(ticket, unattended);
  });
}

void Fleet::OnMotion(std::string_view camera_id, bool moving) {
  impl_->Tell(camera_id, [&](Attention& attention, uint64_t ticket, absl::Duration now) {
    attention.OnMotion(ticket, moving, now);
  });
}

void Fleet::OnViewMoved(std::string_view camera_id, std::string why) {
  if (const std::shared_ptr<Camera> camera = impl_->Find(camera_id)) {
    camera->OnViewMoved(std::move(why));
  }
}

void Fleet::OnPixels(std::string_view camera_id, absl::Time picture_time, bool moving) {
  impl_->OnPixels(camera_id, picture_time, moving);
}

absl::StatusOr<media::Picture> Fleet::LastPicture(std::string_view camera_id) const {
  const std::shared_ptr<Camera> camera = impl_->Find(camera_id);
  if (!camera)
    return absl::NotFoundError(absl::StrCat("no camera \"", std::string(camera_id), "\""));
  return camera->LastPicture();
}

std::vector<media::AccessUnitPtr> Fleet::LastGop(const std::string& camera_id) const {
  const std::shared_ptr<Camera> camera = impl_->Find(camera_id);
  return camera ? camera->LastGop() : std::vector<media::AccessUnitPtr>();
}

absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> Fleet::Subscribe(
    const std::string& camera_id, std::shared_ptr<media::AccessUnitListener> listener,
    media::HandOver hand_over) {
  const std::shared_ptr<Camera> camera = impl_->Find(camera_id);
  if (!camera) return absl::NotFoundError(absl::StrCat("no camera \"", camera_id, "\""));
  return camera->Subscribe(std::move(listener), hand_over);
}

void Fleet::Shutdown() { impl_->Shutdown(); }

}  // namespace patrol::ingest
