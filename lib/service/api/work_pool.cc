#include "lib/service/api/work_pool.h"

#include <pthread.h>

#include <optional>
#include <utility>

namespace patrol::api {

WorkPool::WorkPool(int threads, size_t waiting_max) : queue_(waiting_max, Overflow::kRefuseNewest) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "api-worker");
      while (std::optional<std::function<void()>> task = queue_.Pop()) (*task)();
    });
  }
}

WorkPool::~WorkPool() { Stop(); }

bool WorkPool::Run(std::function<void()> task) { return queue_.Push(std::move(task)); }

void WorkPool::Stop() {
  queue_.Close();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace patrol::api
