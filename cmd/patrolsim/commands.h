#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"

namespace patrol::sim {

// What all subcommands share. Results go to stdout, diagnostics and progress to stderr.
struct Context {
  CLI::App& app;
  absl::Status outcome;  // of the command that ran; becomes the exit code
};

// Runs `run` when `command` was asked for.
void OnRun(Context& context, CLI::App* command, std::function<absl::Status()> run);

// Each adds its subcommand; one file (or file group) per subcommand, called in main.cc.
void AddCamerasCommand(Context& context);  // cameras.cc
void AddTownCommand(Context& context);     // town.cc
void AddUnitsCommand(Context& context);    // units.cc

}  // namespace patrol::sim
