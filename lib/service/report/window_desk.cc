#include "lib/service/report/window_desk.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"

namespace patrol::report {
namespace {

// The least there is: a window can wait, a camera's picture cannot.
constexpr int kNice = 19;

bool Finished(WindowDesk::State state) {
  return state == WindowDesk::State::kDone || state == WindowDesk::State::kFailed;
}

absl::Status NotFound(const std::string& id) {
  return absl::NotFoundError(absl::StrCat(
      "window \"", id, "\": not known; windows are kept until the service ends, the newest ",
      limits::kWindowsKeptMax, " of them"));
}

}  // namespace

WindowDesk::WindowDesk(store::Store& store, std::function<Town()> town, const Clock& clock)
    : store_(store), town_(std::move(town)), clock_(clock) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

WindowDesk::~WindowDesk() { Stop(); }

absl::StatusOr<WindowDesk::Ticket> WindowDesk::Order(const WindowOrder& order) {
  const absl::Status fault = CheckOrder(order);
  if (!fault.ok()) return fault;
  std::lock_guard lock(mutex_);
  if (stopped_) return absl::UnavailableError("the service is shutting down");
  const auto waiting = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) {
    return job->ticket.state == State::kWaiting;
  });
  if (static_cast<size_t>(waiting) >= limits::kWindowsWaitingMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat(waiting, " windows wait to be computed already; try again later"));
  }
  auto job = std::make_shared<Job>();
  job->ticket.order = order;
  job->ticket.created = clock_.Now();
  // Two runs of the service never give out the same one.
  job->ticket.id = absl::StrCat(
      absl::FormatTime("%Y%m%dT%H%M%S", job->ticket.created, absl::UTCTimeZone()), "-", ++count_);
  jobs_.push_back(job);
  MakeRoom();
  ordered_.notify_one();
  return job->ticket;
}

absl::StatusOr<WindowDesk::Ticket> WindowDesk::Get(const std::string& id) const {
  std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Job>& job : jobs_) {
    if (job->ticket.id == id) return job->ticket;
  }
  return NotFound(id);
}

std::vector<WindowDesk::Ticket> WindowDesk::List() const {
  std::lock_guard lock(mutex_);
  std::vector<Ticket> tickets;
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) tickets.push_back((*job)->ticket);
  return tickets;
}

absl::Status WindowDesk::Remove(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto job = std::find_if(jobs_.begin(), jobs_.end(),
                                [&](const auto& other) { return other->ticket.id == id; });
  if (job == jobs_.end()) return NotFound(id);
  (*job)->stop.request_stop();
  jobs_.erase(job);
  return absl::OkStatus();
}

void WindowDesk::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const std::shared_ptr<Job>& job : jobs_) job->stop.request_stop();
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void WindowDesk::Run(const std::stop_token& stop) {
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  const auto next = [this] {
    return std::find_if(jobs_.begin(), jobs_.end(),
                        [](const auto& job) { return job->ticket.state == State::kWaiting; });
  };
  std::unique_lock lock(mutex_);
  while (ordered_.wait(lock, stop, [&] { return next() != jobs_.end(); })) {
    if (stopped_) return;
    const std::shared_ptr<Job> job = *next();
    job->ticket.state = State::kRunning;
    lock.unlock();
    Compute(job);
    lock.lock();
  }
}

void WindowDesk::Compute(const std::shared_ptr<Job>& job) {
  absl::StatusOr<WindowReport> report = ComputeStoredWindow(
      store_, town_(), job->ticket.order, job->stop.get_token(), [&](double share) {
        std::lock_guard lock(mutex_);
        job->ticket.progress = share;
      });
  std::lock_guard lock(mutex_);
  if (report.ok()) {
    job->ticket.state = State::kDone;
    job->ticket.progress = 1;
    job->ticket.report = std::make_shared<const WindowReport>(*std::move(report));
  } else {
    job->ticket.state = State::kFailed;
    job->ticket.failure = report.status();
    // What was asked is wrong, or no longer wanted: the asker is told.
    const bool of_asker = absl::IsCancelled(report.status()) || absl::IsNotFound(report.status()) ||
                          absl::IsInvalidArgument(report.status());
    if (!of_asker) {
      PATROL_LOG_ERROR("window {}: {}", job->ticket.id, std::string(report.status().message()));
    }
  }
  MakeRoom();
}

void WindowDesk::MakeRoom() {
  auto finished = std::count_if(jobs_.begin(), jobs_.end(),
                                [](const auto& job) { return Finished(job->ticket.state); });
  for (auto job = jobs_.begin(); static_cast<size_t>(finished) > limits::kWindowsKeptMax;) {
    if (!Finished((*job)->ticket.state)) {
      ++job;
      continue;
    }
    job = jobs_.erase(job);
    --finished;
  }
}

}  // namespace patrol::report
