#include "lib/video/rtsp/read_turns.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace patrol::rtsp {
namespace {

using boost::system::error_code;

// For which it reads before the loop looks at its timers again.
constexpr std::chrono::milliseconds kSlice{1};
constexpr int kEventsAtOnce = 256;

absl::Status NoMore(const char* what) {
  return absl::ResourceExhaustedError(
      absl::StrCat(what, ": ", std::generic_category().message(errno)));
}

}  // namespace

ReadTurns::ReadTurns(asio::io_context& loop) : loop_(loop), epoll_(loop) {}

ReadTurns::~ReadTurns() = default;

absl::Status ReadTurns::Open() {
  if (epoll_.is_open()) return absl::OkStatus();
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) return NoMore("epoll_create1");
  error_code error;
  epoll_.assign(descriptor, error);
  if (error) {
    ::close(descriptor);
    return absl::ResourceExhaustedError(absl::StrCat("epoll: ", error.message()));
  }
  Arm();
  return absl::OkStatus();
}

absl::StatusOr<ReadTurns::Watch> ReadTurns::Add(int socket, std::function<bool()> read) {
  const absl::Status opened = Open();
  if (!opened.ok()) return opened;
  const Ticket ticket = ++last_ticket_;
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  event.data.u64 = ticket;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) {
    return NoMore("epoll_ctl");
  }
  watched_.emplace(ticket, std::make_shared<Watched>(Watched{socket, std::move(read)}));
  return Watch(weak_from_this(), ticket);
}

void ReadTurns::Forget(Ticket ticket) {
  const auto found = watched_.find(ticket);
  if (found == watched_.end()) return;
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, found->second->socket, nullptr);
  watched_.erase(found);
}

void ReadTurns::Arm() {
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [weak = weak_from_this()](const error_code& error) {
                      const std::shared_ptr<ReadTurns> self = weak.lock();
                      if (!error && self != nullptr) self->Post();
                    });
}

void ReadTurns::Post() {
  asio::post(loop_, [weak = weak_from_this()] {
    if (const std::shared_ptr<ReadTurns> self = weak.lock()) self->Run();
  });
}

void ReadTurns::Run() {
  Collect();
  // Also when a read throws: the others go on.
  const absl::Cleanup go_on = [this] { waiting_.empty() ? Arm() : Post(); };
  const auto end = std::chrono::steady_clock::now() + kSlice;
  while (!waiting_.empty()) {
    const Ticket ticket = waiting_.front();
    waiting_.pop_front();
    const auto found = watched_.find(ticket);
    if (found == watched_.end()) continue;
    const std::shared_ptr<Watched> watched = found->second;  // it may be forgotten within its read
    watched->waiting = false;
    const bool more = watched->read();
    if (more || std::exchange(watched->over, false)) Queue(ticket, *watched);
    if (std::chrono::steady_clock::now() >= end) return;
  }
}

void ReadTurns::Collect() {
  std::array<epoll_event, kEventsAtOnce> events;
  int count = kEventsAtOnce;
  while (count == kEventsAtOnce) {
    count = ::epoll_wait(epoll_.native_handle(), events.data(), kEventsAtOnce, 0);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      const auto found = watched_.find(event.data.u64);
      if (found == watched_.end()) continue;
      if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) found->second->over = true;
      Queue(found->first, *found->second);
    }
  }
}

void ReadTurns::Queue(Ticket ticket, Watched& watched) {
  if (std::exchange(watched.waiting, true)) return;
  waiting_.push_back(ticket);
}

ReadTurns::Watch& ReadTurns::Watch::operator=(Watch&& other) noexcept {
  if (this == &other) return *this;
  Stop();
  turns_ = std::exchange(other.turns_, {});
  ticket_ = other.ticket_;
  return *this;
}

void ReadTurns::Watch::Stop() {
  if (const std::shared_ptr<ReadTurns> turns = turns_.lock()) turns->Forget(ticket_);
  turns_.reset();
}

}  // namespace patrol::rtsp
