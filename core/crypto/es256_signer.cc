// The projective coordinates of a point are deprecated without a replacement.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/crypto/es256_signer.h"

#include <gmp.h>
#include <openssl/obj_mac.h>

#include "core/crypto/digest.h"
#include "core/crypto/es256_generator.h"
#include "core/crypto/openssl.h"
#include "core/crypto/p256_modular.h"
#include "core/crypto/random.h"

namespace claviger::crypto {
namespace {

using PointPtr = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_free>>;
using BnContextPtr = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;
static_assert(GMP_NUMB_BITS == 64 && sizeof(mp_limb_t) == 8);
// One that gives no signature comes once in 2^256 times: more of them in a row are a broken machine.
constexpr int kNonceTries = 4;

const EC_GROUP* p256() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

void wipe_words(Words256& words) { wipe(std::as_writable_bytes(std::span(words))); }
bool is_zero(const Words256& words) { return (words[0] | words[1] | words[2] | words[3]) == 0; }

// Wiped on the way out.
struct SecretWords {
  SecretWords() = default;
  explicit SecretWords(const Words256& from) : words(from) {}
  SecretWords(const SecretWords&) = delete;
  SecretWords& operator=(const SecretWords&) = delete;
  ~SecretWords() { wipe_words(words); }
  Words256 words{};
};

// What the compiler, the lanes and the library leave of secret numbers in frames that are gone: sign() takes some 5 KiB.
constexpr std::size_t kFramesBytes = 8 * 1024;
__attribute__((noinline)) void wipe_frames() {
  std::array<std::byte, kFramesBytes> frames;  // not zeroed: it is wiped
  wipe(frames);
}

void store(const Words256& words, std::span<std::byte, kP256Bytes> out) {
  for (std::size_t i = 0; i < words.size(); ++i) store_be(out.subspan(8 * (words.size() - 1 - i), 8), words[i]);
}

}  // namespace

struct Es256SignerScratch::Numbers {
  Numbers() {
    mpz_init2(number, 512);
    mpz_init2(modulus, 512);
    if (nonce) BN_set_flags(nonce.get(), BN_FLG_CONSTTIME);
  }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;
  ~Numbers() {
    mpz_clear(number);
    mpz_clear(modulus);
  }

  bool is_whole() const { return context && nonce && x && y && z && point && p256() != nullptr; }

  // The first coordinate of the nonce's multiple of the generator: X / Z^2, and Z would tell of the nonce.
  Result<Words256> multiply_generator(const Words256& k) {
    SecretWords projective_x, projective_z;
    if (!multiply_in_lanes(k, projective_x, projective_z)) {
      CLAVIGER_TRY(multiplied, multiply_by_openssl(k, projective_x, projective_z));
    }
    CLAVIGER_TRY(inverted, inverse(kP256PrimeModulus, projective_z.words));
    const SecretWords inverse_z(inverted);
    wipe_words(inverted);
    const SecretWords square(product_modulo(kP256PrimeModulus, inverse_z.words, inverse_z.words));
    return product_modulo(kP256PrimeModulus, projective_x.words, square.words);
  }

  // 1 / value. GMP's time depends on the number, so it is given the value times a random one, which tells nothing.
  Result<Words256> inverse(const P256Modulus& by, const Words256& value) {
    Secret<kP256Bytes> bytes;
    if (auto filled = random.fill(bytes.reveal_for_writing()); !filled) return filled.error();
    const SecretWords blind(reduced_once(by, words_from(bytes.reveal())));
    const Words256 blinded = product_modulo(by, value, blind.words);
    mpz_import(modulus, by.value.size(), -1, sizeof by.value[0], 0, 0, by.value.data());
    mpz_import(number, blinded.size(), -1, sizeof blinded[0], 0, 0, blinded.data());
    if (mpz_invert(number, number, modulus) == 0) return Error{Code::CryptoFailure, "es256.blind"};  // it was zero
    Words256 inverted{};
    std::memcpy(inverted.data(), mpz_limbs_read(number), mpz_size(number) * sizeof inverted[0]);
    return product_modulo(by, inverted, blind.words);
  }

  const Es256Generator* lanes = Es256Generator::of_process();
  RandomPool random;
  BnContextPtr context{BN_CTX_new()};
  BignumPtr nonce{BN_new()}, x{BN_new()}, y{BN_new()}, z{BN_new()};
  PointPtr point{EC_POINT_new(p256())};
  mpz_t number, modulus;

 private:
  // False where there are no lanes, and in the cases that they do not know.
  bool multiply_in_lanes(const Words256& k, SecretWords& x_out, SecretWords& z_out) const {
    if (lanes == nullptr) return false;
    auto found = lanes->multiply(k);
    if (!found) return false;
    x_out.words = found->x;
    z_out.words = found->z;
    wipe_words(found->x);
    wipe_words(found->z);
    return true;
  }

