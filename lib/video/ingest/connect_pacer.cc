#include "lib/video/ingest/connect_pacer.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace patrol::ingest {

ConnectPacer::ConnectPacer(int per_second, int per_host)
    : spacing_(absl::Seconds(1) / std::max(per_second, 1)), per_host_(std::max(per_host, 1)) {}

void ConnectPacer::Ask(Ticket ticket, std::string host, int per_host) {
  waiting_.push_back({ticket, std::move(host), per_host > 0 ? per_host : per_host_});
}

void ConnectPacer::Forget(Ticket ticket) {
  std::erase_if(waiting_, [ticket](const Waiting& waiting) { return waiting.ticket == ticket; });
}

bool ConnectPacer::HasRoom(const Waiting& waiting) const {
  const auto found = in_flight_.find(waiting.host);
  return found == in_flight_.end() || found->second < waiting.per_host;
}

std::vector<ConnectPacer::Ticket> ConnectPacer::Take(absl::Duration now) {
  std::vector<Ticket> taken;
  // The pace is not saved up: after a pause only one goes at once, then one per spacing.
  while (now >= next_) {
    const auto next = std::find_if(waiting_.begin(), waiting_.end(),
                                   [this](const Waiting& w) { return HasRoom(w); });
    if (next == waiting_.end()) break;
    ++in_flight_[next->host];
    taken.push_back(next->ticket);
    waiting_.erase(next);
    next_ = std::max(next_, now) + spacing_;
  }
  return taken;
}

void ConnectPacer::Release(const std::string& host) {
  const auto found = in_flight_.find(host);
  PATROL_CHECK(found != in_flight_.end());
  if (--found->second == 0) in_flight_.erase(found);
}

absl::Duration ConnectPacer::NextTake() const {
  const bool any = std::any_of(waiting_.begin(), waiting_.end(),
                               [this](const Waiting& w) { return HasRoom(w); });
  return any ? next_ : absl::InfiniteDuration();
}

}  // namespace patrol::ingest
