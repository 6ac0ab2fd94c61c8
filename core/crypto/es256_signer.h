// ES256 signatures (FIPS 186-5 clause 6.4.1) in a quarter of EVP's time.
//
// es256_generator.h multiplies the generator (2 us, constant time), OpenSSL where the processor has no lanes (7 us). Two
// inversions take OpenSSL 13 us, raising to a fixed exponent; we invert the number times a random one, which tells
// nothing of it, in 1 us each. A signer is immutable, any thread; a scratch belongs to one. All that could give the key
// away is wiped, the stack below sign() with it: from a nonce of one signature anybody computes the key.
#pragma once

#include <memory>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/words256.h"

namespace claviger::crypto {

class Es256SignerScratch {
 public:
  Es256SignerScratch();
  ~Es256SignerScratch();
  Es256SignerScratch(const Es256SignerScratch&) = delete;
  Es256SignerScratch& operator=(const Es256SignerScratch&) = delete;

 private:
  friend class Es256Signer;
  struct Numbers;
  std::unique_ptr<Numbers> numbers_;
};

class Es256Signer {
 public:
  // Of a private key, 32 bytes, most significant first, 0 < d < n.
  explicit Es256Signer(Secret<kP256Bytes> key) : key_(std::move(key)) {}

  // r | s of a SHA-256 digest. CryptoFailure.
  Result<Unit> sign(Es256SignerScratch& scratch, Bytes digest, std::span<std::byte, 2 * kP256Bytes> out) const;
  // With this nonce, 0 < nonce < n: for the vectors of RFC 6979. False when it gives no signature. Leaves its frames as they are.
  Result<bool> sign_with(Es256SignerScratch& scratch, Bytes digest, const Words256& nonce,
                         std::span<std::byte, 2 * kP256Bytes> out) const;

 private:
  // With a new nonce.
  Result<bool> try_sign(Es256SignerScratch& scratch, Bytes digest, std::span<std::byte, 2 * kP256Bytes> out) const;
  Result<Words256> make_nonce(Es256SignerScratch& scratch, Bytes digest) const;
  Secret<kP256Bytes> key_;
};

}  // namespace claviger::crypto