  Result<Unit> multiply_by_openssl(const Words256& k, SecretWords& x_out, SecretWords& z_out) {
    const bool is_done =
        BN_lebin2bn(reinterpret_cast<const unsigned char*>(k.data()), kP256Bytes, nonce.get()) != nullptr &&
        EC_POINT_mul(p256(), point.get(), nonce.get(), nullptr, nullptr, context.get()) == 1 &&
        EC_POINT_get_Jprojective_coordinates_GFp(p256(), point.get(), x.get(), y.get(), z.get(), context.get()) == 1 &&
        load(x_out, *x) && load(z_out, *z);
    for (BIGNUM* one : {nonce.get(), x.get(), y.get(), z.get()}) BN_clear(one);
    if (point) EC_POINT_set_to_infinity(p256(), point.get());
    if (!is_done || is_zero(z_out.words)) return openssl_error(Code::CryptoFailure, "es256.sign");
    return Unit{};
  }

  static bool load(SecretWords& into, const BIGNUM& from) {
    return BN_bn2lebinpad(&from, reinterpret_cast<unsigned char*>(into.words.data()), kP256Bytes) ==
           static_cast<int>(kP256Bytes);
  }
};

Es256SignerScratch::Es256SignerScratch() : numbers_(std::make_unique<Numbers>()) {}
Es256SignerScratch::~Es256SignerScratch() = default;

// From the key, the digest and random bytes: should the generator fail or repeat itself, two digests still never share
// a nonce. 512 bits reduced modulo n: no bias (FIPS 186-5 A.2.1).
Result<Words256> Es256Signer::make_nonce(Es256SignerScratch& scratch, Bytes digest) const {
  Secret<2 * kP256Bytes + kSha256Bytes> seed;
  const std::span<std::byte, 2 * kP256Bytes + kSha256Bytes> bytes = seed.reveal_for_writing();
  std::memcpy(bytes.data(), key_.reveal().data(), kP256Bytes);
  if (auto filled = scratch.numbers_->random.fill(bytes.subspan<kP256Bytes, kP256Bytes>()); !filled)
    return filled.error();
  std::memcpy(bytes.data() + 2 * kP256Bytes, digest.data(), kSha256Bytes);
  Sha512Digest wide = sha512(bytes);
  const SecretWords high(words_from(Bytes(wide).first(kP256Bytes)));
  const SecretWords low(words_from(Bytes(wide).last(kP256Bytes)));
  wipe(wide);
  const SecretWords shifted(mont(kP256OrderModulus, high.words, kP256OrderModulus.r2));
  return sum_modulo(kP256OrderModulus, shifted.words, reduced_once(kP256OrderModulus, low.words));
}

Result<Unit> Es256Signer::sign(Es256SignerScratch& scratch, Bytes digest,
                               std::span<std::byte, 2 * kP256Bytes> out) const {
  CLAVIGER_ASSERT(digest.size() == kSha256Bytes);
  Result<bool> is_signed = false;
  for (int i = 0; i < kNonceTries && is_signed && !*is_signed; ++i) is_signed = try_sign(scratch, digest, out);
  wipe_frames();
  if (!is_signed) return is_signed.error();
  if (!*is_signed) return Error{Code::CryptoFailure, "es256.nonce"};
  return Unit{};
}

// Not inlined: its frame is one of those that sign() wipes.
__attribute__((noinline)) Result<bool> Es256Signer::try_sign(Es256SignerScratch& scratch, Bytes digest,
                                                             std::span<std::byte, 2 * kP256Bytes> out) const {
  CLAVIGER_TRY(made, make_nonce(scratch, digest));
  const SecretWords nonce(made);
  if (is_zero(nonce.words)) return false;
  return sign_with(scratch, digest, nonce.words, out);
}

Result<bool> Es256Signer::sign_with(Es256SignerScratch& scratch, Bytes digest, const Words256& nonce,
                                    std::span<std::byte, 2 * kP256Bytes> out) const {
  constexpr const P256Modulus& kOrder = kP256OrderModulus;
  auto& work = *scratch.numbers_;
  if (!work.is_whole()) return Error{Code::CryptoFailure, "es256.scratch"};
  CLAVIGER_TRY(x, work.multiply_generator(nonce));
  const Words256 r = reduced_once(kOrder, x);
  if (is_zero(r)) return false;
  CLAVIGER_TRY(inverted, work.inverse(kOrder, nonce));
  const SecretWords inverse(inverted);
  wipe_words(inverted);
  const SecretWords key(words_from(key_.reveal()));
  const SecretWords product(product_modulo(kOrder, key.words, r));
  const SecretWords sum(sum_modulo(kOrder, product.words, reduced_once(kOrder, words_from(digest))));
  const Words256 s = product_modulo(kOrder, inverse.words, sum.words);
  if (is_zero(s)) return false;
  store(r, out.first<kP256Bytes>());
  store(s, out.last<kP256Bytes>());
  return true;
}

}  // namespace claviger::crypto
