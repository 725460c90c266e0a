#include "lib/service/web/connection.h"

#include <google/protobuf/message.h>
#include <zlib.h>

#include <array>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/service/web/clip_answer.h"
#include "lib/service/web/feed.h"
#include "lib/service/web/live_sender.h"
#include "lib/service/web/live_stream.h"
#include "lib/service/web/routes.h"
#include "lib/service/web/service_call.h"
#include "lib/service/web/static_files.h"
#include "lib/service/web/stream_socket.h"
#include "lib/service/web/transcode.h"

namespace patrol::web {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

// MapLibre runs its workers from blobs; stills are shown from blobs. Nothing comes from elsewhere.
constexpr char kContentSecurityPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; worker-src blob:; child-src blob:; font-src 'self'; manifest-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr char kStreamPath[] = "/v1/stream";
constexpr char kMetricsPath[] = "/metrics";
constexpr std::string_view kCamerasPath = "/v1/cameras/";
constexpr std::string_view kEventsPath = "/v1/motionEvents/";
constexpr std::string_view kClip = "/clip";
constexpr std::string_view kLiveSocket = "/live";
constexpr std::string_view kLiveFile = "/live.mp4";

// Below this the header costs more than is saved.
constexpr size_t kGzipBytesMin = 2048;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

bool Compressible(std::string_view type) {
  return type.starts_with("text/") || type.find("json") != std::string_view::npos ||
         type == "image/svg+xml";
}

// nullopt when zlib refuses; then it goes uncompressed.
std::optional<std::string> Gzip(std::string_view text) {
  z_stream stream{};
  // 15 bits of window, +16 for a gzip header; level 1: on loopback time counts, not bytes.
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = out.size();
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return std::nullopt;
  return out;
}

// Weak: the same for the compressed form. Two sums of 32 bits and the length tell apart the
// versions of one file or network.
std::string EntityTag(std::string_view body) {
  const auto* bytes = reinterpret_cast<const Bytef*>(body.data());
  return absl::StrCat("W/\"", absl::Hex(crc32(0, bytes, body.size()), absl::kZeroPad8),
                      absl::Hex(adler32(1, bytes, body.size()), absl::kZeroPad8), "-", body.size(),
                      "\"");
}

Answer Fault(int status, absl::StatusCode code, std::string message) {
  return ErrorAnswer(absl::Status(code, std::move(message)), status);
}

// The one segment between the two; nullopt for any other path.
std::optional<std::string> Between(std::string_view prefix, std::string_view path,
                                   std::string_view suffix) {
  if (!path.starts_with(prefix) || !path.ends_with(suffix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (path.size() <= suffix.size()) return std::nullopt;
  path.remove_suffix(suffix.size());
  if (path.find('/') != std::string_view::npos) return std::nullopt;
  return PercentDecode(path, false);
}

// The camera whose live view the path asks for; nullopt for any other path.
std::optional<std::string> LiveCameraOf(std::string_view path, std::string_view suffix) {
  return Between(kCamerasPath, path, suffix);
}

void SetSafetyHeaders(http::fields* fields) {
  fields->set("X-Content-Type-Options", "nosniff");
  fields->set("Referrer-Policy", "no-referrer");
  fields->set("Cross-Origin-Resource-Policy", "same-origin");
  fields->set("Content-Security-Policy", kContentSecurityPolicy);
}

}  // namespace

struct Connection::Stream {
  explicit Stream(asio::ip::tcp::socket socket) : tcp(std::move(socket)) {}

  beast::tcp_stream tcp;
  beast::flat_buffer buffer;
};

// One request and its answer.
struct Connection::Exchange {
  std::optional<http::request_parser<http::string_body>> parser;
  Answer answer;
  bool upgrade = false;
  bool keep_alive = false;

  const http::request<http::string_body>& request() const { return parser->get(); }
  std::string_view verb() const { return View(request().method_string()); }
  std::string_view target() const { return View(request().target()); }
  std::string_view path() const { return target().substr(0, target().find('?')); }
  std::string_view query() const {
    const size_t mark = target().find('?');
    return mark == std::string_view::npos ? std::string_view() : target().substr(mark + 1);
  }
  // Of the live view asked for, over a socket or as a file.
  std::optional<std::string> live_camera() const {
    if (upgrade) return LiveCameraOf(path(), kLiveSocket);
    return verb() == "GET" ? LiveCameraOf(path(), kLiveFile) : std::nullopt;
  }
  std::string_view header(http::field field) const { return View(request()[field]); }

  // Refuses what a page of another origin might send; nullopt when nothing is wrong.
  std::optional<Answer> Forbidden() const;
};

std::optional<Answer> Connection::Exchange::Forbidden() const {
  const std::string_view host = header(http::field::host);
  if (request().count(http::field::host) != 1 || !IsLoopbackHost(host)) {
    return Fault(421, absl::StatusCode::kPermissionDenied,
                 absl::StrCat("host \"", std::string(host), "\": only loopback names are served"));
  }
  // Browsers name the page's origin wherever it could do harm; programs need not.
  const std::string_view origin = header(http::field::origin);
  const bool harmless = (verb() == "GET" || verb() == "HEAD") && !upgrade;
  if (!harmless && !origin.empty() &&
      !absl::EqualsIgnoreCase(Absl(origin), absl::StrCat("http://", std::string(host)))) {
    return Fault(403, absl::StatusCode::kPermissionDenied,
                 absl::StrCat("origin \"", std::string(origin), "\": not this service's own page"));
  }
  return std::nullopt;
}

Connection::Connection(asio::ip::tcp::socket socket, ConnectionContext* context)
    : context_(context), stream_(std::make_unique<Stream>(std::move(socket))) {}

Connection::~Connection() = default;

asio::awaitable<void> Connection::Run() {
  const auto self = shared_from_this();
  boost::system::error_code ignored;
  stream_->tcp.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  while (!stopping_) {
    Exchange exchange;
    if (!co_await ReadRequest(&exchange)) break;
    if (exchange.answer.body.empty() && exchange.live_camera()) {
      OpenLive(&exchange);
      if (live_ && exchange.upgrade) {
        co_await BecomeSocket(&exchange);
        co_return;
      }
      if (live_) {
        co_await SendLive(&exchange);
        break;
      }
    }
    if (exchange.upgrade && exchange.answer.body.empty()) {
      co_await BecomeSocket(&exchange);
      co_return;
    }
    if (exchange.answer.body.empty()) co_await AnswerRequest(&exchange);
    if (!co_await WriteAnswer(&exchange)) break;
    idle_ = true;
  }
  stream_->tcp.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_->tcp.close();
}

asio::awaitable<void> Connection::Refuse(size_t connections_max) {
  const auto self = shared_from_this();
  Exchange exchange;
  exchange.parser.emplace();
  exchange.answer = ErrorAnswer(absl::UnavailableError(
      absl::StrCat("there are ", connections_max, " connections, the limit; try again later")));
  idle_ = false;
  co_await WriteAnswer(&exchange);
  idle_ = true;
  boost::system::error_code ignored;
  stream_->tcp.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  // Until the other side has read it: closing over unread bytes would take the answer back.
  stream_->tcp.expires_after(absl::ToChronoNanoseconds(limits::kWallSocketCloseTimeout));
  size_t received = 1;
  while (received != 0 && !ignored) {
    std::array<char, 1024> sink;
    received = co_await stream_->tcp.async_read_some(
        asio::buffer(sink), asio::redirect_error(asio::use_awaitable, ignored));
  }
  stream_->tcp.close();
}

void Connection::Shutdown() {
  asio::post(stream_->tcp.get_executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    if (self->live_) {
      self->live_->Stop("the service stops");
    } else if (self->socket_) {
      self->socket_->GoAway();
    } else if (self->idle_) {
      self->stream_->tcp.close();
    }
  });
}

// False: there is nothing to answer. An answer already there tells what is wrong with the request.
asio::awaitable<bool> Connection::ReadRequest(Exchange* exchange) {
  auto& parser = exchange->parser.emplace();
  parser.header_limit(limits::kHttpHeaderBytesMax);
  parser.body_limit(limits::kHttpBodyBytesMax);
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);

