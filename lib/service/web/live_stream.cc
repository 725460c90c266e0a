#include "lib/service/web/live_stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"

namespace patrol::web {

// Shared with the camera's side, so that no wake-up from there can end the stream itself.
struct LiveStream::Waker {
  explicit Waker(asio::any_io_executor executor) : timer(std::move(executor)) {}
  asio::steady_timer timer;  // on the strand
};

LiveStream::LiveStream(LiveViewers* viewers, std::string camera_id, asio::any_io_executor executor)
    : viewers_(viewers),
      camera_id_(std::move(camera_id)),
      waker_(std::make_shared<Waker>(executor)),
      queue_(std::make_shared<media::UnitQueue>(
          limits::kLiveQueueUnitsMax, limits::kLiveQueueBytesMax,
          [waker = waker_, executor] {
            asio::post(executor, [waker] { waker->timer.cancel(); });
          })),
      last_unit_(absl::Now()) {}

LiveStream::~LiveStream() {
  Cut();
  viewers_->units_dropped_ += queue_->dropped();
  viewers_->Forget(this);
}

void LiveStream::Cut() {
  std::lock_guard lock(mutex_);
  cut_ = true;
  subscription_.reset();
}

void LiveStream::Stop(std::string reason) {
  stopped_ = std::move(reason);
  waker_->timer.cancel();
}

asio::awaitable<absl::StatusOr<std::vector<LiveStream::Frame>>> LiveStream::Next() {
  while (true) {
    if (!stopped_.empty()) co_return absl::CancelledError(stopped_);
    absl::StatusOr<std::vector<Frame>> taken = Take();
    if (!taken.ok() || !taken->empty()) co_return taken;
    if (queue_->withdrawn()) {
      co_return absl::PermissionDeniedError(absl::StrCat(
          "camera \"", camera_id_, "\" was given a privacy mask: it has no live view"));
    }
    if (queue_->ended()) {
      co_return absl::NotFoundError(absl::StrCat("camera \"", camera_id_, "\" was removed"));
    }
    if (queue_->dropped() > limits::kLiveUnitsDroppedMax) {
      co_return absl::ResourceExhaustedError(
          absl::StrCat("too slow: ", queue_->dropped(), " pictures were dropped"));
    }
    if (absl::Now() - last_unit_ > limits::kLiveSilenceMax) {
      co_return absl::UnavailableError(absl::StrCat("camera \"", camera_id_, "\": no picture for ",
                                                    absl::ToInt64Seconds(limits::kLiveSilenceMax),
                                                    " s"));
    }
    viewers_->cameras_->Focus(camera_id_, 2 * limits::kLiveFocusInterval);
    // Nothing can come between Take and this wait unseen: wake-ups run on this strand.
    waker_->timer.expires_after(absl::ToChronoNanoseconds(limits::kLiveFocusInterval));
    boost::system::error_code woken;
    co_await waker_->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

absl::StatusOr<std::vector<LiveStream::Frame>> LiveStream::Take() {
  std::vector<Frame> frames;
  bool joins = false;  // the last frame is made of fragments
  while (std::optional<media::UnitQueue::Item> item = queue_->Pop()) {
    last_unit_ = absl::Now();
    if (item->after_gap) writer_.Break();
    absl::StatusOr<media::Fmp4Piece> piece = writer_.Write(*item->unit);
    if (absl::IsUnimplemented(piece.status()) || absl::IsPermissionDenied(piece.status())) {
      return piece.status();
    }
    if (!piece.ok()) {
      PATROL_LOG_DEBUG("camera \"{}\": live view: {}", camera_id_,
                       std::string(piece.status().message()));
      continue;
    }
    if (piece->init) {
      frames.push_back({true, absl::StrCat(R"({"type":"init","codec":")", piece->init->codec,
                                           R"(","width":)", piece->init->width, R"(,"height":)",
                                           piece->init->height, R"(,"startTime":")",
                                           absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ",
                                                            *writer_.start(), absl::UTCTimeZone()),
                                           "\"}")});
      frames.push_back({false, {piece->init->bytes.begin(), piece->init->bytes.end()}});
      joins = false;
    }
    if (piece->fragment.empty()) continue;
    if (!joins) frames.emplace_back();
    joins = true;
    frames.back().bytes.append(piece->fragment.begin(), piece->fragment.end());
  }
  return frames;
}

absl::StatusOr<std::shared_ptr<LiveStream>> LiveViewers::Open(const std::string& camera_id,
                                                              asio::any_io_executor executor) {
  if (cameras_ == nullptr) return absl::UnimplementedError("live view is not offered here");
  auto stream = std::make_shared<LiveStream>(this, camera_id, std::move(executor));
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return absl::UnavailableError("the service stops");
    if (streams_.size() >= limits::kLiveViewersMax) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "live view of \"", camera_id, "\": ", streams_.size(), " are open, the limit"));
    }
    streams_.push_back(stream.get());
    ++open_;
  }
  std::lock_guard lock(stream->mutex_);
  absl::StatusOr<std::unique_ptr<media::AccessUnitSubscription>> subscription =
      cameras_->Watch(camera_id, stream->queue_);
  if (!subscription.ok()) return subscription.status();
  if (stream->queue_->codec() == media::Codec::kMjpeg) {
    return absl::UnimplementedError(
        absl::StrCat("camera \"", camera_id, "\" gives MJPEG: ask for stills"));
  }
  if (stream->cut_) return absl::UnavailableError("the service stops");
  stream->subscription_ = *std::move(subscription);
  // At once: where pictures wait already, Next has nothing to wait for.
  cameras_->Focus(camera_id, 2 * limits::kLiveFocusInterval);
  return stream;
}

absl::StatusOr<std::string> LiveViewers::ClipPath(const std::string& event_id) {
  if (cameras_ == nullptr) return absl::UnimplementedError("clips are not offered here");
  return cameras_->ClipPath(event_id);
}

void LiveViewers::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  for (LiveStream* stream : streams_) stream->Cut();
}

void LiveViewers::Forget(LiveStream* stream) {
  std::lock_guard lock(mutex_);
  if (std::erase(streams_, stream) > 0) --open_;
}

}  // namespace patrol::web
