#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace patrol::v1 {
class MotionEvent;
}

namespace patrol::web {

// One end of the stream. Send must return at once.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // message: one JSON object, shared by all subscribers.
  virtual void Send(std::shared_ptr<const std::string> message) = 0;
};

// What every WebSocket is fed from: one WatchCoverage and one WatchMotionEvents for all of them,
// and ListUnits and ListCameras asked for at intervals while anyone listens. It keeps the last
// known of each, so that a new subscriber has a whole picture at once.
//
// A source that fails is tried again and again; heartbeats say which one and why.
//
// Threads: Start and Stop from one thread; Subscribe and Unsubscribe from any. Four threads of its
// own: one for each watch, one for the lists, one that sends what is due.
class Feed {
 public:
  struct Options {
    absl::Duration units_interval = absl::Seconds(1);
    absl::Duration cameras_interval = absl::Seconds(2);
    absl::Duration call_timeout = absl::Seconds(15);
    // Changes of motion events within this go out as one message: 350 cameras may move at once.
    absl::Duration motion_batch = absl::Milliseconds(250);
    absl::Duration heartbeat = absl::Seconds(5);
    absl::Duration retry = absl::Seconds(1);
  };

  Feed(Options options, std::shared_ptr<grpc::Channel> channel);
  ~Feed();  // Stop()

  void Start();
  // Ends the watches and joins the threads; sends nothing more. May be called more than once.
  void Stop();

  // Sends a hello and all that is known, then every change.
  void Subscribe(std::shared_ptr<Subscriber> subscriber);
  void Unsubscribe(const Subscriber* subscriber);

 private:
  // One list in its last known state: JSON by name.
  struct Listing {
    bool known = false;
    std::map<std::string, std::string> items;
  };

  void WatchCoverage();
  void WatchMotion();
  void PollLists();
  void SendWhatIsDue();

  absl::Status ReadCoverage();
  absl::Status ReadMotion(int64_t* revision);
  absl::Status ListMotionEvents();
  absl::Status PollUnits();
  absl::Status PollCameras();

  // Sends what changed from `last` to `now`, and remembers it.
  void PublishListing(std::string_view type, std::map<std::string, std::string> now, Listing* last);
  void SetSource(const std::string& source, const absl::Status& status);
  // False when stopping; otherwise after `wait`.
  bool Pause(absl::Duration wait);
  // Calls with an open context can be cancelled by Stop.
  bool Open(grpc::ClientContext* context);
  void Close(grpc::ClientContext* context);

  // all need mutex_ held
  void Broadcast(std::string message);
  std::string HeartbeatMessage() const;
  std::string MotionMessage(bool snapshot, const std::vector<std::string>& names) const;
  void KeepMotion(const std::string& name, std::string json);

  const Options options_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::vector<std::thread> threads_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // guarded by mutex_
  bool stopping_ = false;
  bool poll_now_ = false;  // someone listens who has no lists yet
  std::vector<std::shared_ptr<Subscriber>> subscribers_;
  std::set<grpc::ClientContext*> contexts_;
  std::map<std::string, std::string> sources_;  // "live" or why not
  std::string coverage_;                        // JSON of the last Coverage; empty before it
  bool motion_known_ = false;
  std::map<std::string, std::string> motion_;  // JSON by event name
  std::deque<std::string> motion_order_;       // names, oldest first
  std::vector<std::string> motion_pending_;    // names changed since the last message
  Listing units_;
  Listing cameras_;
};

}  // namespace patrol::web