  // Idle until the first byte, then the whole request must come within the transfer time.
  stream_->tcp.expires_after(absl::ToChronoNanoseconds(limits::kHttpIdleTimeout));
  if (stream_->buffer.size() == 0) {
    const size_t received = co_await stream_->tcp.async_read_some(
        stream_->buffer.prepare(limits::kHttpHeaderBytesMax), token);
    if (error) co_return false;
    stream_->buffer.commit(received);
  }
  idle_ = false;
  stream_->tcp.expires_after(absl::ToChronoNanoseconds(limits::kHttpTransferTimeout));
  co_await http::async_read_header(stream_->tcp, stream_->buffer, parser, token);
  if (!error) {
    exchange->upgrade =
        (exchange->path() == kStreamPath || LiveCameraOf(exchange->path(), kLiveSocket)) &&
        beast::websocket::is_upgrade(exchange->request());
    if (std::optional<Answer> forbidden = exchange->Forbidden()) {
      exchange->answer = *std::move(forbidden);
      co_return true;
    }
    if (exchange->upgrade) co_return true;
    if (absl::EqualsIgnoreCase(Absl(exchange->header(http::field::expect)), "100-continue")) {
      static constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream_->tcp, asio::buffer(kContinue, sizeof(kContinue) - 1),
                                 token);
    }
    if (!error) co_await http::async_read(stream_->tcp, stream_->buffer, parser, token);
  }
  if (!error) {
    exchange->keep_alive = exchange->request().keep_alive();
    co_return true;
  }
  if (error == http::error::header_limit) {
    exchange->answer =
        Fault(431, absl::StatusCode::kInvalidArgument,
              absl::StrCat("request headers: more than ", limits::kHttpHeaderBytesMax, " bytes"));
  } else if (error == http::error::body_limit) {
    exchange->answer = Fault(413, absl::StatusCode::kInvalidArgument,
                             absl::StrCat("body: more than ", limits::kHttpBodyBytesMax, " bytes"));
  } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    exchange->answer = Fault(400, absl::StatusCode::kInvalidArgument,
                             absl::StrCat("malformed HTTP request: ", error.message()));
  } else {
    co_return false;
  }
  co_return true;
}

