#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/service/api/grpc_status.h"
#include "lib/service/api/stream_registry.h"

namespace patrol::api {

// A server-streaming call without a thread: whenever the last message is written, or Wake is
// called, it pulls the next from its subclass. At most one message is under way, so that a slow
// reader costs no memory; what it means to be slow is the subclass's to say.
//
// Life: made with std::make_shared, begun with Begin, kept alive by itself until gRPC is done with
// it. Threads: every member may be called from any thread; Pull is never called twice at once.
template <typename Message>
class PulledStream : public grpc::ServerWriteReactor<Message>,
                     public OpenStream,
                     public std::enable_shared_from_this<PulledStream<Message>> {
 public:
  explicit PulledStream(StreamRegistry& registry) : registry_(registry) {}

  // Begins to write; finishes with an error at once when there are too many streams.
  grpc::ServerWriteReactor<Message>* Begin() {
    self_ = this->shared_from_this();
    if (const absl::Status added = registry_.Add(self_); !added.ok()) {
      End(added);
    } else {
      OnBegin();
      Wake();
    }
    return this;
  }

  // There may be something to pull.
  void Wake() {
    {
      std::lock_guard lock(mutex_);
      if (finished_) return;
      if (busy_) {
        woken_ = true;
        return;
      }
      busy_ = true;
    }
    Pump();
  }

  void End(absl::Status status) override {
    {
      std::lock_guard lock(mutex_);
      if (finished_ || end_.has_value()) return;
      end_ = std::move(status);
      if (busy_) return;  // whoever is busy finishes
      finished_ = true;
    }
    this->Finish(ToGrpc(*end_));
  }

 protected:
  // Called once before the first Pull, e.g. to subscribe.
  virtual void OnBegin() {}

  // Fills `message`: true. Nothing to send now: false; Wake tells when to ask again. An error ends
  // the stream. Must not block.
  virtual absl::StatusOr<bool> Pull(Message* message) = 0;

  // Called once after the last Pull, e.g. to unsubscribe.
  virtual void OnEnd() {}

 private:
  // Called by the one that set busy_.
  void Pump() {
    enum class Next { kPull, kWrite, kFinish, kRest };
    Next next = Next::kPull;
    while (next == Next::kPull) {
      {
        std::lock_guard lock(mutex_);
        woken_ = false;
        if (end_.has_value()) next = Next::kFinish;
      }
      if (next == Next::kFinish) break;
      message_.Clear();
      const absl::StatusOr<bool> pulled = Pull(&message_);
      std::lock_guard lock(mutex_);
      if (!pulled.ok() && !end_.has_value()) end_ = pulled.status();
      if (end_.has_value()) {
        next = Next::kFinish;
      } else if (*pulled) {
        next = Next::kWrite;  // busy_ until OnWriteDone
      } else if (!woken_) {
        next = Next::kRest;
        busy_ = false;
      }
    }
    // Not under the lock: what these lead to may run on another thread before they return.
    if (next == Next::kWrite) {
      this->StartWrite(&message_);
    } else if (next == Next::kFinish) {
      // Still busy, so that nobody else finishes; nothing changes end_ any more.
      this->Finish(ToGrpc(*end_));
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) End(absl::CancelledError("the reader is gone"));
    Pump();
  }

  void OnCancel() override { End(absl::CancelledError("the reader is gone")); }

  void OnDone() override {
    OnEnd();
    registry_.Remove(this);
    self_.reset();  // may delete this
  }

  StreamRegistry& registry_;
  std::shared_ptr<PulledStream> self_;  // until gRPC is done
  Message message_;                     // of whoever is busy

  std::mutex mutex_;
  // guarded by mutex_
  bool busy_ = false;      // a Pull or a write is under way
  bool woken_ = false;     // Wake was called meanwhile
  bool finished_ = false;  // End has finished, for nobody was busy
  std::optional<absl::Status> end_;
};

}  // namespace patrol::api
