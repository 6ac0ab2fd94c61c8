// A certificate chain with the private key of its first certificate: what a TLS server or client presents.
//
// Immutable, any thread. The key may be of any kind that TLS can use, not only of those we sign tokens with;
// it is held by OpenSSL, which clears it when it is freed.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/certificate.h"

typedef struct evp_pkey_st EVP_PKEY;

namespace claviger::crypto {

class Credential {
 public:
  // Certificates in PEM, the own one first (RFC 8446 clause 4.4.2), and an unencrypted private key in PEM.
  // CertificateInvalid; KeyMalformed; KeyUse when the key is another one's.
  static Result<Credential> load(std::string_view chain_pem, Bytes private_key_pem);

  const std::vector<Certificate>& chain() const;
  const Certificate& leaf() const { return chain().front(); }
  // Borrowed: SSL_CTX_use_PrivateKey() takes a reference of its own.
  EVP_PKEY* private_key() const;

 private:
  struct Parts;
  explicit Credential(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace claviger::crypto
