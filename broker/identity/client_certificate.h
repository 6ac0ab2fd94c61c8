// Clients that authenticate by their TLS certificate (RFC 8705 clauses 2.1 and 2.2).
//
// Pure function; that the peer holds the certificate's key was proved in the handshake.
#pragma once

#include "broker/identity/client.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::identity {

// `tls_subject` beginning with this names a URI among the certificate's subject alternative names.
inline constexpr std::string_view kSanPrefix = "san:";

// For TlsClientAuth the certificate must chain to the listener's client CA and have the registered subject; for
// SelfSignedTlsClientAuth it must be the registered one. ClientCertificateWrong.
Result<Unit> check_client_certificate(const Client& client, const http::Peer& peer);

}  // namespace claviger::identity
