#include "lib/patrol/coverage/mode_graphs.h"

#include <cstddef>
#include <utility>

namespace patrol::coverage {

ModeGraphs::ModeGraphs(std::shared_ptr<const roadnet::Network> network, const Options& options)
    : network_(std::move(network)), options_(options) {
  for (size_t mode = 0; mode < roadnet::kModeCount; ++mode) {
    graphs_[mode] = std::make_unique<const roadnet::SearchGraph>(
        *network_, static_cast<roadnet::Mode>(mode), options[mode]);
  }
}

}  // namespace patrol::coverage
