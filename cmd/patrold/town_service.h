#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "lib/service/config/config.h"

namespace patrol::patrold {

// The whole service: opens the store, starts both wings, the API and the gateway, in that order,
// and stops them in the opposite one.
class TownService {
 public:
  // Errors: those of the first part that cannot be started, naming it.
  static absl::StatusOr<std::unique_ptr<TownService>> Start(const config::Config& config);
  // Stops.
  ~TownService();

  int grpc_port() const;
  int http_port() const;

  // Takes no more calls, tears the cameras down, ends open events and writes what waits. Bounded in
  // time: a few seconds.
  void Stop();

 private:
  struct Parts;
  explicit TownService(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace patrol::patrold
