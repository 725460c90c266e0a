#include "lib/patrol/coverage/reach_kernel.h"

#include <utility>

namespace patrol::coverage {

ReachKernel::ModePart::ModePart(const ReachKernel& kernel, roadnet::Mode mode,
                                size_t list_bytes_max)
    : chains(kernel.chains(), kernel.graphs().network(), kernel.graphs().graph(mode)),
      lists(chains, kernel.reach_us(), list_bytes_max) {}

ReachKernel::ReachKernel(std::shared_ptr<const ModeGraphs> graphs, ArrivalUs reach_us,
                         size_t list_bytes_max)
    : graphs_(std::move(graphs)),
      reach_us_(reach_us),
      list_bytes_max_(list_bytes_max),
      chains_(*graphs_) {}

ReachKernel::ModePart& ReachKernel::mode(roadnet::Mode mode) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<ModePart>& part = modes_[static_cast<size_t>(mode)];
  if (part == nullptr) part = std::make_unique<ModePart>(*this, mode, list_bytes_max_);
  return *part;
}

size_t ReachKernel::list_bytes() const {
  std::lock_guard lock(mutex_);
  size_t bytes = 0;
  for (const auto& part : modes_) bytes += part == nullptr ? 0 : part->lists.bytes();
  return bytes;
}

size_t ReachKernel::lists_made() const {
  std::lock_guard lock(mutex_);
  size_t made = 0;
  for (const auto& part : modes_) made += part == nullptr ? 0 : part->lists.made();
  return made;
}

}  // namespace patrol::coverage
