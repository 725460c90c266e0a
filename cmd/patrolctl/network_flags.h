#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/network_builder.h"
#include "lib/patrol/roadnet/waivers.h"

namespace patrol::ctl {

// A road network and how to read it: the same options in every subcommand that takes one.
struct NetworkFlags {
  std::string path;
  std::string columns;  // of vector files
  std::string waive;    // rules that do not bind a mode
};

// Adds --network, --network-columns and --waive.
// Returns: the option --network, to be made required or not.
CLI::Option* AddNetworkOptions(CLI::App* command, NetworkFlags* flags);

// What --waive says. Errors: INVALID_ARGUMENT naming it.
absl::StatusOr<roadnet::Waivers> ReadWaivers(const NetworkFlags& flags);

// What --mode says. Errors: INVALID_ARGUMENT naming it.
absl::StatusOr<roadnet::Mode> ReadModeFlag(const std::string& mode);

// Reads it. report: filled where given.
// Errors: naming the option at fault, or the file.
absl::StatusOr<roadnet::Network> ReadNetwork(const NetworkFlags& flags,
                                             roadnet::NetworkReport* report = nullptr);

}  // namespace patrol::ctl
