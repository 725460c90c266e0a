// Goal: pictures come whole over UDP, in order where the network shuffled them, and a camera that
// has no TCP is found out. Method: a scripted server that sends datagrams as each test says.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/session_run.h"

namespace patrol::rtsp {
namespace {

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::RtspReply;
using test::RtspRequest;
using test::ScriptedCamera;
using test::ScriptedRtspServer;

// A UDP socket of the camera's on a loopback address.
class Datagrams {
 public:
  explicit Datagrams(const char* address = "127.0.0.1")
      : descriptor_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = ::inet_addr(address);
    socklen_t size = sizeof(own);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&own), size), 0);
    EXPECT_EQ(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&own), &size), 0);
    port_ = ntohs(own.sin_port);
  }
  ~Datagrams() { ::close(descriptor_); }
  int port() const { return port_; }
  // interleaved: as RtpWriter makes it, "$" channel length packet.
  void Send(int port, std::string_view interleaved) const {
    const std::string_view packet = interleaved.substr(4);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(port));
    ::sendto(descriptor_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to),
             sizeof(to));
  }
  // The next datagram; "" after 20 s.
  std::string Receive() const {
    const timeval patience{20, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    char bytes[2048];
    const ssize_t count = ::recv(descriptor_, bytes, sizeof(bytes), 0);
    return count <= 0 ? std::string() : std::string(bytes, static_cast<size_t>(count));
  }

 private:
  const int descriptor_;
  int port_ = 0;
};

// A camera that has UDP; `refuse` answers a SETUP for TCP.
struct UdpCamera {
  std::function<void(RtspConnection&, const RtspRequest&)> refuse;
  // Puts the packets of the clip into the order in which they are sent.
  std::function<void(std::vector<std::string>*)> shuffle = [](std::vector<std::string>*) {};
  bool tells_server_port = true;
  std::shared_ptr<Datagrams> rtp = std::make_shared<Datagrams>();
  std::shared_ptr<Datagrams> rtcp = std::make_shared<Datagrams>();
  std::shared_ptr<Datagrams> stranger = std::make_shared<Datagrams>("127.0.0.2");
  std::shared_ptr<int> client_port = std::make_shared<int>(0);

  void operator()(RtspConnection& connection, const RtspRequest& request) const {
    ScriptedCamera plain;
    if (request.method == "SETUP") {
      const std::string transport = request.Header("transport");
      const size_t at = transport.find("client_port=");
      if (at == std::string::npos) {
        refuse(connection, request);
        return;
      }
      EXPECT_TRUE(absl::SimpleAtoi(transport.substr(at + 12, transport.find('-') - at - 12),
                                   client_port.get()));
      connection.Send(RtspReply(
          request, 200,
          absl::StrCat("Session: 4711\r\nTransport: RTP/AVP;unicast;client_port=", *client_port,
                       "-", *client_port + 1,
                       tells_server_port
                           ? absl::StrCat(";server_port=", rtp->port(), "-", rtcp->port())
                           : "",
                       "\r\n")));
      return;
    }
    plain(connection, request);
    if (request.method != "PLAY") return;
    RtpWriter writer;
    std::vector<std::string> packets;
    for (size_t i = 0; i < CodedClip().size(); ++i) {
      for (std::string& packet :
           writer.Packets(CodedClip()[i].data, 1000 + static_cast<uint32_t>(i) * 3600)) {
        packets.push_back(std::move(packet));
      }
    }
    shuffle(&packets);
    stranger->Send(*client_port, packets.front());
    for (const std::string& packet : packets) rtp->Send(*client_port, packet);
  }
};

SessionOptions OverUdp(const ScriptedRtspServer& server) {
  SessionOptions options = OptionsFor(server);
  options.transport = Transport::kUdp;
  return options;
}

// The last picture ends with its marker, so all are there without a BYE.
void ExpectTheClip(SessionRun& run) {
  ASSERT_TRUE(run.UntilUnits(CodedClip().size()));
  EXPECT_EQ(DecodedWithoutError(run.units), 30);
  EXPECT_EQ(run.stats().packets_lost, 0);
  EXPECT_EQ(run.stats().transport, Transport::kUdp);
}

TEST(RtspUdp, PlaysTearsDownAndTakesNothingFromStrangers) {
  SKIP_WITHOUT_ENCODER();
  UdpCamera camera;
  ScriptedRtspServer server(camera);
  SessionRun run(OverUdp(server));
  ExpectTheClip(run);
  EXPECT_EQ(run.Quirk("udp_foreign_sender"), 1);
  EXPECT_EQ(*camera.client_port % 2, 0);
  // What opens the way through a firewall.
  EXPECT_EQ(camera.rtp->Receive().size(), 12u);
  EXPECT_EQ(camera.rtcp->Receive().substr(0, 2), "\x80\xc9");
  run.Stop();
  EXPECT_TRUE(run.UntilEnd().ok()) << run.UntilEnd();
  EXPECT_TRUE(server.WaitForRequests("TEARDOWN", 1));
}

