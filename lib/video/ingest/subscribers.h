#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "lib/video/media/access_unit.h"

namespace patrol::ingest {

// Who listens to one camera. Shared by the camera and the subscriptions, so that a subscription may
// outlive the camera and the fleet.
//
// Threads: every member may be called from any thread; listeners are called under the lock, so that
// a subscription that is dropped is dropped for good.
class Subscribers : public std::enable_shared_from_this<Subscribers> {
 public:
  // Gives the listener what was kept, then adds it. The caller sees to it that no unit comes in
  // between. After End it is told the end at once.
  // continues: whether what comes next continues what was kept; a break is told otherwise.
  std::unique_ptr<media::AccessUnitSubscription> Add(
      const std::vector<media::AccessUnitPtr>& kept, bool continues,
      std::shared_ptr<media::AccessUnitListener> listener);

  void OnAccessUnit(const media::AccessUnitPtr& unit);
  void OnBreak();
  void End();
  // What was given must not be seen; those who listen now are told and listen no longer.
  void Withdraw();

 private:
  class Subscription;
  void Drop(const media::AccessUnitListener* listener);

  std::mutex mutex_;
  // guarded by mutex_
  std::vector<std::shared_ptr<media::AccessUnitListener>> listeners_;
  bool ended_ = false;
};

}  // namespace patrol::ingest
