#include "lib/video/rtsp/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace patrol::rtsp {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// A socket for OpenSSL that raises no SIGPIPE, which its own does.
int DescriptorOf(BIO* bio) {
  return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
}

int RetryOr(BIO* bio, ssize_t count, int retry) {
  BIO_clear_retry_flags(bio);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  }
  return static_cast<int>(count);
}

int BioWrite(BIO* bio, const char* data, int size) {
  const ssize_t count =
      ::send(DescriptorOf(bio), data, static_cast<size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  return RetryOr(bio, count, BIO_FLAGS_WRITE);
}

int BioRead(BIO* bio, char* data, int size) {
  const ssize_t count = ::recv(DescriptorOf(bio), data, static_cast<size_t>(size), MSG_DONTWAIT);
  return RetryOr(bio, count, BIO_FLAGS_READ);
}

long BioControl(BIO*, int command, long, void*) {  // NOLINT: OpenSSL's type
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* NewSocketBio(int descriptor) {
  // Made once and never changed: a table of functions.
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "patrol socket");
    if (made == nullptr) return made;
    BIO_meth_set_write(made, BioWrite);
    BIO_meth_set_read(made, BioRead);
    BIO_meth_set_ctrl(made, BioControl);
    return made;
  }();
  if (method == nullptr) return nullptr;
  BIO* bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(descriptor)));
  BIO_set_init(bio, 1);
  return bio;
}

// OpenSSL's queue of errors in words; empties it.
std::string WhatOpenSslSays() {
  const unsigned long code = ERR_get_error();  // NOLINT: OpenSSL's type
  ERR_clear_error();
  if (code == 0) return "the camera closed the connection";
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? absl::StrCat("error ", code) : reason;
}

// What SSL_read and SSL_write say of their `count`: bytes, 0 when they have to wait, or an error.
absl::StatusOr<size_t> Moved(const SSL* ssl, int count) {
  if (count > 0) return static_cast<size_t>(count);
  switch (SSL_get_error(ssl, count)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return size_t{0};
    default:
      return absl::UnavailableError(WhatOpenSslSays());
  }
}

std::unique_ptr<SSL_CTX, Free> NewContext() {
  std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return context;
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

// When a file was last written; a file that is not there was never.
int64_t WrittenAt(const std::string& path) {
  struct stat found {};
  if (path.empty() || ::stat(path.c_str(), &found) != 0) return 0;
  return int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
}

}  // namespace

struct TlsContexts::Context {
  std::unique_ptr<SSL_CTX, Free> context;
  bool verifies = false;
  int64_t written_at = 0;  // of the CA file
};

TlsContexts::TlsContexts() = default;

TlsContexts::~TlsContexts() = default;

absl::StatusOr<std::shared_ptr<TlsContexts::Context>> TlsContexts::For(const TlsTrust& trust) {
  // No file is called that: a name has no NUL.
  const std::string key = trust.ca_file.empty() && trust.verify ? std::string(1, 0) : trust.ca_file;
  const int64_t written_at = WrittenAt(trust.ca_file);
  const auto found = contexts_.find(key);
  if (found != contexts_.end() && found->second->written_at == written_at) return found->second;
  ERR_clear_error();
  auto made = std::make_shared<Context>();
  made->context = NewContext();
  made->written_at = written_at;
  made->verifies = !trust.any_certificate();
  SSL_CTX* const context = made->context.get();
  if (context == nullptr) return absl::InternalError(absl::StrCat("tls: ", WhatOpenSslSays()));
  if (!made->verifies) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    // Level 0: keys of 1,024 bits and SHA-1, which old cameras have.
    SSL_CTX_set_security_level(context, 0);
  } else {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const int loaded = trust.ca_file.empty()
                           ? SSL_CTX_set_default_verify_paths(context)
                           : SSL_CTX_load_verify_locations(context, trust.ca_file.c_str(), nullptr);
    if (loaded != 1) {
      ERR_clear_error();
      return absl::NotFoundError(absl::StrCat("tls: CA file \"", trust.ca_file,
                                              "\" holds no certificate that can be read"));
    }
  }
  ++made_;
  contexts_[key] = made;
  return made;
}

struct Tls::Impl {
  bool verifies = false;
  std::unique_ptr<SSL, Free> ssl;
};

Tls::Tls(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Tls::~Tls() = default;

absl::StatusOr<std::unique_ptr<Tls>> Tls::Create(int descriptor, const std::string& host,
                                                 const TlsTrust& trust, TlsContexts& contexts) {
  auto context = contexts.For(trust);
  if (!context.ok()) return context.status();
  ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->verifies = (*context)->verifies;
  // Holds the context by itself.
  impl->ssl.reset(SSL_new((*context)->context.get()));
  BIO* const bio = impl->ssl == nullptr ? nullptr : NewSocketBio(descriptor);
  if (bio == nullptr) return absl::InternalError(absl::StrCat("tls: ", WhatOpenSslSays()));
  SSL* const ssl = impl->ssl.get();
  SSL_set_bio(ssl, bio, bio);
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl);
  // An address is compared as one; a name also goes into the server name indication.
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) != 1) {
    ERR_clear_error();
    SSL_set_tlsext_host_name(ssl, host.c_str());
    if (X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), 0) != 1) {
      return absl::InternalError(absl::StrCat("tls: host \"", host, "\": ", WhatOpenSslSays()));
    }
  }
  SSL_set_connect_state(ssl);
  return std::unique_ptr<Tls>(new Tls(std::move(impl)));
}

absl::StatusOr<Tls::Wait> Tls::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(impl_->ssl.get());
  if (result == 1) return Wait::kNone;
  switch (SSL_get_error(impl_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Wait::kRead;
    case SSL_ERROR_WANT_WRITE:
      return Wait::kWrite;
    default:
      break;
  }
  const long verified = SSL_get_verify_result(impl_->ssl.get());  // NOLINT: OpenSSL's type
  if (verified != X509_V_OK && impl_->verifies) {
    ERR_clear_error();
    return absl::UnauthenticatedError(
        absl::StrCat("tls: certificate of the camera: ", X509_verify_cert_error_string(verified)));
  }
  return absl::UnavailableError(absl::StrCat("tls handshake: ", WhatOpenSslSays()));
}

absl::StatusOr<size_t> Tls::Read(std::span<uint8_t> buffer) {
  ERR_clear_error();
  const int size = static_cast<int>(std::min<size_t>(buffer.size(), INT_MAX));
  return Moved(impl_->ssl.get(), SSL_read(impl_->ssl.get(), buffer.data(), size));
}

absl::StatusOr<size_t> Tls::Write(std::string_view text) {
  ERR_clear_error();
  const int size = static_cast<int>(std::min<size_t>(text.size(), INT_MAX));
  return Moved(impl_->ssl.get(), SSL_write(impl_->ssl.get(), text.data(), size));
}

bool Tls::verified() const { return impl_->verifies; }

bool Tls::old_version() const { return SSL_version(impl_->ssl.get()) < TLS1_2_VERSION; }

}  // namespace patrol::rtsp
