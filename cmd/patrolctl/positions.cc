// patrolctl positions import, positions replay: fixes of a file into a running service.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/fix_file.h"
#include "cmd/patrolctl/position_sender.h"
#include "cmd/patrolctl/progress.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/patrol/tracks/fix_reader.h"

namespace patrol::ctl {

namespace {

// Enough to fill a commit, few enough that acknowledgements keep coming.
constexpr size_t kFixesPerRequest = 500;
static_assert(kFixesPerRequest <= limits::kFixesPerRequestMax);
// How often a replay sends what has become due.
constexpr absl::Duration kReplayTick = absl::Milliseconds(200);

struct PositionFlags {
  FixFileFlags file;
  bool create_units = false;
  double speed = 1;
};

// What became of everything: bad rows and refused fixes by line, then the counts.
absl::Status Report(const PositionFlags& flags, const tracks::RowReport& rows,
                    const PositionSender& sender) {
  PrintRowFaults(flags.file.path, rows);
  PrintRowFaults(flags.file.path, sender.refused());
  uint64_t stored = 0;
  std::string counts;
  for (const auto& [verdict, count] : sender.verdicts()) {
    if (count == 0) continue;
    if (verdict == v1::FIX_VERDICT_ACCEPTED || verdict == v1::FIX_VERDICT_LATE ||
        verdict == v1::FIX_VERDICT_SPEED_JUMP) {
      stored += count;
    }
    absl::StrAppend(&counts, ", ", count, " ", VerdictText(verdict));
  }
  std::fprintf(stderr, "%s: %llu rows, %llu bad, %llu sent, %llu stored%s\n",
               flags.file.path.c_str(), static_cast<unsigned long long>(rows.rows),
               static_cast<unsigned long long>(rows.faulty),
               static_cast<unsigned long long>(sender.acknowledged()),
               static_cast<unsigned long long>(stored),
               counts.empty() ? "" : (" (" + counts.substr(2) + ")").c_str());
  // Duplicates are no failure: the file was imported before.
  const auto duplicates = sender.verdicts().find(v1::FIX_VERDICT_DUPLICATE);
  if (rows.rows > 0 && stored == 0 &&
      (duplicates == sender.verdicts().end() || duplicates->second == 0)) {
    return absl::InvalidArgumentError(absl::StrCat(flags.file.path, ": no fix could be imported"));
  }
  return absl::OkStatus();
}

// The stream ended too early: how far it came.
absl::Status Interrupted(const absl::Status& status, const PositionFlags& flags,
                         const PositionSender& sender) {
  return Annotate(status, absl::StrCat(flags.file.path, ": ended after ", sender.acknowledged(),
                                       " fixes were acknowledged (sending it again does no harm)"));
}

absl::Status Import(const Context& context, const PositionFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<PositionSender> sender,
                          PositionSender::Open(context, flags.create_units));
  Progress progress("fixes acknowledged", 0);
  std::vector<SentFix> batch;
  absl::Status ended;
  const absl::StatusOr<tracks::RowReport> rows =
      ReadFixFile(flags.file, [&](tracks::FixRow&& row) -> absl::Status {
        batch.push_back({std::move(row.fix), row.line});
        if (batch.size() < kFixesPerRequest) return absl::OkStatus();
        ended = sender->Send(batch);
        batch.clear();
        progress.Tell(sender->acknowledged());
        return ended;
      });
  if (!ended.ok()) return Interrupted(ended, flags, *sender);
  // A GPX file that is cut off has given what comes before the cut.
  absl::Status sent = batch.empty() ? absl::OkStatus() : sender->Send(batch);
  if (sent.ok()) sent = sender->Finish();
  progress.Clear();
  if (!sent.ok()) return Interrupted(sent, flags, *sender);
  if (!rows.ok()) {
    return Annotate(rows.status(),
                    absl::StrCat("after ", sender->acknowledged(), " fixes were imported"));
  }
  return Report(flags, *rows, *sender);
}

absl::Status Replay(const Context& context, const PositionFlags& flags) {
  if (!(flags.speed > 0 && flags.speed <= 10000)) {
    return absl::InvalidArgumentError("--speed: must be above 0 and at most 10000");
  }
  std::vector<SentFix> fixes;
  const absl::StatusOr<tracks::RowReport> rows = ReadFixFile(flags.file, [&](tracks::FixRow&& row) {
    fixes.push_back({std::move(row.fix), row.line});
    return absl::OkStatus();
  });
  if (!rows.ok()) return rows.status();
  if (fixes.empty()) {
    PrintRowFaults(flags.file.path, *rows);
    return absl::InvalidArgumentError(absl::StrCat(flags.file.path, ": no fix could be read"));
  }
  std::stable_sort(fixes.begin(), fixes.end(),
                   [](const SentFix& a, const SentFix& b) { return a.fix.time < b.fix.time; });
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<PositionSender> sender,
                          PositionSender::Open(context, flags.create_units));
  Progress progress("fixes acknowledged", fixes.size());
  const absl::Time first = fixes.front().fix.time;
  const absl::Time start = absl::Now();
  absl::Status sent;
  for (size_t next = 0; next < fixes.size() && sent.ok();) {
    const absl::Time now = absl::Now();
    std::vector<SentFix> due;
    while (next < fixes.size() && due.size() < kFixesPerRequest) {
      SentFix& fix = fixes[next];
      const absl::Time at = start + (fix.fix.time - first) / flags.speed;
      if (at > now) break;
      fix.fix.time = absl::FromUnixMicros(absl::ToUnixMicros(at));
      due.push_back(std::move(fix));
      ++next;
    }
    if (!due.empty()) {
      sent = sender->Send(due);
      progress.Tell(sender->acknowledged());
    } else {
      absl::SleepFor(kReplayTick);
    }
  }
  if (sent.ok()) sent = sender->Finish();
  progress.Clear();
  if (!sent.ok()) return Interrupted(sent, flags, *sender);
  return Report(flags, *rows, *sender);
}

void AddFileOptions(CLI::App* command, PositionFlags* flags) {
  AddFixFileOptions(command, "--file,file", &flags->file);
  command->add_flag("--create-units", flags->create_units, "add units that are not known, as cars");
}

}  // namespace

void AddPositionCommands(Context& context) {
  CLI::App* group = Group(context.app, "positions", "positions of units from files");
  auto flags = std::make_shared<PositionFlags>();

  CLI::App* import = group->add_subcommand("import", "store fixes with the times they have");
  AddFileOptions(import, flags.get());
  OnRun(context, import, [&context, flags] { return Import(context, *flags); });

  CLI::App* replay =
      group->add_subcommand("replay", "send fixes as if they were happening from now on");
  AddFileOptions(replay, flags.get());
  replay->add_option("--speed", flags->speed, "times as fast as they happened")
      ->capture_default_str();
  OnRun(context, replay, [&context, flags] { return Replay(context, *flags); });
}

}  // namespace patrol::ctl
