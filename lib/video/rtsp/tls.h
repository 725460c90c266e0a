#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace patrol::rtsp {

// Whose word is taken for who a camera is.
struct TlsTrust {
  // PEM file with the authority that signs the cameras' certificates; "": see `verify`.
  std::string ca_file;
  // Without a CA file: true: this machine's own authorities vouch; false: any certificate is taken.
  bool verify = false;

  bool any_certificate() const { return ca_file.empty() && !verify; }

  friend bool operator==(const TlsTrust&, const TlsTrust&) = default;
};

// What all connections of one trust share: reading a CA file for each of 700 reconnecting cameras
// would cost more than their handshakes. A file that was changed meanwhile is read again.
//
// Threads: one.
class TlsContexts {
 public:
  TlsContexts();
  ~TlsContexts();
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;

  int64_t made() const { return made_; }  // since the beginning

 private:
  friend class Tls;
  struct Context;
  // Errors: NOT_FOUND when the CA file cannot be read, INTERNAL when OpenSSL refuses.
  absl::StatusOr<std::shared_ptr<Context>> For(const TlsTrust& trust);

  std::map<std::string, std::shared_ptr<Context>> contexts_;  // by CA file
  int64_t made_ = 0;
};

// The client's side of TLS on a connected, non-blocking socket that somebody else waits on.
//
// Cameras sign their certificates themselves and age with the TLS they were sold with. Without a CA
// file any certificate and TLS from 1.0 are taken: this hides the stream from who listens, it does
// not prove who the camera is. With a CA file, or where verification is asked for, the certificate
// must be signed by a trusted authority and name the host, and TLS is 1.2 or newer.
//
// Threads: one.
class Tls {
 public:
  // What the socket must be ready for before the call is repeated.
  enum class Wait { kNone, kRead, kWrite };

  // descriptor: of the socket; must outlive this. contexts: only used during the call.
  // Errors: NOT_FOUND when the CA file cannot be read, INTERNAL when OpenSSL refuses.
  static absl::StatusOr<std::unique_ptr<Tls>> Create(int descriptor, const std::string& host,
                                                     const TlsTrust& trust, TlsContexts& contexts);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // To be repeated until it returns kNone.
  // Errors: UNAUTHENTICATED when the certificate does not verify, UNAVAILABLE otherwise.
  absl::StatusOr<Wait> Handshake();

  // Bytes read, 0 when there are none now.
  // Errors: UNAVAILABLE when the other side closed or broke the connection.
  absl::StatusOr<size_t> Read(std::span<uint8_t> buffer);

  // Bytes taken, 0 when the socket takes none now. Errors: UNAVAILABLE.
  absl::StatusOr<size_t> Write(std::string_view text);

  bool verified() const;     // against the CA file or this machine's authorities
  bool old_version() const;  // older than TLS 1.2

 private:
  struct Impl;
  explicit Tls(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::rtsp
