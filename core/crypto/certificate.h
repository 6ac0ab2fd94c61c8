// X.509 certificates (RFC 5280) as our interfaces need them: who a certificate is for, and its digest.
//
// A Certificate is immutable and may be used by any thread. It says what is written in it; whether it is
// trusted is decided by the TLS handshake's chain check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/digest.h"
#include "core/crypto/verify_key.h"

typedef struct x509_st X509;

namespace claviger::crypto {

// Chains have two to four certificates; a bundle of trusted CAs some hundred.
inline constexpr std::size_t kCertificatesMax = 512;
inline constexpr std::size_t kCertificateBytesMax = 64 * 1024;
// Of one certificate: a server with more names is a mistake or an attack.
inline constexpr std::size_t kSubjectNamesMax = 256;
inline constexpr std::size_t kSubjectNameBytesMax = 2048;

// x5t#S256: SHA-256 of the DER in base64url (RFC 7515 clause 4.1.8, RFC 8705 clause 3.1).
std::string x5t_s256(Bytes der);

class Certificate {
 public:
  // One certificate and nothing after it. CertificateInvalid.
  static Result<Certificate> from_der(Bytes der);
  // All certificates of a PEM text in their order; other blocks are skipped. Empty when there is none.
  static Result<std::vector<Certificate>> from_pem(std::string_view pem);
  // Takes a reference.
  static Result<Certificate> from_x509(X509* x509);

  Bytes der() const;
  std::string pem() const;
  std::string x5t_s256() const { return crypto::x5t_s256(der()); }

  // RFC 4514, the most specific name first: "CN=alice,O=Agency".
  const std::string& subject() const;
  const std::string& issuer() const;
  std::int64_t not_before() const;  // NumericDate
  std::int64_t not_after() const;
  bool is_valid_at(std::int64_t now) const { return not_before() <= now && now <= not_after(); }
  bool is_ca() const;
  // Extended key usage (RFC 5280 clause 4.2.1.12); true, too, when the extension is absent.
  bool allows_server() const;
  bool allows_client() const;

  // Subject alternative names. A name with a NUL or other control characters in it makes the certificate
  // invalid: it would end early for somebody else.
  const std::vector<std::string>& dns_names() const;
  const std::vector<std::string>& uris() const;
  const std::vector<std::string>& addresses() const;  // as text: "127.0.0.1", "::1"

  // KeyType when it is none of ours.
  Result<VerifyKey> public_key() const;
  X509* x509() const;

 private:
  struct Parts;
  explicit Certificate(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace claviger::crypto
