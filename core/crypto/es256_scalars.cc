#include "core/crypto/es256_scalars.h"

#include <gmp.h>

namespace claviger::crypto {
namespace {

static_assert(GMP_NUMB_BITS == 64 && sizeof(mp_limb_t) == 8);

// A number of GMP's with room for a product, so that it allocates once. GMP ends the process when memory is gone.
class Integer {
 public:
  Integer() { mpz_init2(value_, 576); }
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;
  ~Integer() { mpz_clear(value_); }
  mpz_ptr get() { return value_; }

  void set(const Words256& words) { mpz_import(value_, words.size(), -1, sizeof words[0], 0, 0, words.data()); }
  // Below 2^256.
  Words256 words() const {
    Words256 words{};
    const std::size_t count = mpz_size(value_);
    CLAVIGER_ASSERT(count <= words.size());
    std::memcpy(words.data(), mpz_limbs_read(value_), count * sizeof words[0]);
    return words;
  }

 private:
  mpz_t value_;
};

}  // namespace

struct Es256Calculator::Numbers {
  Numbers() { order.set(kP256Order); }
  Integer order, r, e, s_inverse, product;
};

Es256Calculator::Es256Calculator() : numbers_(std::make_unique<Numbers>()) {}
Es256Calculator::~Es256Calculator() = default;

Es256Scalars Es256Calculator::scalars(Bytes digest, Bytes signature) {
  auto& [order, r, e, s_inverse, product] = *numbers_;
  Es256Scalars scalars;
  scalars.r = words_from(signature.first(kP256Bytes));
  s_inverse.set(words_from(signature.last(kP256Bytes)));
  const int has_inverse = mpz_invert(s_inverse.get(), s_inverse.get(), order.get());
  CLAVIGER_ASSERT(has_inverse != 0);  // n is prime and 0 < s < n
  e.set(words_from(digest));
  mpz_mul(product.get(), e.get(), s_inverse.get());
  mpz_tdiv_r(product.get(), product.get(), order.get());
  scalars.u1 = product.words();
  r.set(scalars.r);
  mpz_mul(product.get(), r.get(), s_inverse.get());
  mpz_tdiv_r(product.get(), product.get(), order.get());
  scalars.u2 = product.words();
  return scalars;
}

}  // namespace claviger::crypto
