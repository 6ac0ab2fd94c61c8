#include "core/crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/codec/base64url.h"
#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

constexpr Error kInvalid{Code::CertificateInvalid, "certificate"};

Result<std::int64_t> numeric_date_of(const ASN1_TIME* time) {
  std::tm calendar{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &calendar) != 1) return openssl_error(kInvalid.code, "certificate.time");
  return std::int64_t{timegm(&calendar)};
}

// RFC 4514: RFC 2253's order and escapes, with UTF-8 left as it is.
Result<std::string> text_of(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0) {
    return openssl_error(kInvalid.code, "certificate.name");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  if (size < 0 || static_cast<std::size_t>(size) > kSubjectNameBytesMax) return kInvalid;
  return std::string(data, static_cast<std::size_t>(size));
}

// An IA5String of printable ASCII.
Result<std::string> text_of(const ASN1_IA5STRING* text) {
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(text));
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  const std::string_view view(data, size);
  const bool is_printable = std::all_of(view.begin(), view.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (view.empty() || view.size() > kSubjectNameBytesMax || !is_printable) {
    return Error{Code::CertificateInvalid, "certificate.san"};
  }
  return std::string(view);
}

Result<std::string> address_of(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(address);
  if ((size != 4 && size != 16) ||
      inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(), text.size()) == nullptr) {
    return Error{Code::CertificateInvalid, "certificate.san"};
  }
  return std::string(text.data());
}

}  // namespace

std::string x5t_s256(Bytes der) {
  std::string text;
  codec::base64url_encode(sha256(der), text);
  return text;
}

struct Certificate::Parts {
  X509Ptr x509;
  std::vector<std::byte> der;
  std::string subject;
  std::string issuer;
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
  bool is_ca = false;
  bool allows_server = false;
  bool allows_client = false;
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  std::vector<std::string> addresses;

  Result<Unit> read_alternative_names();
};

Result<Unit> Certificate::Parts::read_alternative_names() {
  using NamesPtr = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;
  int critical = 0;
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509.get(), NID_subject_alt_name, &critical, nullptr)));
  if (!names) {
    if (critical == -1) return Unit{};  // no such extension
    return openssl_error(Code::CertificateInvalid, "certificate.san");
  }
  const int count = sk_GENERAL_NAME_num(names.get());
  if (static_cast<std::size_t>(count) > kSubjectNamesMax) return Error{Code::TooMany, "certificate.san"};
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      CLAVIGER_TRY(text, text_of(name->d.dNSName));
      dns_names.push_back(std::move(text));
    } else if (name->type == GEN_URI) {
      CLAVIGER_TRY(text, text_of(name->d.uniformResourceIdentifier));
      uris.push_back(std::move(text));
    } else if (name->type == GEN_IPADD) {
      CLAVIGER_TRY(text, address_of(name->d.iPAddress));
      addresses.push_back(std::move(text));
    }
  }
  return Unit{};
}

Result<Certificate> Certificate::from_x509(X509* x509) {
  auto parts = std::make_shared<Parts>();
  X509_up_ref(x509);
  parts->x509.reset(x509);

  unsigned char* encoded = nullptr;
  const int size = i2d_X509(x509, &encoded);
  const OpensslBytes der(encoded);
  if (size <= 0) return openssl_error(kInvalid.code, kInvalid.where);
  const Bytes bytes = std::as_bytes(std::span(encoded, static_cast<std::size_t>(size)));
  parts->der.assign(bytes.begin(), bytes.end());

  CLAVIGER_TRY(subject, text_of(X509_get_subject_name(x509)));
  CLAVIGER_TRY(issuer, text_of(X509_get_issuer_name(x509)));
  CLAVIGER_TRY(not_before, numeric_date_of(X509_get0_notBefore(x509)));
  CLAVIGER_TRY(not_after, numeric_date_of(X509_get0_notAfter(x509)));
  parts->subject = std::move(subject);
  parts->issuer = std::move(issuer);
  parts->not_before = not_before;
  parts->not_after = not_after;

  // Reads the extensions once, here: a duplicate or malformed one sets EXFLAG_INVALID.
  if ((X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0) {
    return openssl_error(Code::CertificateInvalid, "certificate.extensions");
  }
  const std::uint32_t usage = X509_get_extended_key_usage(x509);  // all bits when the extension is absent
  parts->is_ca = X509_check_ca(x509) == 1;
  parts->allows_server = (usage & XKU_SSL_SERVER) != 0;
  parts->allows_client = (usage & XKU_SSL_CLIENT) != 0;
  CLAVIGER_TRY(read, parts->read_alternative_names());
  ERR_clear_error();
  return Certificate(std::move(parts));
}

Result<Certificate> Certificate::from_der(Bytes der) {
  if (der.empty() || der.size() > kCertificateBytesMax) return kInvalid;
  const unsigned char* at = as_uchar(der);
  const X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!x509 || at != as_uchar(der) + der.size()) return openssl_error(kInvalid.code, kInvalid.where);
  return from_x509(x509.get());
}

Result<std::vector<Certificate>> Certificate::from_pem(std::string_view pem) {
  if (pem.size() > kCertificatesMax * kCertificateBytesMax) return Error{Code::TooLarge, "certificate.pem"};
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return openssl_error(kInvalid.code, "certificate.pem");
  std::vector<Certificate> certificates;
  while (true) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) {
      const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      if (!is_end) return Error{Code::CertificateInvalid, "certificate.pem"};
      return certificates;
    }
    const OpensslBytes name_owner(reinterpret_cast<unsigned char*>(name));
    const OpensslBytes header_owner(reinterpret_cast<unsigned char*>(header));
    const OpensslBytes data_owner(data);
    if (std::string_view(name) != PEM_STRING_X509) continue;
    if (certificates.size() == kCertificatesMax) return Error{Code::TooMany, "certificate.pem"};
    CLAVIGER_TRY(certificate, from_der(std::as_bytes(std::span(data, static_cast<std::size_t>(size)))));
    certificates.push_back(std::move(certificate));
  }
}

Bytes Certificate::der() const { return parts_->der; }

std::string Certificate::pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  CLAVIGER_ASSERT(bio && PEM_write_bio_X509(bio.get(), parts_->x509.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

const std::string& Certificate::subject() const { return parts_->subject; }
const std::string& Certificate::issuer() const { return parts_->issuer; }
std::int64_t Certificate::not_before() const { return parts_->not_before; }
std::int64_t Certificate::not_after() const { return parts_->not_after; }
bool Certificate::is_ca() const { return parts_->is_ca; }
bool Certificate::allows_server() const { return parts_->allows_server; }
bool Certificate::allows_client() const { return parts_->allows_client; }
const std::vector<std::string>& Certificate::dns_names() const { return parts_->dns_names; }
const std::vector<std::string>& Certificate::uris() const { return parts_->uris; }
const std::vector<std::string>& Certificate::addresses() const { return parts_->addresses; }
X509* Certificate::x509() const { return parts_->x509.get(); }

Result<VerifyKey> Certificate::public_key() const {
  EVP_PKEY* const key = X509_get0_pubkey(parts_->x509.get());
  if (key == nullptr) return openssl_error(Code::KeyType, "certificate.key");
  return VerifyKey::from_evp(key);
}

}  // namespace claviger::crypto
