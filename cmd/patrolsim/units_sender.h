#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/unit.h"

namespace patrol::sim {

// What a sender has counted.
struct SenderCounts {
  uint64_t sent = 0;          // fixes, repeated ones too
  uint64_t acknowledged = 0;  // fixes
  uint64_t stored = 0;        // of them
  uint64_t reconnects = 0;
  std::map<std::string, uint64_t> verdicts;  // of fixes that were not simply accepted
};

// Brings units and fixes to a running service over gRPC and waits for every acknowledgement; goes
// on by itself when the service was away. SIGINT and SIGTERM end it: they are taken from the whole
// process while a sender lives.
//
// Threads: one at a time.
class UnitSender {
 public:
  // server: HOST:PORT. Made before any other thread is.
  explicit UnitSender(const std::string& server);
  ~UnitSender();
  UnitSender(const UnitSender&) = delete;
  UnitSender& operator=(const UnitSender&) = delete;

  // Creates or changes a unit; waits for the service while it is not there.
  // Errors: what the service answers, naming the unit; CANCELLED when asked to stop.
  absl::Status PutUnit(const tracks::Unit& unit);

  // Sends fixes as one request and waits for its acknowledgement, as often as it takes.
  // Errors: what the service answers for good; CANCELLED when asked to stop.
  absl::Status Send(const std::vector<tracks::Fix>& fixes);

  // Sleeps until then or until asked to stop.
  void WaitUntil(absl::Time time);

  bool stopping() const { return stop_; }
  const SenderCounts& counts() const { return counts_; }

 private:
  struct Connection;

  void Watch();
  absl::Status SendOnce(const std::vector<tracks::Fix>& fixes);
  // Waits a little longer each time; tells why. False when asked to stop.
  bool BackOff(const absl::Status& status);
  void Hang(bool on);

  std::unique_ptr<Connection> connection_;
  SenderCounts counts_;
  int64_t sequence_ = 0;
  absl::Duration back_off_;

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;                                  // guarded by mutex_
  absl::Time waiting_since_ = absl::InfiniteFuture();  // for an answer; guarded by mutex_
  std::thread watcher_;
};

}  // namespace patrol::sim