asio::awaitable<void> Connection::AnswerRequest(Exchange* exchange) {
  const std::string path(exchange->path());
  const bool get = exchange->verb() == "GET" || exchange->verb() == "HEAD";
  if (path == kStreamPath || LiveCameraOf(path, kLiveSocket)) {
    exchange->answer =
        Fault(426, absl::StatusCode::kFailedPrecondition,
              absl::StrCat("path \"", path, "\": is a WebSocket; send an upgrade request"));
    exchange->answer.headers.emplace_back("Upgrade", "websocket");
  } else if (const auto event = Between(kEventsPath, path, kClip); event && get) {
    const absl::StatusOr<std::string> clip = context_->live->ClipPath(*event);
    exchange->answer = clip.ok() ? ClipAnswer(*clip, exchange->header(http::field::range))
                                 : ErrorAnswer(clip.status());
  } else if (path == kMetricsPath && context_->metrics && get) {
    exchange->answer = {.content_type = "text/plain; version=0.0.4; charset=utf-8",
                        .body = context_->metrics()};
  } else if (path == "/v1" || path.starts_with("/v1/")) {
    co_await AnswerByService(exchange);
  } else if (get) {
    exchange->answer = context_->files->Get(path);
  } else {
    exchange->answer =
        Fault(405, absl::StatusCode::kUnimplemented,
              absl::StrCat("method ", std::string(exchange->verb()), ": files take GET, HEAD"));
    exchange->answer.headers.emplace_back("Allow", "GET, HEAD");
  }
}

asio::awaitable<void> Connection::AnswerByService(Exchange* exchange) {
  const std::string path(exchange->path());
  const std::string verb(exchange->verb());
  const RouteLookup lookup = FindRoute(verb == "HEAD" ? "GET" : verb, path);
  if (!lookup.match) {
    if (lookup.allowed.empty()) {
      exchange->answer = ErrorAnswer(absl::NotFoundError(
          absl::StrCat("path \"", path, "\": there is no such method in this API")));
    } else {
      exchange->answer =
          Fault(405, absl::StatusCode::kUnimplemented,
                absl::StrCat("method ", verb, ": path \"", path, "\" takes ", lookup.allowed));
      exchange->answer.headers.emplace_back("Allow", lookup.allowed);
    }
    co_return;
  }
  const Route& route = *lookup.match->route;
  const std::string& body = exchange->request().body();
  // A form of another page can send text/plain without asking; it cannot send this.
  const std::string type = absl::AsciiStrToLower(Absl(exchange->header(http::field::content_type)));
  if (route.body != BodyKind::kNone && type.find("json") == std::string::npos) {
    exchange->answer = Fault(415, absl::StatusCode::kInvalidArgument,
                             "header Content-Type: must be application/json");
    co_return;
  }
  const auto request = BuildRequest(*lookup.match, exchange->query(), body);
  if (!request.ok()) {
    exchange->answer = ErrorAnswer(request.status());
    co_return;
  }
  const std::unique_ptr<google::protobuf::Message> response(route.response->New());
  const std::string method =
      absl::StrCat("/patrol.v1.", std::string(route.service), "/", std::string(route.method));
  const absl::Status called = co_await context_->caller->Call(method, **request, response.get());
  if (!called.ok()) {
    exchange->answer = ErrorAnswer(called);
    co_return;
  }
  absl::StatusOr<Answer> answer = BuildAnswer(route, *response);
  exchange->answer = answer.ok() ? *std::move(answer) : ErrorAnswer(answer.status());
}

