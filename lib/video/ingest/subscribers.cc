#include "lib/video/ingest/subscribers.h"

#include <utility>

namespace patrol::ingest {

class Subscribers::Subscription : public media::AccessUnitSubscription {
 public:
  Subscription(std::shared_ptr<Subscribers> subscribers,
               std::shared_ptr<media::AccessUnitListener> listener)
      : subscribers_(std::move(subscribers)), listener_(std::move(listener)) {}
  ~Subscription() override { subscribers_->Drop(listener_.get()); }

 private:
  const std::shared_ptr<Subscribers> subscribers_;
  const std::shared_ptr<media::AccessUnitListener> listener_;
};

std::unique_ptr<media::AccessUnitSubscription> Subscribers::Add(
    const std::vector<media::AccessUnitPtr>& kept, bool continues,
    std::shared_ptr<media::AccessUnitListener> listener) {
  std::lock_guard lock(mutex_);
  for (const media::AccessUnitPtr& unit : kept) listener->OnAccessUnit(unit);
  if (!continues) listener->OnBreak();
  if (ended_) {
    listener->OnEnd();
  } else {
    listeners_.push_back(listener);
  }
  return std::make_unique<Subscription>(shared_from_this(), std::move(listener));
}

void Subscribers::OnAccessUnit(const media::AccessUnitPtr& unit) {
  std::lock_guard lock(mutex_);
  for (const auto& listener : listeners_) listener->OnAccessUnit(unit);
}

void Subscribers::OnBreak() {
  std::lock_guard lock(mutex_);
  for (const auto& listener : listeners_) listener->OnBreak();
}

void Subscribers::End() {
  std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true)) return;
  for (const auto& listener : listeners_) listener->OnEnd();
  listeners_.clear();
}

void Subscribers::Withdraw() {
  std::lock_guard lock(mutex_);
  for (const auto& listener : listeners_) listener->OnWithdrawn();
  listeners_.clear();
}

void Subscribers::Drop(const media::AccessUnitListener* listener) {
  std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [&](const auto& other) { return other.get() == listener; });
}

}  // namespace patrol::ingest
