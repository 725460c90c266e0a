#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <utility>

namespace patrol::rtsp {

// Reads of the sessions of one loop, in the order in which their sockets had something, a slice of
// time at once: between two slices the loop runs its timers. Asio alone hands over up to 128
// sockets before it looks at a timer, and runs that timer behind the next 128: with seven hundred
// cameras that send at the same instant, 10 ms late.
//
// Threads: the loop's.
class ReadTurns {
 public:
  void Add(std::function<void()> read) { waiting_.push_back(std::move(read)); }
  bool empty() const { return waiting_.empty(); }

  // Runs what waits until nothing does or the slice is over; at least one.
  void Run(std::chrono::steady_clock::duration slice) {
    const auto end = std::chrono::steady_clock::now() + slice;
    while (!waiting_.empty()) {
      const std::function<void()> read = std::move(waiting_.front());
      waiting_.pop_front();
      read();
      if (std::chrono::steady_clock::now() >= end) return;
    }
  }

 private:
  std::deque<std::function<void()>> waiting_;
};

// At once where there are no turns.
inline void ReadInTurn(ReadTurns* turns, std::function<void()> read) {
  if (turns == nullptr) {
    read();
  } else {
    turns->Add(std::move(read));
  }
}

}  // namespace patrol::rtsp
