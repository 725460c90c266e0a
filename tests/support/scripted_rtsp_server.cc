#include "tests/support/scripted_rtsp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "gtest/gtest.h"

namespace patrol::test {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

RtspRequest ReadRequest(const std::string& text) {
  RtspRequest request;
  const size_t first = text.find(' ');
  const size_t second = text.find(' ', first + 1);
  request.method = text.substr(0, first);
  request.uri = text.substr(first + 1, second - first - 1);
  size_t line = text.find("\r\n") + 2;
  while (line < text.size()) {
    const size_t end = text.find("\r\n", line);
    if (end == std::string::npos || end == line) break;
    const size_t colon = text.find(": ", line);
    if (colon != std::string::npos && colon < end) {
      request.headers[Lower(text.substr(line, colon - line))] =
          text.substr(colon + 2, end - colon - 2);
    }
    line = end + 2;
  }
  return request;
}

}  // namespace

std::string RtspRequest::Header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string() : found->second;
}

RtspConnection::~RtspConnection() { ::close(descriptor_); }

bool RtspConnection::Send(std::string_view bytes) {
  std::lock_guard lock(sending_);
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RtspConnection::SendInPieces(std::string_view bytes, size_t piece) {
  while (!bytes.empty()) {
    const size_t size = std::min(piece, bytes.size());
    if (!Send(bytes.substr(0, size))) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

void RtspConnection::Close() { ::shutdown(descriptor_, SHUT_RDWR); }

ScriptedRtspServer::ScriptedRtspServer(Script script) : script_(std::move(script)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(listener_, 64), 0);
  EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedRtspServer::~ScriptedRtspServer() {
  closing_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    for (const auto& connection : open_) connection->Close();
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

std::string ScriptedRtspServer::Url(std::string_view path) const {
  return "rtsp://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

std::vector<RtspRequest> ScriptedRtspServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

bool ScriptedRtspServer::WaitForRequests(const std::string& method, int count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
    return std::count_if(requests_.begin(), requests_.end(), [&](const RtspRequest& request) {
             return request.method == method;
           }) >= count;
  });
}

void ScriptedRtspServer::Accept() {
  for (;;) {
    const int descriptor = ::accept(listener_, nullptr, nullptr);
    if (descriptor < 0) {
      if (closing_) return;
      continue;
    }
    const int one = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    const auto connection = std::make_shared<RtspConnection>(descriptor, ++connections_);
    std::lock_guard lock(mutex_);
    open_.push_back(connection);
    threads_.emplace_back([this, connection] { Serve(connection); });
  }
}

void ScriptedRtspServer::Serve(const std::shared_ptr<RtspConnection>& connection) {
  std::string input;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::recv(connection->descriptor_, buffer, sizeof(buffer), 0);
    if (count <= 0) return;
    input.append(buffer, static_cast<size_t>(count));
    for (size_t end = input.find("\r\n\r\n"); end != std::string::npos;
         end = input.find("\r\n\r\n")) {
      const std::string text = input.substr(0, end + 4);
      input.erase(0, end + 4);
      // The client's replies to requests of ours.
      if (text.compare(0, 5, "RTSP/") == 0) continue;
      const RtspRequest request = ReadRequest(text);
      {
        std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      changed_.notify_all();
      script_(*connection, request);
    }
  }
}

std::string RtspReply(const RtspRequest& request, int status, std::string_view fields,
                      std::string_view body) {
  std::string reply = "RTSP/1.0 " + std::to_string(status) + (status == 200 ? " OK" : " No") +
                      "\r\nCSeq: " + request.Header("cseq") + "\r\n" + std::string(fields);
  if (!body.empty()) reply += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return reply + "\r\n" + std::string(body);
}

}  // namespace patrol::test
