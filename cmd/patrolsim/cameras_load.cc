#include "cmd/patrolsim/cameras_load.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace patrol::sim {
namespace {

using std::chrono::steady_clock;
using Ticks = std::chrono::duration<int64_t, std::ratio<1, kRtpTicksPerSecond>>;

std::string Utc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

}  // namespace

LoadRotation::LoadRotation(std::vector<SimCamera>& cameras, steady_clock::time_point start,
                           LoadOptions options)
    : cameras_(cameras),
      start_(start),
      start_utc_(absl::Now() - absl::FromChrono(steady_clock::now() - start)),
      options_(std::move(options)),
      turns_(cameras.size()),
      moving_since_(cameras.size(), -1) {
  std::iota(turns_.begin(), turns_.end(), size_t{0});
  std::shuffle(turns_.begin(), turns_.end(), std::mt19937_64(options_.seed));
}

LoadRotation::~LoadRotation() { Finish(); }

absl::Status LoadRotation::Open() {
  double most = 0;
  for (size_t i = 0; i < cameras_.size(); ++i) most += MovingPart(i);
  most /= static_cast<double>(cameras_.size());
  if (options_.moving_now > most) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--moving-now %g: something moves in %.2f of the moving clips' time at most; see --busy",
        options_.moving_now, most));
  }
  if (options_.truth_path.empty()) return absl::OkStatus();
  truth_ = std::fopen(options_.truth_path.c_str(), "w");
  if (truth_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("--truth \"", options_.truth_path, "\": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

int64_t LoadRotation::TicksNow(size_t i) const {
  return std::chrono::duration_cast<Ticks>(steady_clock::now() - start_).count() +
         cameras_[i].phase_ticks;
}

int64_t LoadRotation::NextKeyframe(size_t i, int64_t ticks) const {
  const Clip& clip = *cameras_[i].clip;
  const int64_t loop = ticks / clip.duration_ticks * clip.duration_ticks;
  for (const ClipPicture& picture : clip.pictures) {
    if (picture.keyframe && loop + picture.send_ticks >= ticks) return loop + picture.send_ticks;
  }
  return loop + clip.duration_ticks;
}

double LoadRotation::MovingPart(size_t i) const {
  int64_t moving = 0;
  for (const auto& [begin, end] : cameras_[i].moving_ticks) moving += end - begin;
  return static_cast<double>(moving) / static_cast<double>(cameras_[i].moving->duration_ticks);
}

void LoadRotation::Turn() {
  const auto count = static_cast<double>(cameras_.size());
  const double wanted =
      count * (options_.moving_now >= 0 ? options_.moving_now : options_.moving_share);
  std::vector<bool> moves(cameras_.size(), false);
  // As near to what is wanted as whole cameras come.
  double moving = 0;
  for (size_t taken = 0; taken < turns_.size(); ++taken) {
    const size_t i = turns_[next_ % turns_.size()];
    const double more = options_.moving_now >= 0 ? MovingPart(i) : 1;
    if (moving + more / 2 > wanted) break;
    moving += more;
    moves[i] = true;
    ++next_;
  }
  for (size_t i = 0; i < cameras_.size(); ++i) {
    const bool moved = moving_since_[i] >= 0;
    if (moves[i] == moved) continue;
    const int64_t at = NextKeyframe(i, TicksNow(i));
    if (moved) WriteTruth(i, at);
    moving_since_[i] = moves[i] ? at : -1;
    cameras_[i].clip = moves[i] ? cameras_[i].moving : cameras_[i].quiet;
    cameras_[i].clip_ticks = at;  // a keyframe due just before may not have been sent yet
  }
  if (truth_ != nullptr) std::fflush(truth_);
}

void LoadRotation::WriteTruth(size_t i, int64_t end_ticks) {
  if (truth_ == nullptr) return;
  const SimCamera& camera = cameras_[i];
  const int64_t duration = camera.moving->duration_ticks;
  const auto utc = [&](int64_t ticks) {
    return Utc(start_utc_ + absl::FromChrono(std::chrono::duration_cast<std::chrono::microseconds>(
                                Ticks(ticks - camera.phase_ticks))));
  };
  for (int64_t loop = moving_since_[i] / duration * duration; loop < end_ticks; loop += duration) {
    for (const auto& [begin, end] : camera.moving_ticks) {
      const int64_t from = std::max(loop + begin, moving_since_[i]);
      const int64_t to = std::min(loop + end, end_ticks);
      if (from >= to) continue;
      std::fprintf(truth_, "{\"camera\": \"%s\", \"begin\": \"%s\", \"end\": \"%s\", \"seen\": [",
                   camera.name.c_str(), utc(from).c_str(), utc(to).c_str());
      const char* between = "";
      for (const auto& [seen_begin, seen_end] : camera.seen_ticks) {
        const int64_t seen_from = std::max(loop + seen_begin, from);
        const int64_t seen_to = std::min(loop + seen_end, to);
        if (seen_from >= seen_to) continue;
        std::fprintf(truth_, "%s[\"%s\", \"%s\"]", between, utc(seen_from).c_str(),
                     utc(seen_to).c_str());
        between = ", ";
      }
      std::fprintf(truth_, "]}\n");
    }
  }
}

void LoadRotation::Finish() {
  for (size_t i = 0; i < cameras_.size(); ++i) {
    if (moving_since_[i] >= 0) WriteTruth(i, TicksNow(i));
    moving_since_[i] = -1;
  }
  if (truth_ != nullptr) std::fclose(truth_);
  truth_ = nullptr;
}

}  // namespace patrol::sim
