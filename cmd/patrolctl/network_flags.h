#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/network_builder.h"

namespace patrol::ctl {

// A road network and how to read it: the same options in every subcommand that takes one.
struct NetworkFlags {
  std::string path;
  std::string columns;  // of vector files
};

// Adds --network and --network-columns.
// Returns: the option --network, to be made required or not.
CLI::Option* AddNetworkOptions(CLI::App* command, NetworkFlags* flags);

// Reads it. report: filled where given.
// Errors: naming the option at fault, or the file.
absl::StatusOr<roadnet::Network> ReadNetwork(const NetworkFlags& flags,
                                             roadnet::NetworkReport* report = nullptr);

}  // namespace patrol::ctl
