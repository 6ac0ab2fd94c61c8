// A CA and what it issued, for tests of TLS: made once per process.
#pragma once

#include <gtest/gtest.h>

#include "core/crypto/certificate_authority.h"
#include "core/net/tls_context.h"

namespace claviger::net {

inline constexpr std::int64_t kLongAgo = 1'600'000'000;
inline constexpr std::int64_t kFarAhead = 4'000'000'000;

inline crypto::CertificateAuthority make_ca(std::string_view name) {
  return *crypto::CertificateAuthority::make(name, kLongAgo, kFarAhead);
}
inline const crypto::CertificateAuthority& test_ca() {
  static const crypto::CertificateAuthority ca = make_ca("test CA");
  return ca;
}

inline crypto::IssuedCertificate issue(const crypto::CertificateAuthority& ca, crypto::CertificateUse use,
                                       std::int64_t not_after = kFarAhead) {
  crypto::CertificateRequest request;
  request.common_name = use == crypto::CertificateUse::Client ? "client" : "localhost";
  request.dns_names = {"localhost"};
  request.addresses = {"127.0.0.1"};
  request.use = use;
  request.not_before = kLongAgo;
  request.not_after = not_after;
  return *ca.issue(request);
}

inline TlsServerOptions server_options(ClientCertificate policy = ClientCertificate::None) {
  crypto::IssuedCertificate issued = issue(test_ca(), crypto::CertificateUse::Server);
  TlsServerOptions options;
  options.certificate_chain_pem = issued.certificate_pem;
  options.private_key_pem = std::move(issued.private_key_pem);
  options.client_certificate = policy;
  if (policy != ClientCertificate::None) options.client_ca_pem = test_ca().certificate_pem();
  options.ticket_keys = std::make_shared<TicketKeys>();
  return options;
}

inline std::shared_ptr<const TlsContext> server_context(TlsServerOptions options = server_options()) {
  return *TlsContext::server(std::move(options));
}

// `client_ca` null: without a client certificate.
inline TlsClientOptions client_options(const crypto::CertificateAuthority* client_ca = nullptr) {
  TlsClientOptions options;
  options.ca_pem = test_ca().certificate_pem();
  if (client_ca != nullptr) {
    crypto::IssuedCertificate issued = issue(*client_ca, crypto::CertificateUse::Client);
    options.certificate_chain_pem = issued.certificate_pem;
    options.private_key_pem = std::move(issued.private_key_pem);
  }
  return options;
}

inline std::shared_ptr<const TlsContext> client_context(TlsClientOptions options = client_options()) {
  return *TlsContext::client(std::move(options));
}

}  // namespace claviger::net
