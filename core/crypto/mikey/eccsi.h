// ECCSI (RFC 6507) over NIST P-256 with SHA-256: signatures that are checked with the signer's identifier and one
// public key of the domain.
//
// KMS:     EccsiMasterSecret (KSAK) and its EccsiPublicKey (KPAK, "PubAuthKey"); issue_eccsi_key().
// client:  check_eccsi_key(), eccsi_sign(), eccsi_verify().
//
// Points are 65 octets, 04 | x | y. Identifiers are octet strings, in practice a UID (uid.h). Secrets are handled in
// constant time and wiped. Any thread. Issuing costs some 15 us, signing 30, verifying 150.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::mikey {

inline constexpr std::size_t kEccsiScalarBytes = 32;
inline constexpr std::size_t kEccsiPointBytes = 65;
inline constexpr std::size_t kEccsiSignatureBytes = 2 * kEccsiScalarBytes + kEccsiPointBytes;  // r | s | PVT

using EccsiPoint = std::array<std::byte, kEccsiPointBytes>;
using EccsiSignature = std::array<std::byte, kEccsiSignatureBytes>;

// KPAK: a point on the curve, checked at import.
class EccsiPublicKey {
 public:
  // KeyMalformed for another length or first octet or an unreduced coordinate, KeyNotOnCurve off the curve.
  static Result<EccsiPublicKey> from_octets(Bytes octets);
  const EccsiPoint& octets() const { return octets_; }

 private:
  friend class EccsiMasterSecret;
  explicit EccsiPublicKey(const EccsiPoint& octets) : octets_(octets) {}
  EccsiPoint octets_;
};

// KSAK. Whoever knows it signs as anybody of the domain.
class EccsiMasterSecret {
 public:
  static Result<EccsiMasterSecret> generate();
  // 32 octets, big endian. OutOfRange outside [1, q - 1].
  static Result<EccsiMasterSecret> from_octets(Bytes octets);

  const Secret<kEccsiScalarBytes>& octets() const { return ksak_; }
  const EccsiPublicKey& public_key() const { return public_key_; }

 private:
  EccsiMasterSecret(Secret<kEccsiScalarBytes> ksak, const EccsiPublicKey& public_key)
      : ksak_(std::move(ksak)), public_key_(public_key) {}
  Secret<kEccsiScalarBytes> ksak_;
  EccsiPublicKey public_key_;
};

// What the KMS gives a user: SSK secret, PVT public.
struct EccsiUserKey {
  Secret<kEccsiScalarBytes> ssk;
  EccsiPoint pvt{};
};

// RFC 6507 clause 5.1.1 with a fresh random v: a second call gives another pair, and both are good. Not to be
// repeated for one (user, period) but to be stored and served again. BadValue for an identifier that is empty or longer
// than kIdentifierBytesMax of sakke.h; CryptoFailure without random bytes.
Result<EccsiUserKey> issue_eccsi_key(const EccsiMasterSecret& master, Bytes identifier);
// With v given, for published vectors alone: two keys from one v reveal KSAK to whoever sees both.
Result<EccsiUserKey> issue_eccsi_key_with(const EccsiMasterSecret& master, Bytes identifier,
                                          const Secret<kEccsiScalarBytes>& v);

// RFC 6507 clause 5.1.2. KeyMalformed or KeyNotOnCurve for the PVT, KeyType when the key is another's.
Result<Unit> check_eccsi_key(const EccsiPublicKey& public_key, Bytes identifier, const EccsiUserKey& key);

// RFC 6507 clause 5.2.1 with a fresh random j; the key has been checked.
Result<EccsiSignature> eccsi_sign(const EccsiPublicKey& public_key, Bytes identifier, const EccsiUserKey& key,
                                  Bytes message);
// With j given, for published vectors alone.
Result<EccsiSignature> eccsi_sign_with(const EccsiPublicKey& public_key, Bytes identifier, const EccsiUserKey& key,
                                       Bytes message, const Secret<kEccsiScalarBytes>& j);

// RFC 6507 clause 5.2.2. SignatureInvalid for whatever does not verify, malformed signatures included.
Result<Unit> eccsi_verify(const EccsiPublicKey& public_key, Bytes identifier, Bytes message, Bytes signature);

}  // namespace claviger::mikey
