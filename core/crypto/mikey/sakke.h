// SAKKE (RFC 6508) with parameter set 1 of RFC 6509: encryption of a 128-bit secret to an identifier.
//
// KMS:     SakkeMasterSecret (z_T) and its SakkePublicKey (Z_T, "PubEncKey"); extract_rsk() for one user, RskExtractor
//          (rsk_extractor.h) for many.
// client:  check_rsk(), sakke_encapsulate(), sakke_decapsulate().
//
// Points are 257 octets, 04 | x | y. Identifiers are octet strings, in practice the 32 of a UID (uid.h). Whatever
// touches a secret takes constant time or works on a blinded copy, and wipes what it made. Values are immutable and
// serve any thread; each call takes 0.1 to 10 ms: for the shard's offload, not for its loop.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::mikey {

inline constexpr std::size_t kSakkeScalarBytes = 128;
inline constexpr std::size_t kSakkePointBytes = 257;
inline constexpr std::size_t kSharedSecretBytes = 16;
inline constexpr std::size_t kEncapsulatedBytes = kSakkePointBytes + kSharedSecretBytes;
// An identifier as a number must stay below q, of 1022 bits. Those of RFC 6509 have some 26 octets, UIDs 32.
inline constexpr std::size_t kIdentifierBytesMax = 127;

using SakkePoint = std::array<std::byte, kSakkePointBytes>;
using Rsk = Secret<kSakkePointBytes>;
using SharedSecret = Secret<kSharedSecretBytes>;
using Encapsulated = std::array<std::byte, kEncapsulatedBytes>;

// Z_T: a point of order q, checked at import.
class SakkePublicKey {
 public:
  // KeyMalformed for another length or first octet or a coordinate not below p; KeyNotOnCurve off the curve, at
  // infinity or of another order.
  static Result<SakkePublicKey> from_octets(Bytes octets);

  const SakkePoint& octets() const { return octets_; }

 private:
  friend class SakkeMasterSecret;
  explicit SakkePublicKey(const SakkePoint& octets) : octets_(octets) {}
  SakkePoint octets_;
};

// z_T. Whoever knows it has every user's key of the domain.
class SakkeMasterSecret {
 public:
  // Random in [2, q - 1] (RFC 6508 clause 2.1).
  static Result<SakkeMasterSecret> generate();
  // 128 octets, big endian. OutOfRange outside [2, q - 1].
  static Result<SakkeMasterSecret> from_octets(Bytes octets);

  const Secret<kSakkeScalarBytes>& octets() const { return z_; }
  // [z_T]P, computed when the object was made.
  const SakkePublicKey& public_key() const { return public_key_; }

 private:
  SakkeMasterSecret(Secret<kSakkeScalarBytes> z, const SakkePublicKey& public_key)
      : z_(std::move(z)), public_key_(public_key) {}
  Secret<kSakkeScalarBytes> z_;
  SakkePublicKey public_key_;
};

// RFC 6508 clause 6.1.1: [1 / (a + z_T)]P. BadValue for an identifier that is empty, too long or the negative of z_T;
// CryptoFailure when no random bytes are to be had or the result does not stand its checks.
Result<Rsk> extract_rsk(const SakkeMasterSecret& master, Bytes identifier);

// RFC 6508 clause 6.1.2, by pairing. KeyMalformed or KeyNotOnCurve as above, KeyType when it is a point but not the
// key of that identifier under that public key.
Result<Unit> check_rsk(const SakkePublicKey& public_key, Bytes identifier, Bytes rsk);

// RFC 6508 clause 6.2.1: `secret` for the holder of `identifier`'s RSK. 257 octets of R, then 16 of H.
Result<Encapsulated> sakke_encapsulate(const SakkePublicKey& public_key, Bytes identifier, const SharedSecret& secret);

// RFC 6508 clause 6.2.2. SealBroken for whatever was not encapsulated to this identifier and key: nothing tells more.
// `identifier` is the receiver's own. KeyMalformed or KeyNotOnCurve when the RSK is no point.
Result<SharedSecret> sakke_decapsulate(const SakkePublicKey& public_key, Bytes identifier, const Rsk& rsk,
                                       Bytes encapsulated);

}  // namespace claviger::mikey
