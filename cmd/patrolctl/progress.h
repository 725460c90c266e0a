#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace patrol::ctl {

// A line on stderr that tells how far long work is; only on a terminal, at most five times a
// second.
//
// Threads: one at a time.
class Progress {
 public:
  // what: what is counted, e.g. "fixes acknowledged". total: 0 when not known.
  Progress(std::string what, uint64_t total);
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Tell(uint64_t done);
  // Makes room for another line on stderr.
  void Clear();

 private:
  const std::string what_;
  const uint64_t total_;
  const bool terminal_;
  bool shown_ = false;
  absl::Time next_ = absl::InfinitePast();
};

}  // namespace patrol::ctl
