// patrold: the service. Exit: 0 done, 1 failed, 2 wrong usage.

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "cmd/patrold/town_service.h"
#include "lib/base/heap.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/patrol/roadnet/network_file.h"
#include "lib/service/config/config.h"

namespace patrol::patrold {

namespace {

// Three descriptors a camera (over UDP), and as many again for clients, files and the store.
constexpr rlim_t kDescriptorsWanted = 4 * limits::kCamerasMax;

// What is freed between what stays is given back so often: it grows by some megabytes meanwhile.
constexpr timespec kGiveBackEvery{.tv_sec = 60, .tv_nsec = 0};

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kDescriptorsWanted) return;
  const rlim_t had = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > kDescriptorsWanted
                       ? kDescriptorsWanted
                       : limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = had;
  if (limit.rlim_cur < kDescriptorsWanted) {
    PATROL_LOG_WARNING(
        "only {} file descriptors are allowed (wanted {}): raise RLIMIT_NOFILE for many cameras",
        limit.rlim_cur, kDescriptorsWanted);
  }
}

void PrintFaults(const config::Reading& reading) {
  for (const config::Fault& fault : reading.faults) {
    std::fprintf(stderr, "%s\n", fault.Text().c_str());
  }
}

int Check(const std::string& path) {
  config::Reading reading = config::ReadConfig(path);
  if (!reading.config.network_file.empty()) {
    const auto network =
        roadnet::ReadNetworkFile(reading.config.network_file, {}, reading.config.roads);
    // A file that is not there was found already.
    if (!network.ok() && !absl::IsNotFound(network.status())) {
      reading.faults.push_back({path, 0, "network.file", std::string(network.status().message())});
    }
  }
  PrintFaults(reading);
  if (!reading.faults.empty()) {
    std::fprintf(stderr, "patrold: %zu faults in %s\n", reading.faults.size(), path.c_str());
    return 1;
  }
  std::printf("%s: good: %zu cameras, %zu units, %zu areas\n", path.c_str(),
              reading.config.cameras.size(), reading.config.units.size(),
              reading.config.areas.size());
  return 0;
}

int Serve(const std::string& path) {
  const config::Reading reading = config::ReadConfig(path);
  if (!reading.faults.empty()) {
    PrintFaults(reading);
    std::fprintf(stderr, "patrold: not started: %zu faults in %s\n", reading.faults.size(),
                 path.c_str());
    return 1;
  }
  SetUpHeaps();
  InitLog("patrold", reading.config.log_level);
  RaiseDescriptorLimit();

  // Signals are taken by this thread alone, which does nothing else but give back memory.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const auto service = TownService::Start(reading.config);
  if (!service.ok()) {
    std::fprintf(stderr, "patrold: %s\n", std::string(service.status().message()).c_str());
    return 1;
  }
  std::printf("patrold %s: grpc 127.0.0.1:%d, wall http://127.0.0.1:%d/\n", PATROL_VERSION,
              (*service)->grpc_port(), (*service)->http_port());
  std::fflush(stdout);

  while (sigtimedwait(&signals, nullptr, &kGiveBackEvery) < 0) GiveBackFreedMemory();
  PATROL_LOG_INFO("stopping");
  (*service)->Stop();
  PATROL_LOG_INFO("stopped");
  return 0;
}

}  // namespace

}  // namespace patrol::patrold

int main(int argc, char** argv) {
  patrol::InitLog("patrold", "info");
  CLI::App app("camera motion and the three-minute patrol circle: the service", "patrold");
  app.set_version_flag("--version", PATROL_VERSION);
  app.require_subcommand(1);
  std::string path;
  CLI::App* serve = app.add_subcommand("serve", "run the service until SIGINT or SIGTERM");
  CLI::App* check = app.add_subcommand("check", "validate a configuration, naming every fault");
  for (CLI::App* command : {serve, check}) {
    command->add_option("--config", path, "YAML file; deploy/patrold.yaml shows every field")
        ->required();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return *check ? patrol::patrold::Check(path) : patrol::patrold::Serve(path);
}
