#pragma once

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "lib/base/bounded_queue.h"

namespace patrol::api {

// A fixed number of threads for calls that may wait for the disk, so that the threads gRPC calls
// back on never do.
//
// Threads: every member may be called from any thread.
class WorkPool {
 public:
  // waiting_max: tasks that may wait for a thread.
  WorkPool(int threads, size_t waiting_max);
  ~WorkPool();  // Stop()
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // False when too many are waiting, or the pool has stopped; then `task` is not run.
  [[nodiscard]] bool Run(std::function<void()> task);

  // Runs what waits and ends the threads.
  void Stop();

  // Tasks refused since it was made.
  uint64_t refused() const { return queue_.dropped(); }

 private:
  BoundedQueue<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace patrol::api
