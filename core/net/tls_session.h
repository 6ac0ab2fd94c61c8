// One TLS connection without a socket: ciphertext in, plaintext out, and the other way round, all in memory, so that
// the stream decides when system calls happen.
//
// Owned by a Stream, on its shard. Input is set for the time of one call and must be used up by it (OpenSSL keeps what
// is left of a broken record); output goes to the stream's SendQueue.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/net/send_queue.h"
#include "core/net/tls_context.h"

struct ssl_st;
struct ssl_session_st;

namespace claviger::net {

// Handshake messages that a peer may send after the handshake: KeyUpdate, and tickets to a client. Each KeyUpdate costs us
// two key derivations for some 30 bytes of its; a connection of months needs a handful (RFC 8446 clause 5.5).
inline constexpr std::uint32_t kPostHandshakeMessagesMax = 256;

// What a peer proved by its certificate.
struct PeerCertificate {
  std::string der;
  std::array<std::byte, 32> digest{};  // SHA-256 of der (RFC 8705 clause 3.1, x5t#S256)
  bool is_trusted = false;             // it chains to the listener's client CA
};

// What a client keeps of a session to resume it with another connection to the same server. Any thread.
using TlsResumption = std::shared_ptr<ssl_session_st>;

class TlsSession {
 public:
  // `server_name` for a client: the host name or address whose certificate is accepted, and the name sent (SNI).
  static Result<std::unique_ptr<TlsSession>> make(std::shared_ptr<const TlsContext> context, SendQueue& output,
                                                  const std::string& server_name = {},
                                                  const TlsResumption& resumption = {});
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  // Ciphertext for the calls that follow, until has_input() says no.
  void set_input(Bytes ciphertext) { input_ = ciphertext; }
  bool has_input() const { return !input_.empty(); }

  // True when it is complete; false when more input is needed.
  Result<bool> handshake();
  bool is_established() const { return is_established_; }
  // Plaintext into `to`; 0 when the input is used up. Code::PeerClosed after the peer's close_notify.
  Result<std::size_t> read(MutableBytes to);
  Result<Unit> write(Bytes plaintext);
  void close_notify();

  std::string_view alpn() const;
  bool is_resumed() const;
  // The latest ticket a client was given; null before.
  const TlsResumption& resumption() const { return resumption_; }
  std::optional<PeerCertificate> peer_certificate() const;

 private:
  friend struct TlsSessionBio;
  friend struct TlsContextCallbacks;
  TlsSession(std::shared_ptr<const TlsContext> context, SendQueue& output);

  std::shared_ptr<const TlsContext> context_;
  SendQueue& output_;
  Bytes input_;
  TlsResumption resumption_;
  ssl_st* ssl_ = nullptr;
  bool is_established_ = false;
  bool is_broken_ = false;
  std::uint32_t post_handshake_messages_ = 0;
};

}  // namespace claviger::net
