#include "broker/keys/certificate_trust.h"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <memory>

namespace claviger::keys {
namespace {

struct FreeStore {
  void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
};
struct FreeStoreContext {
  void operator()(X509_STORE_CTX* context) const noexcept { X509_STORE_CTX_free(context); }
};
struct FreeStack {
  // The certificates in it belong to others.
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};

constexpr Error kUntrusted{Code::CertificateInvalid, "xml.certificate"};

Result<Unit> check_chain(const std::vector<crypto::Certificate>& chain, std::string_view ca_pem, std::int64_t now) {
  CLAVIGER_TRY(authorities, crypto::Certificate::from_pem(ca_pem));
  if (authorities.empty()) return kUntrusted;
  const std::unique_ptr<X509_STORE, FreeStore> store(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, FreeStoreContext> context(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), FreeStack> others(sk_X509_new_null());
  if (!store || !context || !others) return Error{Code::CryptoFailure, "xml.certificate"};
  for (const crypto::Certificate& each : authorities) {
    if (X509_STORE_add_cert(store.get(), each.x509()) != 1) return kUntrusted;
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (sk_X509_push(others.get(), chain[i].x509()) <= 0) return kUntrusted;
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), chain.front().x509(), others.get()) != 1) return kUntrusted;
  X509_STORE_CTX_set_time(context.get(), 0, now);
  if (X509_verify_cert(context.get()) != 1) return kUntrusted;
  return Unit{};
}

}  // namespace

Result<crypto::Certificate> check_certificate_signed(const CertificateSigned& document, std::string_view ca_pem,
                                                     std::int64_t now) {
  std::vector<crypto::Certificate> chain;
  for (const std::string& der : document.chain) {
    CLAVIGER_TRY(certificate, crypto::Certificate::from_der(as_bytes(der)));
    chain.push_back(std::move(certificate));
  }
  if (chain.empty()) return kUntrusted;
  CLAVIGER_TRY(trusted, check_chain(chain, ca_pem, now));
  CLAVIGER_TRY(key, chain.front().public_key());
  if (key.algorithm() != crypto::SignatureAlgorithm::Es256) return kUntrusted;
  crypto::VerifyContext context;
  CLAVIGER_TRY(verified, key.verify(context, as_bytes(document.signed_info), as_bytes(document.value)));
  return chain.front();
}

Result<Unit> check_authority(const crypto::Certificate& certificate, std::string_view ca_pem, std::int64_t now) {
  return check_chain({certificate}, ca_pem, now);
}

bool are_authorities(std::string_view pem) {
  constexpr std::size_t kPemBytesMax = 64 * 1024;
  if (pem.size() > kPemBytesMax) return false;
  const auto authorities = crypto::Certificate::from_pem(pem);
  return authorities && !authorities->empty();
}

bool is_named(const crypto::Certificate& certificate, std::string_view name) {
  const auto has = [name](const std::vector<std::string>& all) { return std::ranges::find(all, name) != all.end(); };
  if (name.empty()) return false;
  if (has(certificate.dns_names()) || has(certificate.uris())) return true;
  // RFC 4514: the most specific name first; a name with characters that are escaped there belongs into a URI.
  std::string_view subject = certificate.subject();
  if (!subject.starts_with("CN=")) return false;
  subject = subject.substr(3);
  return subject.substr(0, subject.find_first_of(",+")) == name;
}

}  // namespace claviger::keys
