#include "lib/base/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace patrol {
namespace {

// Fields of /proc/self/stat from the third on (proc(5)), those behind the program's name, which may
// itself hold blanks and brackets.
std::vector<double> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');
  std::vector<double> fields;
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(line.substr(name_end + 1));
  std::string state;
  rest >> state;
  fields.push_back(0);  // the state, a letter
  for (double value = 0; rest >> value;) fields.push_back(value);
  return fields;
}

// Seconds since 1970 at which the machine started; 0 when it can't be told.
double BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

}  // namespace

MetricFamilies ProcessMetrics::Collect() const {
  MetricFamilies families;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    families.push_back(Counter("process_cpu_seconds_total",
                               "CPU time of the process, user and system, seconds",
                               seconds(usage.ru_utime) + seconds(usage.ru_stime)));
  }
  // proc(5): num_threads is field 20, starttime 22, vsize 23, rss 24; ours begin with field 3.
  if (const std::vector<double> fields = StatFields(); fields.size() > 21) {
    families.push_back(Gauge("process_resident_memory_bytes", "resident memory, bytes",
                             fields[21] * static_cast<double>(sysconf(_SC_PAGESIZE))));
    families.push_back(Gauge("process_virtual_memory_bytes", "virtual memory, bytes", fields[20]));
    families.push_back(Gauge("process_threads", "threads", fields[17]));
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    if (const double boot = BootTime(); boot > 0) {
      families.push_back(Gauge("process_start_time_seconds",
                               "when the process started, seconds since 1970",
                               boot + fields[19] / ticks));
    }
  }
  std::error_code fault;
  size_t open = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", fault);
       !fault && entry != std::filesystem::directory_iterator(); entry.increment(fault)) {
    ++open;
  }
  if (!fault && open > 0) {
    // Less the one that lists them.
    families.push_back(
        Gauge("process_open_fds", "open file descriptors", static_cast<double>(open - 1)));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(
        Gauge("process_max_fds", "file descriptors allowed", static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

}  // namespace patrol