TEST(RtspUdp, EndsWithTheByeOfTheCamera) {
  SKIP_WITHOUT_ENCODER();
  UdpCamera camera;
  ScriptedRtspServer server(camera);
  SessionRun run(OverUdp(server));
  ExpectTheClip(run);
  RtpWriter writer;
  camera.rtcp->Send(*camera.client_port + 1, writer.Bye());
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kOutOfRange) << run.UntilEnd();
}

TEST(RtspUdp, ReportsToACameraThatDidNotTellItsPort) {
  SKIP_WITHOUT_ENCODER();
  UdpCamera camera;
  camera.tells_server_port = false;
  ScriptedRtspServer server(camera);
  SessionRun run(OverUdp(server));
  ExpectTheClip(run);
  EXPECT_EQ(run.Quirk("server_port_absent"), 1);
  RtpWriter writer;
  camera.rtcp->Send(*camera.client_port + 1, writer.SenderReport(uint64_t{4'000'000'000} << 32, 0));
  std::string report;
  std::atomic<bool> received = false;
  std::thread reader([&] {
    report = camera.rtcp->Receive();
    received = true;
  });
  EXPECT_TRUE(run.Until([&] { return received || run.end.has_value(); }));
  reader.join();
  // A receiver report with one block.
  EXPECT_EQ(report.substr(0, 2), "\x81\xc9");
}

TEST(RtspUdp, PutsShuffledPacketsInOrder) {
  SKIP_WITHOUT_ENCODER();
  UdpCamera camera;
  camera.shuffle = [](std::vector<std::string>* packets) {
    for (size_t i = 2; i + 4 < packets->size(); i += 5) {
      std::swap((*packets)[i], (*packets)[i + 3]);
    }
    packets->insert(packets->begin() + 9, (*packets)[8]);
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OverUdp(server));
  ExpectTheClip(run);
  EXPECT_GT(run.stats().packets_reordered, 0);
  EXPECT_EQ(run.stats().damaged_units, 0);
  EXPECT_EQ(run.Quirk("rtp_duplicate"), 1);
}

TEST(RtspUdp, CountsAPacketThatIsLostAndDamagesItsPicture) {
  SKIP_WITHOUT_ENCODER();
  UdpCamera camera;
  camera.shuffle = [](std::vector<std::string>* packets) {
    packets->erase(packets->begin() + static_cast<ptrdiff_t>(packets->size()) - 5);
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OverUdp(server));
  EXPECT_TRUE(run.Until([&] { return run.stats().packets_lost > 0 || run.end.has_value(); }));
  EXPECT_EQ(run.stats().packets_lost, 1);
  EXPECT_TRUE(run.Until([&] { return run.stats().damaged_units > 0 || run.end.has_value(); }));
  EXPECT_GT(run.stats().damaged_units, 0);
}

// ---- a camera that refuses TCP ----

TEST(RtspUdp, IsTurnedToWhereTheCameraRefusesTcp) {
  SKIP_WITHOUT_ENCODER();
  for (const int status : {461, 400}) {
    for (const bool closes : {false, true}) {
      UdpCamera camera;
      camera.refuse = [status, closes](RtspConnection& connection, const RtspRequest& request) {
        connection.Send(RtspReply(request, status));
        if (closes) connection.Close();
      };
      ScriptedRtspServer server(camera);
      SessionRun run(OptionsFor(server));
      ExpectTheClip(run);
      EXPECT_EQ(run.Quirk("tcp_refused"), 1) << status << closes;
      EXPECT_EQ(server.connections(), closes ? 2 : 1);
    }
  }
}

TEST(RtspUdp, IsTurnedToWhereTheCameraAnswersWithNothingElse) {
  SKIP_WITHOUT_ENCODER();
  UdpCamera camera;
  camera.refuse = [](RtspConnection& connection, const RtspRequest& request) {
    connection.Send(RtspReply(
        request, 200, "Session: 1\r\nTransport: RTP/AVP;unicast;server_port=5000-5001\r\n"));
  };
  ScriptedRtspServer server(camera);
  SessionRun run(OptionsFor(server));
  ExpectTheClip(run);
  EXPECT_EQ(run.Quirk("tcp_refused"), 1);
}

TEST(RtspUdp, IsNotTurnedToWhereTcpIsDemanded) {
  UdpCamera camera;
  camera.refuse = [](RtspConnection& connection, const RtspRequest& request) {
    connection.Send(RtspReply(request, 461));
  };
  ScriptedRtspServer server(camera);
  SessionOptions options = OptionsFor(server);
  options.transport = Transport::kTcp;
  SessionRun run(options);
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kUnimplemented) << run.UntilEnd();
}

}  // namespace
}  // namespace patrol::rtsp
