#include "core/crypto/mikey/sakke.h"

#include "core/crypto/mikey/fixed_base.h"
#include "core/crypto/mikey/hash_to_range.h"
#include "core/crypto/mikey/identifier.h"
#include "core/crypto/mikey/pairing.h"

namespace claviger::mikey {
namespace {

// [a]P + Z for the identifier's number a: what is encrypted to. All of it public.
Result<AffinePoint> point_of(const SakkePublicKey& public_key, Bytes identifier) {
  CLAVIGER_TRY(a, identifier_number(identifier));
  CLAVIGER_TRY(z, point_from_octets(public_key.octets()));
  CLAVIGER_TRY(multiple, multiply_generator(a));
  return sum_of(multiple, z);
}

// H(SSV | ID) modulo q: the r of an encapsulation, which is made again when it is opened.
Scalar ephemeral_of(const SharedSecret& secret, Bytes identifier) {
  std::array<std::byte, kSharedSecretBytes + kIdentifierBytesMax> message{};
  const WipeAtEnd wipe_message(message);
  std::copy(secret.reveal().begin(), secret.reveal().end(), message.begin());
  std::copy(identifier.begin(), identifier.end(), message.begin() + kSharedSecretBytes);
  return hash_to_order(Bytes(message).first(kSharedSecretBytes + identifier.size()));
}

// secret XOR the mask that a value of the pairing gives.
SharedSecret masked(std::span<const std::byte, kSharedSecretBytes> secret, const Fp& value) {
  std::array<std::byte, kSakkeScalarBytes> octets;
  const WipeAtEnd wipe_octets(octets);
  words_to_octets(field_modulus().from_form(value), octets);
  auto mask = hash_to_128_bits(octets);
  const WipeAtEnd wipe_mask(mask);
  SharedSecret out;
  for (std::size_t i = 0; i < secret.size(); ++i) out.reveal_for_writing()[i] = secret[i] ^ mask[i];
  return out;
}

Result<AffinePoint> ephemeral_point(const AffinePoint& receiver, const SharedSecret& secret, Bytes identifier) {
  Scalar r = ephemeral_of(secret, identifier);
  const WipeAtEnd wipe_r(r);
  if (is_zero(r) != 0) return Error{Code::BadValue, "sakke.ephemeral"};
  return multiply(r, receiver);
}

}  // namespace

Result<SakkePublicKey> SakkePublicKey::from_octets(Bytes octets) {
  CLAVIGER_TRY(point, point_from_octets(octets));
  if (!has_order_q(point)) return Error{Code::KeyNotOnCurve, "sakke.public_key.order"};
  SakkePoint copy;
  std::copy(octets.begin(), octets.end(), copy.begin());
  return SakkePublicKey(copy);
}

Result<SakkeMasterSecret> SakkeMasterSecret::generate() {
  for (;;) {
    auto z = random_below(kOrder);
    if (!z) return z.error();
    const WipeAtEnd wipe_z(*z);
    Secret<kSakkeScalarBytes> octets;
    words_to_octets(*z, octets.reveal_for_writing());
    auto made = from_octets(octets.reveal());
    // 0 and 1 come up with a chance of 2^-1021.
    if (!made.failed_with(Code::OutOfRange)) return made;
  }
}

Result<SakkeMasterSecret> SakkeMasterSecret::from_octets(Bytes octets) {
  if (octets.size() != kSakkeScalarBytes) return Error{Code::OutOfRange, "sakke.z.length"};
  Scalar z = words_from_octets<16>(octets);
  const WipeAtEnd wipe_z(z);
  if (is_less(z, kOrder) == 0 || is_less(z, from_word<16>(2)) != 0) return Error{Code::OutOfRange, "sakke.z"};
  CLAVIGER_TRY(point, multiply_generator(z));
  if (!is_on_curve(point)) return Error{Code::CryptoFailure, "sakke.z.check"};
  SakkePoint public_octets;
  point_to_octets(point, public_octets);
  return SakkeMasterSecret(Secret<kSakkeScalarBytes>(std::span<const std::byte, kSakkeScalarBytes>(octets)),
                           SakkePublicKey(public_octets));
}

Result<Rsk> extract_rsk(const SakkeMasterSecret& master, Bytes identifier) {
  CLAVIGER_TRY(a, identifier_number(identifier));
  const Modulus<16>& q = order_modulus();
  Scalar z = words_from_octets<16>(master.octets().reveal());
  const WipeAtEnd wipe_z(z);
  Scalar s = q.to_form(q.sum(a, z));
  const WipeAtEnd wipe_s(s);
  if (is_zero(s) != 0) return Error{Code::BadValue, "sakke.identifier"};
  auto inverted = inverse(q, s);
  if (!inverted) return inverted.error();
  const WipeAtEnd wipe_inverted(*inverted);
  // A fault here or below would hand out a point from which z_T might be found.
  if (is_equal(q.product(*inverted, s), q.one) == 0) return Error{Code::CryptoFailure, "sakke.rsk.inverse"};
  Scalar t = q.from_form(*inverted);
  const WipeAtEnd wipe_t(t);
  auto point = multiply_generator(t);
  if (!point) return point.error();
  const WipeAtEnd wipe_point(*point);
  if (!is_on_curve(*point)) return Error{Code::CryptoFailure, "sakke.rsk.check"};
  Rsk rsk;
  point_to_octets(*point, rsk.reveal_for_writing());
  return rsk;
}

Result<Unit> check_rsk(const SakkePublicKey& public_key, Bytes identifier, Bytes rsk) {
  auto key = point_from_octets(rsk);
  if (!key) return key.error();
  const WipeAtEnd wipe_key(*key);
  CLAVIGER_TRY(receiver, point_of(public_key, identifier));
  CLAVIGER_TRY(value, pairing(*key, receiver));
  if (is_equal(field_modulus().from_form(value), kGeneratorPairing) == 0) return Error{Code::KeyType, "sakke.rsk"};
  return Unit{};
}

Result<Encapsulated> sakke_encapsulate(const SakkePublicKey& public_key, Bytes identifier, const SharedSecret& secret) {
  CLAVIGER_TRY(receiver, point_of(public_key, identifier));
  CLAVIGER_TRY(point, ephemeral_point(receiver, secret, identifier));
  Scalar r = ephemeral_of(secret, identifier);
  const WipeAtEnd wipe_r(r);
  auto value = generator_power(r);
  if (!value) return value.error();
  const WipeAtEnd wipe_value(*value);
  Encapsulated out;
  point_to_octets(point, std::span(out).first<kSakkePointBytes>());
  const SharedSecret h = masked(secret.reveal(), *value);
  std::copy(h.reveal().begin(), h.reveal().end(), out.begin() + kSakkePointBytes);
  return out;
}

Result<SharedSecret> sakke_decapsulate(const SakkePublicKey& public_key, Bytes identifier, const Rsk& rsk,
                                       Bytes encapsulated) {
  auto key = point_from_octets(rsk.reveal());
  if (!key) return key.error();
  const WipeAtEnd wipe_key(*key);
  CLAVIGER_TRY(receiver, point_of(public_key, identifier));
  const Error refused{Code::SealBroken, "sakke.decapsulate"};
  if (encapsulated.size() != kEncapsulatedBytes) return refused;
  const auto r = point_from_octets(encapsulated.first<kSakkePointBytes>());
  if (!r) return refused;
  auto value = pairing(*r, *key);  // looks at the order of R, too
  if (!value) return refused;
  const WipeAtEnd wipe_value(*value);
  SharedSecret secret = masked(encapsulated.last<kSharedSecretBytes>(), *value);
  const auto expected = ephemeral_point(receiver, secret, identifier);
  if (!expected || (is_equal(expected->x, r->x) & is_equal(expected->y, r->y)) == 0) return refused;
  return secret;
}

}  // namespace claviger::mikey
