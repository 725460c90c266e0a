#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace patrol::test {

// A request as the server read it. It shares no code with the client under test.
struct RtspRequest {
  std::string method;
  std::string uri;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string Header(const std::string& lower_name) const;
};

// One client's connection.
class RtspConnection {
 public:
  RtspConnection(int descriptor, int number) : descriptor_(descriptor), number_(number) {}
  ~RtspConnection();

  // Sends all of it; false when the client is gone.
  bool Send(std::string_view bytes);
  // In pieces, so that the client sees them cut.
  bool SendInPieces(std::string_view bytes, size_t piece);
  void Close();
  int number() const { return number_; }  // from 1

 private:
  friend class ScriptedRtspServer;
  const int descriptor_;
  const int number_;
  std::mutex sending_;
};

// An RTSP server on a free loopback port that does with each request what the test says: one thread
// per connection, blocking.
class ScriptedRtspServer {
 public:
  // Called on the connection's thread.
  using Script = std::function<void(RtspConnection&, const RtspRequest&)>;

  explicit ScriptedRtspServer(Script script);
  ~ScriptedRtspServer();
  ScriptedRtspServer(const ScriptedRtspServer&) = delete;
  ScriptedRtspServer& operator=(const ScriptedRtspServer&) = delete;

  int port() const { return port_; }
  std::string Url(std::string_view path = "/stream") const;

  std::vector<RtspRequest> requests() const;
  int connections() const { return connections_; }
  // True once so many requests of the method have come; false after 20 s.
  bool WaitForRequests(const std::string& method, int count) const;

 private:
  void Accept();
  void Serve(const std::shared_ptr<RtspConnection>& connection);

  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> closing_ = false;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // guarded by mutex_
  std::vector<RtspRequest> requests_;
  std::vector<std::shared_ptr<RtspConnection>> open_;
  std::vector<std::thread> threads_;

  std::thread acceptor_;
};

// A reply with the request's CSeq. fields: "Name: value\r\n"...
std::string RtspReply(const RtspRequest& request, int status, std::string_view fields = {},
                      std::string_view body = {});

}  // namespace patrol::test
