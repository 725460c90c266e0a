#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/base/asio.h"

namespace patrol::rtsp {

// Reads of the sessions of one loop, in the order in which their sockets had something, a slice of
// time at once: between two slices the loop runs its timers. It runs itself on the loop, and has an
// epoll of its own for the sockets, edge-triggered: Asio (1.74) arms a socket anew for each wait or
// reads it once more in vain for each read (benchmarks/RESULTS.md, "receive only"); and it hands
// over up to 128 sockets before it looks at a timer.
//
// Threads: the loop's. It may end before the loop does, also within a read.
class ReadTurns : public std::enable_shared_from_this<ReadTurns> {
 public:
  class Watch;

  explicit ReadTurns(asio::io_context& loop);
  ~ReadTurns();
  ReadTurns(const ReadTurns&) = delete;
  ReadTurns& operator=(const ReadTurns&) = delete;

  // From now on, and until the Watch is destroyed, which must be before the socket is closed,
  // `read` gets a turn whenever something has come on the socket since its last: also what is there
  // now, the end of the stream and an error. It reads until there is no more; or it returns true,
  // when there may be more, and gets another turn behind the others. It may destroy its Watch.
  // Errors: RESOURCE_EXHAUSTED when the system gives no more descriptors or memory.
  absl::StatusOr<Watch> Add(int socket, std::function<bool()> read);

 private:
  using Ticket = uint64_t;
  struct Watched {
    int socket = -1;
    std::function<bool()> read;
    bool waiting = false;  // it stands in waiting_
    bool over = false;     // the other side has closed: what it sent last may hide that
  };

  absl::Status Open();
  void Arm();
  void Post();
  void Run();
  void Collect();
  void Queue(Ticket ticket, Watched& watched);
  void Forget(Ticket ticket);

  asio::io_context& loop_;
  asio::posix::stream_descriptor epoll_;
  Ticket last_ticket_ = 0;
  absl::flat_hash_map<Ticket, std::shared_ptr<Watched>> watched_;
  std::deque<Ticket> waiting_;
};

// Watches as long as it lives.
class ReadTurns::Watch {
 public:
  Watch() = default;  // watches nothing
  Watch(Watch&& other) noexcept { *this = std::move(other); }
  Watch& operator=(Watch&& other) noexcept;
  ~Watch() { Stop(); }

  void Stop();

 private:
  friend class ReadTurns;
  Watch(std::weak_ptr<ReadTurns> turns, Ticket ticket)
      : turns_(std::move(turns)), ticket_(ticket) {}

  std::weak_ptr<ReadTurns> turns_;
  Ticket ticket_ = 0;
};

}  // namespace patrol::rtsp
