#include "lib/service/api/stream_registry.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace patrol::api {

absl::Status StreamRegistry::Add(const std::shared_ptr<OpenStream>& stream) {
  std::lock_guard lock(mutex_);
  if (closed_) return absl::UnavailableError("the service is shutting down");
  if (streams_.size() >= streams_max_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("streams: ", streams_max_, " are open already, at most that many can be"));
  }
  streams_.emplace(stream.get(), stream);
  return absl::OkStatus();
}

void StreamRegistry::Remove(const OpenStream* stream) {
  std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

void StreamRegistry::EndAll(const absl::Status& status) {
  std::vector<std::shared_ptr<OpenStream>> open;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [key, stream] : streams_) {
      if (std::shared_ptr<OpenStream> alive = stream.lock()) open.push_back(std::move(alive));
    }
  }
  for (const std::shared_ptr<OpenStream>& stream : open) stream->End(status);
}

size_t StreamRegistry::size() const {
  std::lock_guard lock(mutex_);
  return streams_.size();
}

}  // namespace patrol::api
