#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace patrol::ingest {

// Whose turn it is to connect: at most so many a second over all, at most so many in flight to one
// host, first come first served; who waits for a busy host delays nobody else.
//
// Threads: one. Times are of a monotonic clock.
class ConnectPacer {
 public:
  using Ticket = uint64_t;

  ConnectPacer(int per_second, int per_host);

  // Lines up. ticket: the caller's own, unique among those waiting. per_host: its turn comes only
  // while fewer than this are in flight to its host; 0: as given to the constructor.
  void Ask(Ticket ticket, std::string host, int per_host = 0);
  // No longer wants its turn.
  void Forget(Ticket ticket);
  // Those whose turn has come; each is now in flight until Release(host).
  std::vector<Ticket> Take(absl::Duration now);
  // A connect to `host` has succeeded or failed.
  void Release(const std::string& host);
  // When Take is next worth calling; InfiniteDuration when only a Release or Ask changes anything.
  absl::Duration NextTake() const;

  size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    Ticket ticket;
    std::string host;
    int per_host = 0;
  };
  bool HasRoom(const Waiting& waiting) const;

  const absl::Duration spacing_;
  const int per_host_;
  std::deque<Waiting> waiting_;
  absl::flat_hash_map<std::string, int> in_flight_;
  absl::Duration next_ = -absl::InfiniteDuration();
};

}  // namespace patrol::ingest
