// Goal: a session plays over TLS, takes the certificates cameras sign themselves and counts them,
// and refuses them where a CA file is given. Method: a TLS front, with a certificate made for the
// test, before a scripted server.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/session_run.h"

namespace patrol::rtsp {
namespace {

using test::CodedClip;
using test::RtpWriter;
using test::RtspConnection;
using test::ScriptedCamera;
using test::ScriptedRtspServer;
using test::SendClip;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// Signed by itself, for the address in `name` ("IP:127.0.0.1").
struct Certificate {
  explicit Certificate(const char* name) : key(EVP_EC_gen("P-256")), x509(X509_new()) {
    X509_set_version(x509.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_set_pubkey(x509.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(x509.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("camera"), -1, -1, 0);
    X509_set_issuer_name(x509.get(), subject);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name);
    X509_add_ext(x509.get(), names, -1);
    X509_EXTENSION_free(names);
    EXPECT_GT(X509_sign(x509.get(), key.get(), EVP_sha256()), 0);
  }
  std::string WriteTo(const std::string& path) const {
    std::FILE* file = std::fopen(path.c_str(), "w");
    EXPECT_EQ(PEM_write_X509(file, x509.get()), 1);
    std::fclose(file);
    return path;
  }
  std::unique_ptr<EVP_PKEY, Free> key;
  std::unique_ptr<X509, Free> x509;
};

// Takes one TLS client and passes its bytes to the server behind, and back.
class TlsFront {
 public:
  TlsFront(const Certificate& certificate, int behind)
      : context_(SSL_CTX_new(TLS_server_method())), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    SSL_CTX_use_certificate(context_.get(), certificate.x509.get());
    SSL_CTX_use_PrivateKey(context_.get(), certificate.key.get());
    sockaddr_in own = Loopback(0);
    socklen_t size = sizeof(own);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&own), size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size), 0);
    port_ = ntohs(own.sin_port);
    thread_ = std::thread([this, behind] { Serve(behind); });
  }
  ~TlsFront() {
    closing_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string Url() const { return absl::StrCat("rtsps://127.0.0.1:", port_, "/stream"); }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    return address;
  }
  void Serve(int behind) {
    // OpenSSL writes without MSG_NOSIGNAL, and a client may go at any time.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in to = Loopback(behind);
    EXPECT_EQ(::connect(server, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    const std::unique_ptr<SSL, Free> ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), client);
    if (SSL_accept(ssl.get()) == 1) Pass(ssl.get(), client, server);
    ::close(server);
    ::close(client);
  }
  void Pass(SSL* ssl, int client, int server) const {
    std::vector<char> bytes(32 * 1024);
    while (!closing_) {
      pollfd waited[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (SSL_pending(ssl) == 0 && ::poll(waited, 2, 20) <= 0) continue;
      if (SSL_pending(ssl) > 0 || waited[0].revents != 0) {
        const int count = SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
        if (count <= 0) return;
        ::send(server, bytes.data(), static_cast<size_t>(count), MSG_NOSIGNAL);
      }
      if (waited[1].revents != 0) {
        const ssize_t count = ::recv(server, bytes.data(), bytes.size(), 0);
        if (count <= 0 || SSL_write(ssl, bytes.data(), static_cast<int>(count)) <= 0) return;
      }
    }
  }

  const std::unique_ptr<SSL_CTX, Free> context_;
  const int listener_;
  int port_ = 0;
  std::atomic<bool> closing_ = false;
  std::thread thread_;
};

ScriptedCamera Streaming() {
  ScriptedCamera camera;
  camera.on_play = [](RtspConnection& connection) {
    RtpWriter writer;
    SendClip(connection, writer, CodedClip());
  };
  return camera;
}

TEST(RtspTls, PlaysAndCountsACertificateThatNobodyVerified) {
  SKIP_WITHOUT_ENCODER();
  const Certificate certificate("DNS:somebody-else");
  ScriptedRtspServer server(Streaming());
  TlsFront front(certificate, server.port());
  SessionOptions options;
  options.url = front.Url();
  SessionRun run(options);
  ASSERT_TRUE(run.UntilUnits(CodedClip().size())) << run.end.value_or(absl::OkStatus());
  EXPECT_EQ(DecodedWithoutError(run.units), 30);
  EXPECT_EQ(run.Quirk("tls_certificate_unverified"), 1);
  EXPECT_EQ(run.Quirk("tls_version_old"), 0);
  EXPECT_EQ(run.stats().transport, Transport::kTcp);
  EXPECT_TRUE(absl::StartsWith(server.requests().front().uri, "rtsps://"));
  run.Stop();
  EXPECT_TRUE(run.UntilEnd().ok()) << run.UntilEnd();
  EXPECT_TRUE(server.WaitForRequests("TEARDOWN", 1));
}

