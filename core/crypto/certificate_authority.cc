#include "core/crypto/certificate_authority.h"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <array>

#include "core/crypto/credential.h"
#include "core/crypto/openssl.h"
#include "core/crypto/random.h"

namespace claviger::crypto {
namespace {

constexpr std::size_t kCommonNameMax = 64;
constexpr Error kFailure{Code::CryptoFailure, "certificate.make"};

Error failed() { return openssl_error(kFailure.code, kFailure.where); }

// RFC 5280 clause 4.1.2.2: positive, at most 20 octets, unpredictable.
bool set_serial(X509* x509) {
  std::array<std::byte, 16> serial;
  if (!fill_random(serial)) return false;
  serial[0] = (serial[0] & std::byte{0x7F}) | std::byte{0x40};
  const BignumPtr number(BN_bin2bn(as_uchar(Bytes(serial)), static_cast<int>(serial.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr;
}

bool set_common_name(X509_NAME* name, std::string_view text) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, as_uchar(as_bytes(text)),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* x509, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  using ExtensionPtr = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(x509, extension.get(), -1) == 1;
}

using NamesPtr = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

bool add_name(GENERAL_NAMES* names, int type, int string_type, Bytes content) {
  using NamePtr = std::unique_ptr<GENERAL_NAME, FreeWith<GENERAL_NAME_free>>;
  NamePtr name(GENERAL_NAME_new());
  ASN1_STRING* const text = ASN1_STRING_type_new(string_type);
  if (!name || text == nullptr || ASN1_STRING_set(text, content.data(), static_cast<int>(content.size())) != 1) {
    ASN1_STRING_free(text);
    return false;
  }
  GENERAL_NAME_set0_value(name.get(), type, text);
  return sk_GENERAL_NAME_push(names, name.get()) > 0 && name.release() != nullptr;
}

// Not through the configuration syntax of X509V3_EXT_conf: a comma in a name would start another name there.
Result<NamesPtr> alternative_names(const CertificateRequest& request) {
  NamesPtr names(GENERAL_NAMES_new());
  if (!names) return failed();
  constexpr Error kBadName{Code::BadValue, "certificate.san"};
  const auto add_text = [&](int type, const std::string& text) {
    for (const char c : text) {
      if (c <= ' ' || c >= 0x7F) return false;
    }
    return !text.empty() && text.size() <= kSubjectNameBytesMax &&
           add_name(names.get(), type, V_ASN1_IA5STRING, as_bytes(text));
  };
  for (const std::string& name : request.dns_names) {
    if (!add_text(GEN_DNS, name)) return kBadName;
  }
  for (const std::string& name : request.uris) {
    if (!add_text(GEN_URI, name)) return kBadName;
  }
  for (const std::string& text : request.addresses) {
    std::array<std::byte, 16> address;
    const bool is_v4 = inet_pton(AF_INET, text.c_str(), address.data()) == 1;
    if (!is_v4 && inet_pton(AF_INET6, text.c_str(), address.data()) != 1) return kBadName;
    if (!add_name(names.get(), GEN_IPADD, V_ASN1_OCTET_STRING, Bytes(address).first(is_v4 ? 4 : 16))) return failed();
  }
  return names;
}

const char* extended_usage(CertificateUse use) {
  switch (use) {
    case CertificateUse::Server:
      return "serverAuth";
    case CertificateUse::Client:
      return "clientAuth";
    case CertificateUse::ServerAndClient:
      return "serverAuth,clientAuth";
  }
  return "";
}

Result<X509Ptr> blank(EVP_PKEY* key, std::string_view common_name, std::int64_t not_before, std::int64_t not_after) {
  if (common_name.empty() || common_name.size() > kCommonNameMax) return Error{Code::BadValue, "certificate.name"};
  if (not_before >= not_after) return Error{Code::BadValue, "certificate.validity"};
  X509Ptr x509(X509_new());
  if (!x509 || X509_set_version(x509.get(), X509_VERSION_3) != 1 || !set_serial(x509.get()) ||
      X509_set_pubkey(x509.get(), key) != 1 || ASN1_TIME_set(X509_getm_notBefore(x509.get()), not_before) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(x509.get()), not_after) == nullptr ||
      !set_common_name(X509_get_subject_name(x509.get()), common_name)) {
    return failed();
  }
  return x509;
}

Result<SecretBytes> to_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed();
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  const MutableBytes text = std::as_writable_bytes(std::span(data, static_cast<std::size_t>(size)));
  SecretBytes pem(text);
  wipe(text);
  return pem;
}

}  // namespace

struct CertificateAuthority::Parts {
  PkeyPtr key;
  X509Ptr certificate;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::make(std::string_view common_name, std::int64_t not_before,
                                                        std::int64_t not_after) {
  auto parts = std::make_unique<Parts>();
  parts->key.reset(EVP_EC_gen("P-256"));
  if (!parts->key) return failed();
  CLAVIGER_TRY(x509, blank(parts->key.get(), common_name, not_before, not_after));
  if (X509_set_issuer_name(x509.get(), X509_get_subject_name(x509.get())) != 1 ||
      !add_extension(x509.get(), x509.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(x509.get(), x509.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(x509.get(), x509.get(), NID_subject_key_identifier, "hash") ||
      X509_sign(x509.get(), parts->key.get(), EVP_sha256()) == 0) {
    return failed();
  }
  parts->certificate = std::move(x509);
  return CertificateAuthority(std::move(parts));
}

Result<CertificateAuthority> CertificateAuthority::load(std::string_view certificate_pem, Bytes private_key_pem) {
  CLAVIGER_TRY(credential, Credential::load(certificate_pem, private_key_pem));
  if (!credential.leaf().is_ca()) return Error{Code::CertificateInvalid, "certificate.ca"};
  auto parts = std::make_unique<Parts>();
  EVP_PKEY_up_ref(credential.private_key());
  parts->key.reset(credential.private_key());
  X509_up_ref(credential.leaf().x509());
  parts->certificate.reset(credential.leaf().x509());
  return CertificateAuthority(std::move(parts));
}

std::string CertificateAuthority::certificate_pem() const {
  const auto certificate = Certificate::from_x509(parts_->certificate.get());
  CLAVIGER_ASSERT(certificate.has_value());
  return certificate->pem();
}

Result<SecretBytes> CertificateAuthority::private_key_pem() const { return to_pem(parts_->key.get()); }

Result<IssuedCertificate> CertificateAuthority::issue(const CertificateRequest& request) const {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return failed();
  CLAVIGER_TRY(x509, blank(key.get(), request.common_name, request.not_before, request.not_after));
  CLAVIGER_TRY(names, alternative_names(request));
  X509* const issuer = parts_->certificate.get();
  if (X509_set_issuer_name(x509.get(), X509_get_subject_name(issuer)) != 1 ||
      !add_extension(x509.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(x509.get(), issuer, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(x509.get(), issuer, NID_ext_key_usage, extended_usage(request.use)) ||
      !add_extension(x509.get(), issuer, NID_subject_key_identifier, "hash") ||
      !add_extension(x509.get(), issuer, NID_authority_key_identifier, "keyid:always") ||
      (sk_GENERAL_NAME_num(names.get()) > 0 &&
       X509_add1_ext_i2d(x509.get(), NID_subject_alt_name, names.get(), 0, 0) != 1) ||
      X509_sign(x509.get(), parts_->key.get(), EVP_sha256()) == 0) {
    return failed();
  }
  CLAVIGER_TRY(certificate, Certificate::from_x509(x509.get()));
  CLAVIGER_TRY(private_key_pem, to_pem(key.get()));
  IssuedCertificate issued;
  issued.certificate_pem = certificate.pem();
  issued.private_key_pem = std::move(private_key_pem);
  return issued;
}

}  // namespace claviger::crypto
