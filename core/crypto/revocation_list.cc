#include "core/crypto/revocation_list.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <memory>

#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

struct FreeList {
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};
using ListPtr = std::unique_ptr<X509_CRL, FreeList>;

constexpr Error kInvalid{Code::CertificateInvalid, "revocation_list"};

}  // namespace

Result<std::int64_t> earliest_next_update(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return openssl_error(kInvalid.code, kInvalid.where);
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  bool is_there = false;
  while (const ListPtr list{PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)}) {
    is_there = true;
    const ASN1_TIME* const next = X509_CRL_get0_nextUpdate(list.get());
    if (next == nullptr) continue;
    std::tm calendar{};
    if (ASN1_TIME_to_tm(next, &calendar) != 1) return openssl_error(kInvalid.code, kInvalid.where);
    earliest = std::min(earliest, std::int64_t{timegm(&calendar)});
  }
  // That there is no further one, or why it cannot be read.
  const unsigned long last = ERR_peek_last_error();
  const bool is_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  const Error error = openssl_error(kInvalid.code, kInvalid.where);
  if (!is_there || !is_end) return error;
  return earliest;
}

}  // namespace claviger::crypto
