#include "core/crypto/mikey/eccsi.h"

#include <openssl/obj_mac.h>

#include "core/crypto/digest.h"
#include "core/crypto/mikey/montgomery.h"
#include "core/crypto/mikey/sakke.h"
#include "core/crypto/openssl.h"
#include "core/crypto/words256.h"

namespace claviger::mikey {
namespace {

using crypto::BignumPtr;
using crypto::openssl_error;
using crypto::Sha256Digest;
using PointPtr = std::unique_ptr<EC_POINT, crypto::FreeWith<EC_POINT_clear_free>>;
using BnContextPtr = std::unique_ptr<BN_CTX, crypto::FreeWith<BN_CTX_free>>;
using Number = Words<4>;

// OpenSSL's P-256: its multiplication of the generator is constant time and fast (12 us), so none of our own here.
const EC_GROUP* p256() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

const Modulus<4>& q256() {
  static const Modulus<4> modulus(crypto::kP256Order);
  return modulus;
}
// Any 256-bit number into Montgomery's form modulo q: reduced by it.
Number to_form(Bytes octets) { return q256().to_form(words_from_octets<4>(octets)); }
void from_form(const Number& number, MutableBytes out) { words_to_octets(q256().from_form(number), out); }

bool is_scalar(Bytes octets) {
  if (octets.size() != kEccsiScalarBytes) return false;
  const Number number = words_from_octets<4>(octets);
  return (is_less(number, crypto::kP256Order) & (is_zero(number) ^ 1U)) != 0;
}

Result<Secret<kEccsiScalarBytes>> random_scalar() {
  auto drawn = random_below(crypto::kP256Order);
  if (!drawn) return drawn.error();
  const WipeAtEnd wipe_drawn(*drawn);
  Secret<kEccsiScalarBytes> out;
  words_to_octets(*drawn, out.reveal_for_writing());
  return out;
}

// BN_clear_free wipes it; BN_secure_new would need a heap that the process has not set up.
Result<BignumPtr> to_bignum(Bytes octets) {
  BignumPtr number(BN_bin2bn(as_uchar(octets), static_cast<int>(octets.size()), nullptr));
  if (!number) return openssl_error(Code::CryptoFailure, "eccsi.number");
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

Result<EccsiPoint> to_octets(const EC_POINT* point, BN_CTX* context) {
  EccsiPoint out;
  if (EC_POINT_point2oct(p256(), point, POINT_CONVERSION_UNCOMPRESSED, as_uchar(MutableBytes(out)), out.size(),
                         context) != out.size()) {
    return openssl_error(Code::CryptoFailure, "eccsi.point");
  }
  return out;
}

// [k]G for a secret k in [1, q - 1].
Result<EccsiPoint> multiple_of_generator(Bytes k) {
  CLAVIGER_TRY(number, to_bignum(k));
  const BnContextPtr context(BN_CTX_new());
  const PointPtr point(EC_POINT_new(p256()));
  if (!context || !point || EC_POINT_mul(p256(), point.get(), number.get(), nullptr, nullptr, context.get()) != 1) {
    return openssl_error(Code::CryptoFailure, "eccsi.multiply");
  }
  return to_octets(point.get(), context.get());
}

Result<PointPtr> point_from(Bytes octets, BN_CTX* context) {
  if (octets.size() != kEccsiPointBytes || octets[0] != std::byte{4}) return Error{Code::KeyMalformed, "eccsi.point"};
  for (const std::size_t at : {std::size_t{1}, std::size_t{33}}) {
    if (is_less(words_from_octets<4>(octets.subspan(at, 32)), crypto::kP256Prime) == 0) {
      return Error{Code::KeyMalformed, "eccsi.point.coordinate"};
    }
  }
  PointPtr point(EC_POINT_new(p256()));
  if (!point) return openssl_error(Code::CryptoFailure, "eccsi.point");
  if (EC_POINT_oct2point(p256(), point.get(), as_uchar(octets), octets.size(), context) != 1) {
    return openssl_error(Code::KeyNotOnCurve, "eccsi.point");
  }
  return point;
}

// HS = H(G | KPAK | ID | PVT), clause 5.1.1 step 3.
Sha256Digest identity_hash(const EccsiPublicKey& public_key, Bytes identifier, Bytes pvt) {
  static const EccsiPoint generator = [] {
    EccsiPoint octets{std::byte{4}};
    words_to_octets(crypto::kP256GeneratorX, std::span(octets).subspan(1, 32));
    words_to_octets(crypto::kP256GeneratorY, std::span(octets).subspan(33, 32));
    return octets;
  }();
  crypto::Sha256 hash;
  hash.update(generator);
  hash.update(public_key.octets());
  hash.update(identifier);
  hash.update(pvt);
  return hash.finish();
}

// HE = H(HS | r | M), clause 5.2.1 step 3.
Sha256Digest message_hash(const Sha256Digest& hs, Bytes r, Bytes message) {
  crypto::Sha256 hash;
  hash.update(hs);
  hash.update(r);
  hash.update(message);
  return hash.finish();
}

bool is_identifier(Bytes identifier) { return !identifier.empty() && identifier.size() <= kIdentifierBytesMax; }

// Draws of v or j that give nothing usable come up with a chance of 2^-255.
constexpr int kDrawsMax = 4;

}  // namespace

Result<EccsiPublicKey> EccsiPublicKey::from_octets(Bytes octets) {
  CLAVIGER_TRY(point, point_from(octets, nullptr));
  EccsiPoint copy;
  std::copy(octets.begin(), octets.end(), copy.begin());
  return EccsiPublicKey(copy);
}

Result<EccsiMasterSecret> EccsiMasterSecret::generate() {
  for (int draw = 0; draw < kDrawsMax; ++draw) {
    CLAVIGER_TRY(ksak, random_scalar());
    auto made = from_octets(ksak.reveal());
    if (!made.failed_with(Code::OutOfRange)) return made;
  }
  return Error{Code::CryptoFailure, "eccsi.ksak"};
}

Result<EccsiMasterSecret> EccsiMasterSecret::from_octets(Bytes octets) {
  if (!is_scalar(octets)) return Error{Code::OutOfRange, "eccsi.ksak"};
  CLAVIGER_TRY(kpak, multiple_of_generator(octets));
  return EccsiMasterSecret(Secret<kEccsiScalarBytes>(std::span<const std::byte, kEccsiScalarBytes>(octets)),
                           EccsiPublicKey(kpak));
}

Result<EccsiUserKey> issue_eccsi_key(const EccsiMasterSecret& master, Bytes identifier) {
  for (int draw = 0; draw < kDrawsMax; ++draw) {
    CLAVIGER_TRY(v, random_scalar());
    auto key = issue_eccsi_key_with(master, identifier, v);
    if (!key.failed_with(Code::OutOfRange)) return key;
  }
  return Error{Code::CryptoFailure, "eccsi.issue"};
}

Result<EccsiUserKey> issue_eccsi_key_with(const EccsiMasterSecret& master, Bytes identifier,
                                          const Secret<kEccsiScalarBytes>& v) {
  if (!is_identifier(identifier)) return Error{Code::BadValue, "eccsi.identifier"};
  if (!is_scalar(v.reveal())) return Error{Code::OutOfRange, "eccsi.v"};
  CLAVIGER_TRY(pvt, multiple_of_generator(v.reveal()));
  const Sha256Digest hs = identity_hash(master.public_key(), identifier, pvt);

  const Modulus<4>& q = q256();
  Number v_number = to_form(v.reveal());
  Number ksak = to_form(master.octets().reveal());
  const WipeAtEnd wipe_v(v_number);
  const WipeAtEnd wipe_ksak(ksak);
  const Number hs_number = to_form(hs);
  Number ssk = q.sum(ksak, q.product(hs_number, v_number));
  const WipeAtEnd wipe_ssk(ssk);
  if ((is_zero(hs_number) | is_zero(ssk)) != 0) return Error{Code::OutOfRange, "eccsi.v"};

  EccsiUserKey key;
  key.pvt = pvt;
  from_form(ssk, key.ssk.reveal_for_writing());
  return key;
}

// KPAK = [SSK]G - [HS]PVT.
Result<Unit> check_eccsi_key(const EccsiPublicKey& public_key, Bytes identifier, const EccsiUserKey& key) {
  const Error refused{Code::KeyType, "eccsi.key"};
  if (!is_identifier(identifier)) return Error{Code::BadValue, "eccsi.identifier"};
  const BnContextPtr context(BN_CTX_new());
  CLAVIGER_TRY(pvt, point_from(key.pvt, context.get()));
  if (!is_scalar(key.ssk.reveal())) return refused;

  Number hs = to_form(identity_hash(public_key, identifier, key.pvt));
  std::array<std::byte, kEccsiScalarBytes> minus_hs;
  from_form(q256().difference({}, hs), minus_hs);
  CLAVIGER_TRY(from_ssk, multiple_of_generator(key.ssk.reveal()));
  CLAVIGER_TRY(sum, point_from(from_ssk, context.get()));
  CLAVIGER_TRY(hs_number, to_bignum(minus_hs));
  if (EC_POINT_mul(p256(), pvt.get(), nullptr, pvt.get(), hs_number.get(), context.get()) != 1 ||
      EC_POINT_add(p256(), sum.get(), sum.get(), pvt.get(), context.get()) != 1) {
    return openssl_error(Code::CryptoFailure, "eccsi.check");
  }
  if (EC_POINT_is_at_infinity(p256(), sum.get()) == 1) return refused;
  CLAVIGER_TRY(kpak, to_octets(sum.get(), context.get()));
  if (!equals_constant_time(kpak, public_key.octets())) return refused;
  return Unit{};
}

Result<EccsiSignature> eccsi_sign(const EccsiPublicKey& public_key, Bytes identifier, const EccsiUserKey& key,
                                  Bytes message) {
  for (int draw = 0; draw < kDrawsMax; ++draw) {
    CLAVIGER_TRY(j, random_scalar());
    auto signature = eccsi_sign_with(public_key, identifier, key, message, j);
    if (!signature.failed_with(Code::OutOfRange)) return signature;
  }
  return Error{Code::CryptoFailure, "eccsi.sign"};
}

Result<EccsiSignature> eccsi_sign_with(const EccsiPublicKey& public_key, Bytes identifier, const EccsiUserKey& key,
                                       Bytes message, const Secret<kEccsiScalarBytes>& j) {
  if (!is_identifier(identifier)) return Error{Code::BadValue, "eccsi.identifier"};
  if (!is_scalar(key.ssk.reveal())) return Error{Code::KeyMalformed, "eccsi.ssk"};
  if (!is_scalar(j.reveal())) return Error{Code::OutOfRange, "eccsi.j"};
  CLAVIGER_TRY(point, multiple_of_generator(j.reveal()));
  const Bytes r = Bytes(point).subspan(1, 32);
  const Sha256Digest he = message_hash(identity_hash(public_key, identifier, key.pvt), r, message);

  // s = j / (HE + r SSK)
  const Modulus<4>& q = q256();
  Number ssk = to_form(key.ssk.reveal());
  Number j_number = to_form(j.reveal());
  const WipeAtEnd wipe_ssk(ssk);
  const WipeAtEnd wipe_j(j_number);
  const Number r_number = to_form(r);
  Number divisor = q.sum(to_form(he), q.product(r_number, ssk));
  const WipeAtEnd wipe_divisor(divisor);
  if ((is_zero(divisor) | is_zero(r_number)) != 0) return Error{Code::OutOfRange, "eccsi.j"};
  auto over = inverse(q, divisor);
  if (!over) return over.error();
  const WipeAtEnd wipe_over(*over);

  EccsiSignature signature;
  std::copy(r.begin(), r.end(), signature.begin());
  from_form(q.product(j_number, *over), std::span(signature).subspan(32, 32));
  std::copy(key.pvt.begin(), key.pvt.end(), signature.begin() + 64);
  return signature;
}

// Y = [HS]PVT + KPAK and J = [s]([HE]G + [r]Y) = [s HE]G + [s r]Y. All public.
Result<Unit> eccsi_verify(const EccsiPublicKey& public_key, Bytes identifier, Bytes message, Bytes signature) {
  const Error refused{Code::SignatureInvalid, "eccsi.signature"};
  if (signature.size() != kEccsiSignatureBytes || !is_identifier(identifier)) return refused;
  const Bytes r = signature.first(32);
  const Bytes s = signature.subspan(32, 32);
  const Bytes pvt_octets = signature.subspan(64);
  if (is_zero(words_from_octets<4>(r)) != 0 || !is_scalar(s)) return refused;

  const BnContextPtr context(BN_CTX_new());
  auto pvt = point_from(pvt_octets, context.get());
  if (!pvt) return refused;
  CLAVIGER_TRY(y, point_from(public_key.octets(), context.get()));
  const Sha256Digest hs = identity_hash(public_key, identifier, pvt_octets);
  const Modulus<4>& q = q256();
  const Number s_number = to_form(s);
  std::array<std::byte, kEccsiScalarBytes> s_he;
  std::array<std::byte, kEccsiScalarBytes> s_r;
  from_form(q.product(s_number, to_form(message_hash(hs, r, message))), s_he);
  from_form(q.product(s_number, to_form(r)), s_r);

  CLAVIGER_TRY(hs_number, to_bignum(hs));
  CLAVIGER_TRY(s_he_number, to_bignum(s_he));
  CLAVIGER_TRY(s_r_number, to_bignum(s_r));
  const PointPtr j(EC_POINT_new(p256()));
  if (!j || EC_POINT_mul(p256(), pvt->get(), nullptr, pvt->get(), hs_number.get(), context.get()) != 1 ||
      EC_POINT_add(p256(), y.get(), y.get(), pvt->get(), context.get()) != 1 ||
      EC_POINT_mul(p256(), j.get(), s_he_number.get(), y.get(), s_r_number.get(), context.get()) != 1) {
    return openssl_error(Code::CryptoFailure, "eccsi.verify");
  }
  if (EC_POINT_is_at_infinity(p256(), j.get()) == 1) return refused;
  CLAVIGER_TRY(j_octets, to_octets(j.get(), context.get()));
  if (!std::equal(r.begin(), r.end(), j_octets.begin() + 1)) return refused;
  return Unit{};
}

}  // namespace claviger::mikey
