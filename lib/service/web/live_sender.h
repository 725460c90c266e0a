#pragma once

#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "lib/base/asio.h"
#include "lib/service/web/live_stream.h"

namespace patrol::web {

// Sends a live view as a WebSocket: for every stream a text frame (JSON: codec, size, capture time
// of media time zero) and its init segment, then fragments as binary frames. Closes with a reason:
// 1000 camera removed, 1001 the service stops, 1003 not playable, 1008 too slow, 1013 no picture.
//
// socket: its executor is the stream's strand. request: the upgrade request's bytes as they came.
// Returns: when the socket is closed. Threads: a coroutine on that strand.
asio::awaitable<void> SendLiveSocket(asio::ip::tcp::socket socket, std::string request,
                                     std::shared_ptr<LiveStream> stream);

// Sends a live view as the body of an HTTP answer whose header was written already: chunked, until
// the viewer goes, the stream ends or the camera's parameter sets change.
//
// Returns: why it ended. Threads: as above.
asio::awaitable<absl::Status> SendLiveChunks(boost::beast::tcp_stream& tcp,
                                             std::shared_ptr<LiveStream> stream);

}  // namespace patrol::web
