#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"

namespace patrol::ctl {

// How results are printed on stdout.
enum class Format { kTable, kJson, kCsv };

// What all subcommands share. Results go to stdout, diagnostics and progress to stderr.
struct Context {
  CLI::App& app;
  std::string server = "127.0.0.1:7700";  // --server, of a running patrold
  std::string token_file;                 // --token-file
  Format format = Format::kTable;         // --format
  absl::Status outcome;                   // of the command that ran; becomes the exit code
};

// What becomes of the program: 0 done, 2 when the error begins with the name of the option that is
// at fault ("--reach: ..."), else 1.
int ExitCode(const absl::Status& outcome);

// Runs `run` when `command` was asked for.
void OnRun(Context& context, CLI::App* command, std::function<absl::Status()> run);

// The subcommand of `parent` with this name; made with `description` when it is not there yet, so
// that several files can add to one group ("coverage now" and "coverage run").
CLI::App* Group(CLI::App& parent, const std::string& name, const std::string& description);

// Each adds its subcommands; one file per group, called in main.cc.
void AddAreaCommands(Context& context);      // areas.cc
void AddCameraCommands(Context& context);    // cameras.cc
void AddCameraQuiet(Context& context);       // camera_quiet.cc
void AddCoverageLive(Context& context);      // coverage_live.cc
void AddCoverageMap(Context& context);       // coverage_map.cc
void AddCoverageReach(Context& context);     // coverage_files.cc
void AddCoverageRun(Context& context);       // coverage_run.cc
void AddCoverageWindow(Context& context);    // coverage_window.cc
void AddEventCommands(Context& context);     // events.cc
void AddMatchCommands(Context& context);     // match.cc
void AddMatchFollow(Context& context);       // match_follow.cc
void AddMotionCommands(Context& context);    // motion.cc
void AddNetworkCommands(Context& context);   // network.cc
void AddPositionCommands(Context& context);  // positions.cc
void AddPostCommands(Context& context);      // posts.cc
void AddUnitCommands(Context& context);      // units.cc

}  // namespace patrol::ctl