TEST(RtspTls, TakesACertificateThatItsCaFileVouchesFor) {
  SKIP_WITHOUT_ENCODER();
  const Certificate certificate("IP:127.0.0.1");
  ScriptedRtspServer server(Streaming());
  TlsFront front(certificate, server.port());
  SessionOptions options;
  options.url = front.Url();
  options.tls.ca_file = certificate.WriteTo(testing::TempDir() + "rtsp_tls_test_own.pem");
  SessionRun run(options);
  ASSERT_TRUE(run.UntilUnits(CodedClip().size())) << run.end.value_or(absl::OkStatus());
  EXPECT_EQ(run.Quirk("tls_certificate_unverified"), 0);
}

TEST(RtspTls, RefusesAnotherSignerAndAnotherName) {
  const Certificate certificate("IP:127.0.0.1");
  const Certificate stranger("IP:127.0.0.1");
  const Certificate elsewhere("IP:10.1.2.3");
  struct Case {
    const Certificate& shown;
    const Certificate& trusted;
  };
  for (const Case& c : {Case{certificate, stranger}, Case{elsewhere, elsewhere}}) {
    ScriptedRtspServer server{ScriptedCamera()};
    TlsFront front(c.shown, server.port());
    SessionOptions options;
    options.url = front.Url();
    options.tls.ca_file = c.trusted.WriteTo(testing::TempDir() + "rtsp_tls_test_other.pem");
    SessionRun run(options);
    const absl::Status end = run.UntilEnd();
    EXPECT_EQ(end.code(), absl::StatusCode::kUnauthenticated) << end;
    EXPECT_TRUE(absl::StrContains(end.message(), "certificate")) << end;
    EXPECT_TRUE(server.requests().empty());
  }
}

TEST(RtspTls, AsksTheMachinesAuthoritiesWhereVerificationIsWantedWithoutAFile) {
  const Certificate unknown("IP:127.0.0.1");
  ScriptedRtspServer server{ScriptedCamera()};
  TlsFront front(unknown, server.port());
  SessionOptions options;
  options.url = front.Url();
  options.tls.verify = true;
  SessionRun run(options);
  EXPECT_EQ(run.UntilEnd().code(), absl::StatusCode::kUnauthenticated) << run.UntilEnd();
  EXPECT_TRUE(server.requests().empty());
}

TEST(RtspTls, ReadsACaFileOnceForAllSessionsAndAgainWhenItChanged) {
  SKIP_WITHOUT_ENCODER();
  const Certificate certificate("IP:127.0.0.1");
  const Certificate stranger("IP:127.0.0.1");
  ScriptedRtspServer server(Streaming());
  SessionOptions options;
  options.tls_contexts = std::make_shared<TlsContexts>();
  const std::string file = testing::TempDir() + "rtsp_tls_test_shared.pem";
  options.tls.ca_file = certificate.WriteTo(file);
  for (int i = 0; i < 3; ++i) {
    TlsFront front(certificate, server.port());
    options.url = front.Url();
    SessionRun run(options);
    ASSERT_TRUE(run.UntilUnits(1)) << run.end.value_or(absl::OkStatus());
    run.Stop();
    EXPECT_TRUE(run.UntilEnd().ok());
  }
  EXPECT_EQ(options.tls_contexts->made(), 1);
  stranger.WriteTo(file);
  // Within the clock's grain the file may look unchanged.
  std::filesystem::last_write_time(
      file, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  TlsFront changed(certificate, server.port());
  options.url = changed.Url();
  SessionRun refused(options);
  EXPECT_EQ(refused.UntilEnd().code(), absl::StatusCode::kUnauthenticated) << refused.UntilEnd();
  EXPECT_EQ(options.tls_contexts->made(), 2);
  // Any certificate is another trust.
  TlsFront unverified(certificate, server.port());
  options.url = unverified.Url();
  options.tls = {};
  SessionRun any(options);
  ASSERT_TRUE(any.UntilUnits(1)) << any.end.value_or(absl::OkStatus());
  EXPECT_EQ(options.tls_contexts->made(), 3);
}

TEST(RtspTls, SaysThatTheCaFileCannotBeReadOrThatThereIsNoTls) {
  ScriptedRtspServer server{ScriptedCamera()};
  SessionOptions options;
  options.url = absl::StrCat("rtsps://127.0.0.1:", server.port(), "/stream");
  options.tls.ca_file = "/no/such/file.pem";
  SessionRun unread(options);
  EXPECT_EQ(unread.UntilEnd().code(), absl::StatusCode::kNotFound) << unread.UntilEnd();
  EXPECT_TRUE(absl::StrContains(unread.UntilEnd().message(), "/no/such/file.pem"));

  // A server that does not answer the handshake.
  options.tls.ca_file.clear();
  options.connect_timeout = absl::Milliseconds(200);
  SessionRun silent(options);
  EXPECT_EQ(silent.UntilEnd().code(), absl::StatusCode::kDeadlineExceeded) << silent.UntilEnd();
}

}  // namespace
}  // namespace patrol::rtsp
