// Owners of OpenSSL's objects, for the .cc files of this folder: no header of ours includes this one.
#pragma once

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>

#include "core/base/result.h"

namespace claviger::crypto {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
// OPENSSL_free is a macro.
struct FreeBytes {
  void operator()(unsigned char* bytes) const noexcept { OPENSSL_free(bytes); }
};

using PkeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using PkeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, FreeWith<EVP_CIPHER_free>>;
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;
using X509Ptr = std::unique_ptr<X509, FreeWith<X509_free>>;
using OpensslBytes = std::unique_ptr<unsigned char, FreeBytes>;

// OpenSSL leaves what went wrong in a queue of the thread, where the next TLS call would take it for its own
// error: a failure of ours empties the queue on its way out.
inline Error openssl_error(Code code, std::string_view where) {
  ERR_clear_error();
  return {code, where};
}

}  // namespace claviger::crypto
