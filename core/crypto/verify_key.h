// A public key that verifies signatures of one algorithm (RFC 7515; ES256 and RS256 of RFC 7518, EdDSA of RFC
// 8037).
//
// Immutable and cheap to copy (two shared pointers): key sets hold it by value, any number of threads verify
// with it at once. What an operation writes to is the caller's VerifyContext, one per shard.
//
// A VerifyKey that exists is sound: its point is on the curve and of full order, its modulus has at least
// 2048 bits (the checks are in verify_key.cc, beside the clauses). Nothing here is secret: all of it may take
// a time that depends on the values.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/signature_algorithm.h"

typedef struct evp_pkey_st EVP_PKEY;

namespace claviger::crypto {

class Es256Table;

// RFC 7518 clause 3.3 wants at least 2048 bits. A verification with 8192 costs 0.25 ms: more is an attack.
inline constexpr std::size_t kRsaBitsMin = 2048;
inline constexpr std::size_t kRsaBitsMax = 8192;
inline constexpr std::size_t kSignatureBytesMax = kRsaBitsMax / 8;
// A PEM or DER public key: the longest RSA key of ours has 1.1 KiB of DER.
inline constexpr std::size_t kPublicKeyTextMax = 16 * 1024;

// Scratch space of one shard for all its verifications, with all keys.
class VerifyContext {
 public:
  VerifyContext();
  VerifyContext(VerifyContext&&) noexcept;
  VerifyContext& operator=(VerifyContext&&) noexcept;
  ~VerifyContext();

 private:
  friend class VerifyKey;
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

class VerifyKey {
 public:
  // The makers cost up to 0.1 ms. KeyMalformed: a length is not that of the field, or the
  // structure is wrong. KeyNotOnCurve: not a point, or one of small order. KeyWeak: RSA too short, with a
  // small factor, or with a bad exponent. KeyType: not one of the three kinds.
  static Result<VerifyKey> from_p256(Bytes x, Bytes y);
  static Result<VerifyKey> from_ed25519(Bytes x);
  static Result<VerifyKey> from_rsa(Bytes modulus, Bytes exponent);
  // SubjectPublicKeyInfo (RFC 5280 clause 4.1.2.7), nothing after it; and the same between
  // "-----BEGIN PUBLIC KEY-----" lines.
  static Result<VerifyKey> from_spki(Bytes der);
  static Result<VerifyKey> from_pem(std::string_view pem);
  // Of a certificate or a private key, for this folder. Takes no ownership.
  static Result<VerifyKey> from_evp(EVP_PKEY* key);

  SignatureAlgorithm algorithm() const;
  // RFC 7638 with SHA-256 in base64url: our `kid`, 43 characters.
  const std::string& thumbprint() const;
  std::size_t signature_size() const;

  // SignatureInvalid, whatever is wrong with the signature: length, range or value. ES256 takes r|s of 64
  // bytes with 1 <= r, s < n, and s may be the higher one (RFC 7518 clause 3.4); EdDSA is strict: S < L, no
  // point of small order.
  //
  // Verifying several at once in vector lanes would come as verify_batch(context, span of {key, input,
  // signature}, verdicts): keys with tables of the same curve share lanes, the others are verified one by
  // one.
  Result<Unit> verify(VerifyContext& context, Bytes signing_input, Bytes signature) const;
  // ES256 over a digest that the caller has (asserts the algorithm).
  Result<Unit> verify_es256(VerifyContext& context, Bytes digest, Bytes signature) const;

  // ES256 keys verify several times as fast with a table of multiples of the key. It takes milliseconds and
  // some 256 KiB: built off the loop, counted and capped by the owner, who then publishes
  // key.with_table(table). Until then EVP serves. Both give the same verdicts.
  bool wants_table() const { return algorithm() == SignatureAlgorithm::Es256 && !has_table(); }
  bool has_table() const { return table_ != nullptr; }
  // Any thread. KeyType when the algorithm has no tables.
  Result<std::shared_ptr<const Es256Table>> build_table() const;
  // `table` must be of this very key (asserted).
  VerifyKey with_table(std::shared_ptr<const Es256Table> table) const;

  // For writing the key as a JWK: x or n, and y or e. Empty y for Ed25519.
  Bytes first_component() const;
  Bytes second_component() const;

 private:
  struct Parts;
  explicit VerifyKey(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
  std::shared_ptr<const Es256Table> table_;
};

}  // namespace claviger::crypto
