#include "cmd/patrolctl/clip_download.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/asio.h"
#include "lib/base/limits.h"

namespace patrol::ctl {

namespace {

namespace beast = boost::beast;
namespace fs = std::filesystem;
namespace http = boost::beast::http;

using boost::system::error_code;

// Attempts in a row of which none brought a byte; each that does begins the count anew.
constexpr int kFruitlessAttemptsMax = 3;
constexpr size_t kPieceBytes = 64 * 1024;
constexpr size_t kErrorTextBytesMax = 4096;

// What one attempt came to, where it was no error of the service.
struct Attempt {
  bool complete = false;
  int64_t received = 0;
  absl::Status fault;  // why it broke off
};

// A socket that gives up after a while: Beast's own timeouts are for asynchronous calls.
void GiveUpAfter(asio::ip::tcp::socket& socket, absl::Duration wait) {
  timeval value = absl::ToTimeval(wait);
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value);
}

absl::Status Broken(const char* what, const error_code& error) {
  return absl::UnavailableError(absl::StrCat(what, ": ", error.message()));
}

// The size behind the slash of "bytes 5-9/10" or "bytes */10".
std::optional<int64_t> SizeIn(std::string_view content_range) {
  const size_t slash = content_range.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view text = content_range.substr(slash + 1);
  int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return size;
}

// "message" of the service's JSON error, or what it says as it is.
std::string MessageOf(const std::string& body) {
  const std::string key = "\"message\":\"";
  const size_t at = body.find(key);
  if (at == std::string::npos) return body;
  std::string text;
  for (size_t i = at + key.size(); i < body.size() && body[i] != '"'; ++i) {
    if (body[i] == '\\' && i + 1 < body.size()) ++i;
    text += body[i];
  }
  return text;
}

absl::Status ErrorOf(unsigned status, const std::string& body) {
  const std::string message = MessageOf(body);
  switch (status) {
    case 400:
      return absl::InvalidArgumentError(message);
    case 401:
      return absl::UnauthenticatedError(message);
    case 403:
      return absl::PermissionDeniedError(message);
    case 404:
      return absl::NotFoundError(message);
    default:
      return absl::InternalError(absl::StrCat("the service answered ", status, ": ", message));
  }
}

class Fetch {
 public:
  Fetch(const HttpPlace& place, std::string target, std::string token, std::string part,
        const std::function<void(int64_t, int64_t)>& progress)
      : place_(place),
        target_(std::move(target)),
        token_(std::move(token)),
        part_(std::move(part)),
        progress_(progress) {}

  // Errors: what no further attempt mends.
  absl::StatusOr<Attempt> Try();

 private:
  using Parser = http::response_parser<http::buffer_body>;

  absl::Status Request(asio::ip::tcp::socket& socket, int64_t from) const;
  absl::StatusOr<Attempt> Body(asio::ip::tcp::socket& socket, beast::flat_buffer& buffer,
                               Parser& parser, int64_t from, std::optional<int64_t> total);

