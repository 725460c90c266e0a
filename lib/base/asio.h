#pragma once

// The one place that includes Boost.Asio: 1.74 needs <utility> first under g++ 12.
// Traps: cancel by closing sockets and cancelling timers (there is no cancellation_signal); never
// write a capturing lambda inline in a co_await expression (g++ 12 frees it twice): name it first.

#include <utility>
// clang-format off
#include <boost/asio.hpp>
// clang-format on

namespace patrol {
namespace asio = boost::asio;
}  // namespace patrol