// False: the connection is to be closed.
asio::awaitable<bool> Connection::WriteAnswer(Exchange* exchange) {
  Answer& answer = exchange->answer;
  http::response<http::string_body> response;
  response.version(11);
  response.result(static_cast<unsigned>(answer.status));
  response.keep_alive(exchange->keep_alive && !stopping_);
  response.set(http::field::content_type, answer.content_type);
  SetSafetyHeaders(&response);
  bool cacheable = answer.content_type == "application/geo+json";
  for (const auto& [name, value] : answer.headers) {
    response.set(name, value);
    if (name == "Cache-Control") cacheable = true;
  }
  if (response[http::field::cache_control].empty()) {
    response.set(http::field::cache_control, cacheable ? "no-cache" : "no-store");
  }
  const bool get = exchange->verb() == "GET" || exchange->verb() == "HEAD";
  if (answer.status == 200 && get && cacheable) {
    const std::string tag = EntityTag(answer.body);
    response.set(http::field::etag, tag);
    if (exchange->header(http::field::if_none_match) == tag) {
      response.result(http::status::not_modified);
      response.erase(http::field::content_type);
      answer.body.clear();
    }
  }
  if (answer.body.size() >= kGzipBytesMin && Compressible(answer.content_type)) {
    response.set(http::field::vary, "Accept-Encoding");
    const std::string_view accepted = exchange->header(http::field::accept_encoding);
    if (accepted.find("gzip") != std::string_view::npos) {
      if (std::optional<std::string> gzip = Gzip(answer.body)) {
        answer.body = *std::move(gzip);
        response.set(http::field::content_encoding, "gzip");
      }
    }
  }
  response.content_length(answer.body.size());
  if (exchange->verb() != "HEAD") response.body() = std::move(answer.body);
  ++context_->requests;
  boost::system::error_code error;
  stream_->tcp.expires_after(absl::ToChronoNanoseconds(limits::kHttpTransferTimeout));
  http::serializer<false, http::string_body> serializer(response);
  co_await http::async_write(stream_->tcp, serializer,
                             asio::redirect_error(asio::use_awaitable, error));
  co_return !error && response.keep_alive();
}

asio::awaitable<void> Connection::BecomeSocket(Exchange* exchange) {
  ++context_->sockets;
  std::ostringstream request;
  request << exchange->request().base();
  std::string bytes = request.str();
  const auto rest = stream_->buffer.data();
  bytes.append(static_cast<const char*>(rest.data()), rest.size());
  if (live_) {
    if (stopping_) live_->Stop("the service stops");
    co_await SendLiveSocket(stream_->tcp.release_socket(), std::move(bytes), live_);
    co_return;
  }
  const auto on_dropped = [context = context_] { ++context->sockets_dropped; };
  socket_ = std::make_shared<StreamSocket>(stream_->tcp.release_socket(),
                                           context_->socket_backlog_max, on_dropped);
  // A stop that came before this line found no socket to send away.
  if (stopping_) socket_->GoAway();
  co_await socket_->Run(std::move(bytes), context_->feed);
}

void Connection::OpenLive(Exchange* exchange) {
  absl::StatusOr<std::shared_ptr<LiveStream>> opened =
      context_->live->Open(*exchange->live_camera(), stream_->tcp.get_executor());
  if (opened.ok()) {
    live_ = *std::move(opened);
  } else {
    exchange->answer = ErrorAnswer(opened.status());
  }
}

asio::awaitable<void> Connection::SendLive(Exchange* exchange) {
  ++context_->requests;
  http::response<http::empty_body> response;
  response.version(exchange->request().version());
  response.set(http::field::content_type, "video/mp4");
  response.set(http::field::cache_control, "no-store");
  SetSafetyHeaders(&response);
  response.keep_alive(false);
  response.chunked(true);
  boost::system::error_code error;
  stream_->tcp.expires_after(absl::ToChronoNanoseconds(limits::kHttpTransferTimeout));
  http::response_serializer<http::empty_body> serializer(response);
  co_await http::async_write_header(stream_->tcp, serializer,
                                    asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_await SendLiveChunks(stream_->tcp, live_);
}

bool IsLoopbackHost(std::string_view host) {
  if (host.starts_with("[::1]")) {
    host.remove_prefix(5);
    return host.empty() || host.front() == ':';
  }
  host = host.substr(0, host.find(':'));
  if (absl::EqualsIgnoreCase(Absl(host), "localhost")) return true;
  boost::system::error_code error;
  const auto address = asio::ip::make_address_v4(std::string(host), error);
  return !error && address.is_loopback();
}

}  // namespace patrol::web