  const HttpPlace& place_;
  const std::string target_;
  const std::string token_;
  const std::string part_;
  const std::function<void(int64_t, int64_t)>& progress_;
};

absl::Status Fetch::Request(asio::ip::tcp::socket& socket, int64_t from) const {
  http::request<http::empty_body> request(http::verb::get, target_, 11);
  request.set(http::field::host, absl::StrCat(place_.host, ":", place_.port));
  request.set(http::field::connection, "close");
  if (from > 0) request.set(http::field::range, absl::StrCat("bytes=", from, "-"));
  if (!token_.empty()) request.set(http::field::authorization, absl::StrCat("Bearer ", token_));
  error_code error;
  http::write(socket, request, error);
  return error ? Broken("request", error) : absl::OkStatus();
}

absl::StatusOr<Attempt> Fetch::Body(asio::ip::tcp::socket& socket, beast::flat_buffer& buffer,
                                    Parser& parser, int64_t from, std::optional<int64_t> total) {
  std::ofstream file(part_, std::ios::binary | (from > 0 ? std::ios::app : std::ios::trunc));
  Attempt attempt;
  std::array<char, kPieceBytes> piece;
  while (!parser.is_done()) {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    error_code error;
    http::read(socket, buffer, parser, error);
    if (error == http::error::need_buffer) error = {};
    const size_t got = piece.size() - parser.get().body().size;
    file.write(piece.data(), static_cast<std::streamsize>(got));
    if (!file.flush()) {
      return absl::InvalidArgumentError(absl::StrCat("\"", part_, "\": cannot be written"));
    }
    attempt.received += static_cast<int64_t>(got);
    progress_(from + attempt.received, total.value_or(0));
    if (error) {
      attempt.fault = Broken("the download broke off", error);
      return attempt;
    }
  }
  attempt.complete = true;
  return attempt;
}

absl::StatusOr<Attempt> Fetch::Try() {
  std::error_code none;
  int64_t from = fs::exists(part_, none) ? static_cast<int64_t>(fs::file_size(part_, none)) : 0;
  if (none) from = 0;
  asio::io_context loop;
  asio::ip::tcp::resolver resolver(loop);
  asio::ip::tcp::socket socket(loop);
  Attempt attempt;
  error_code error;
  const auto found = resolver.resolve(place_.host, place_.port, error);
  if (!error) asio::connect(socket, found, error);
  if (error) {
    attempt.fault = absl::UnavailableError(absl::StrCat(
        "no gateway answers at ", place_.host, ":", place_.port,
        "; start it with \"patrold serve --config FILE\", or give its address with --http "
        "HOST:PORT"));
    return attempt;
  }
  GiveUpAfter(socket, limits::kHttpTransferTimeout);
  attempt.fault = Request(socket, from);
  if (!attempt.fault.ok()) return attempt;
  beast::flat_buffer buffer;
  Parser parser;
  // Boost 1.74 takes boost::none for a limit of nothing.
  parser.body_limit(std::numeric_limits<uint64_t>::max());
  http::read_header(socket, buffer, parser, error);
  if (error) {
    attempt.fault = Broken("no answer", error);
    return attempt;
  }
  const unsigned status = parser.get().result_int();
  const auto range = parser.get()[http::field::content_range];
  std::optional<int64_t> total = SizeIn({range.data(), range.size()});
  if (status == 416) {
    attempt.complete = total == from;
    if (attempt.complete) return attempt;
    // Another clip than the one that was begun: from the start.
    fs::resize_file(part_, 0, none);
    attempt.fault = absl::UnavailableError("what was there is not of this clip");
    return attempt;
  }
  if (status != 200 && status != 206) {
    std::string body(kErrorTextBytesMax, '\0');
    parser.get().body().data = body.data();
    parser.get().body().size = body.size();
    http::read(socket, buffer, parser, error);
    body.resize(body.size() - parser.get().body().size);
    return ErrorOf(status, body);
  }
  if (status == 200) {
    from = 0;
    if (parser.content_length()) total = static_cast<int64_t>(*parser.content_length());
  }
  return Body(socket, buffer, parser, from, total);
}

}  // namespace

absl::StatusOr<HttpPlace> ParseHttpPlace(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon > 0) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  }
  if (port < 1 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not HOST:PORT"));
  }
  HttpPlace place{text.substr(0, colon), text.substr(colon + 1)};
  if (absl::StartsWith(place.host, "[") && absl::EndsWith(place.host, "]")) {
    place.host = place.host.substr(1, place.host.size() - 2);
  }
  return place;
}

absl::StatusOr<Download> DownloadFile(const HttpPlace& place, const std::string& target,
                                      const std::string& token, const std::string& path,
                                      const std::function<void(int64_t, int64_t)>& progress) {
  const std::string part = path + ".part";
  std::error_code fault;
  Download download;
  if (fs::exists(part, fault)) download.resumed = static_cast<int64_t>(fs::file_size(part, fault));
  Fetch fetch(place, target, token, part, progress);
  int fruitless = 0;
  while (true) {
    const absl::StatusOr<Attempt> attempt = fetch.Try();
    if (!attempt.ok()) return attempt.status();
    if (attempt->complete) break;
    fruitless = attempt->received > 0 ? 0 : fruitless + 1;
    if (fruitless == kFruitlessAttemptsMax) {
      if (!fs::exists(part, fault) || fs::file_size(part, fault) == 0) return attempt->fault;
      return absl::UnavailableError(absl::StrCat(attempt->fault.message(), "; what came is in \"",
                                                 part, "\", the same command goes on from there"));
    }
    ++download.attempts;
  }
  fs::rename(part, path, fault);
  if (fault) return absl::InvalidArgumentError(absl::StrCat("\"", path, "\": ", fault.message()));
  download.bytes = static_cast<int64_t>(fs::file_size(path, fault));
  return download;
}

}  // namespace patrol::ctl
