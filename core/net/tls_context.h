// What TLS connections of one listener or one client have in common: certificate, policy, trust, tickets.
//
// Immutable once made; shared by all shards. A reload makes a new one for new connections while the old lives on in
// the open ones. TLS 1.3 (RFC 8446), 1.2 allowed with forward secrecy and AEAD only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/net/ticket_keys.h"

struct ssl_ctx_st;

namespace claviger::net {

enum class ClientCertificate : std::uint8_t {
  None,      // never asked for
  Optional,  // any certificate is taken; whether it chains to the CA is told to the application (RFC 8705 needs both)
  Required,  // the handshake fails without one that chains to the CA
};

struct TlsServerOptions {
  std::string certificate_chain_pem;  // leaf first
  SecretBytes private_key_pem;
  ClientCertificate client_certificate = ClientCertificate::None;
  std::string client_ca_pem;
  std::string client_crls_pem;  // when given, every certificate of a chain is looked for in them
  std::vector<std::string> alpn = {"h2", "http/1.1"};  // in order of preference; empty: none is negotiated
  std::shared_ptr<TicketKeys> ticket_keys;             // null: no resumption
  // Tickets of one name are not taken under another: the listener's purpose.
  std::string session_name = "default";
};

struct TlsClientOptions {
  std::string ca_pem;  // empty: the system's
  std::string certificate_chain_pem;  // empty: no client certificate
  SecretBytes private_key_pem;
  std::vector<std::string> alpn = {"h2", "http/1.1"};
};

class TlsContext {
 public:
  static Result<std::shared_ptr<const TlsContext>> server(TlsServerOptions options);
  static Result<std::shared_ptr<const TlsContext>> client(TlsClientOptions options);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  ssl_ctx_st* native() const { return native_; }
  bool is_server() const { return is_server_; }

 private:
  TlsContext() = default;
  Result<Unit> set_up_common();
  Result<Unit> use_certificate(const std::string& chain_pem, const SecretBytes& key_pem);
  Result<Unit> trust(const std::string& ca_pem, const std::string& crls_pem, bool names_to_peer);
  void settle_own_chain();
  Result<Unit> name_sessions(const TlsServerOptions& options);
  void use_tickets(std::shared_ptr<TicketKeys> keys);

  ssl_ctx_st* native_ = nullptr;
  bool is_server_ = false;
  std::string alpn_;  // each name with its length before it (RFC 7301 clause 3.1)
  std::shared_ptr<TicketKeys> ticket_keys_;
  friend struct TlsContextCallbacks;
};

}  // namespace claviger::net
