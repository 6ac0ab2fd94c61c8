// A private key that signs with one algorithm: ES256, EdDSA or RS256.
//
// Immutable: any number of threads sign with it at once, each with its own SigningContext. The secret part is
// held by OpenSSL (cleared when freed) or in a Secret, and leaves only by to_pkcs8(), to be sealed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/signature_algorithm.h"
#include "core/crypto/verify_key.h"

namespace claviger::crypto {

// New RSA keys; longer ones are imported. 3072 bits would sign at a third of the rate.
inline constexpr unsigned kRsaBitsGenerated = 2048;

// Scratch space of one shard for all its signatures, with all keys.
class SigningContext {
 public:
  SigningContext();
  SigningContext(SigningContext&&) noexcept;
  SigningContext& operator=(SigningContext&&) noexcept;
  ~SigningContext();

 private:
  friend class SigningKey;
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

class SigningKey {
 public:
  // RSA takes a tenth of a second or more: off the loop.
  static Result<SigningKey> generate(SignatureAlgorithm algorithm);
  // PrivateKeyInfo (RFC 5208, RFC 5958), unencrypted, nothing after it. Errors of VerifyKey, and KeyMalformed
  // when private and public part do not belong together.
  static Result<SigningKey> from_pkcs8(Bytes der);
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  // Reads back as the same key.
  Result<SecretBytes> to_pkcs8() const;

  SignatureAlgorithm algorithm() const;
  // What others verify with; its thumbprint is our `kid`.
  const VerifyKey& verify_key() const;
  const std::string& kid() const { return verify_key().thumbprint(); }

  // 64 bytes for ES256 (r|s) and EdDSA, the modulus' length for RS256.
  std::size_t signature_size() const { return verify_key().signature_size(); }
  // Writes signature_size() bytes to the front of `out`, which must have room for them (asserted). Constant
  // time in the key. CryptoFailure.
  Result<std::size_t> sign(SigningContext& context, Bytes signing_input, MutableBytes out) const;

 private:
  struct Parts;
  explicit SigningKey(std::unique_ptr<const Parts> parts);
  static Result<SigningKey> from_evp(EVP_PKEY* key);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace claviger::crypto
