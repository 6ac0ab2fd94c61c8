// A small certificate authority: makes the CA, server and client certificates of a sandbox and of tests.
//
// P-256 keys, ECDSA with SHA-256. Owned by the tool that sets a sandbox up; one thread. Not for production:
// no serial book, no revocation lists.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/certificate.h"

namespace claviger::crypto {

enum class CertificateUse : std::uint8_t { Server, Client, ServerAndClient };

struct CertificateRequest {
  std::string common_name;  // at most 64 characters (RFC 5280, ub-common-name)
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;  // "127.0.0.1", "::1"
  std::vector<std::string> uris;
  CertificateUse use = CertificateUse::Server;
  std::int64_t not_before = 0;  // NumericDate
  std::int64_t not_after = 0;
};

// A certificate and its private key in PKCS#8, both as PEM.
struct IssuedCertificate {
  std::string certificate_pem;
  SecretBytes private_key_pem;
};

class CertificateAuthority {
 public:
  // A fresh key and a certificate signed with itself.
  static Result<CertificateAuthority> make(std::string_view common_name, std::int64_t not_before,
                                           std::int64_t not_after);
  // From what certificate_pem() and private_key_pem() gave.
  static Result<CertificateAuthority> load(std::string_view certificate_pem, Bytes private_key_pem);
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  std::string certificate_pem() const;
  Result<SecretBytes> private_key_pem() const;

  // A fresh key for the subject, a random serial number. BadValue when a name cannot stand in a certificate.
  Result<IssuedCertificate> issue(const CertificateRequest& request) const;

 private:
  struct Parts;
  explicit CertificateAuthority(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace claviger::crypto
