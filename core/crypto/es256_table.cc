// EC_GROUP_precompute_mult() and the projective coordinates are deprecated without a replacement.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/crypto/es256_table.h"

#include <gmp.h>
#include <openssl/obj_mac.h>

#include "core/crypto/es256_signature.h"
#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

using GroupPtr = std::unique_ptr<EC_GROUP, FreeWith<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_free>>;
using BnContextPtr = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;

constexpr std::size_t kScalarBytes = 32;

// P-256 with its own generator: OpenSSL has the table of that one built in.
const EC_GROUP* p256() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

// A GMP number; GMP ends the process when memory is gone, as does our allocator.
class Integer {
 public:
  Integer() { mpz_init2(value_, 576); }  // a product of two field elements, and some
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;
  ~Integer() { mpz_clear(value_); }
  mpz_ptr get() { return value_; }
  mpz_srcptr get() const { return value_; }
  void set(const void* big_endian, std::size_t size) { mpz_import(value_, size, 1, 1, 1, 0, big_endian); }

 private:
  mpz_t value_;
};

// `number` is below 2^256.
bool to_bignum(const Integer& number, BIGNUM* out) {
  std::array<unsigned char, kScalarBytes> bytes{};
  std::size_t count = 0;
  mpz_export(bytes.data(), &count, -1, 1, 1, 0, number.get());
  return BN_lebin2bn(bytes.data(), static_cast<int>(count), out) != nullptr;
}

bool from_bignum(const BIGNUM* number, Integer& out) {
  std::array<unsigned char, kScalarBytes> bytes{};
  if (BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size())) < 0) return false;
  out.set(bytes.data(), bytes.size());
  return true;
}

}  // namespace

struct Es256Scratch::Numbers {
  Integer n, p, r, s, e, u1, u2, z2, x, left;
  BnContextPtr context{BN_CTX_new()};
  BignumPtr scalar{BN_new()}, bn_x{BN_new()}, bn_y{BN_new()}, bn_z{BN_new()};
  PointPtr first{EC_POINT_new(p256())};
  PointPtr second{EC_POINT_new(p256())};

  Numbers() {
    n.set(kP256Order.data(), kP256Order.size());
    mpz_set_str(p.get(), "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);
  }
};

Es256Scratch::Es256Scratch() : numbers_(std::make_unique<Numbers>()) {}
Es256Scratch::~Es256Scratch() = default;

struct Es256Table::Points {
  GroupPtr group;  // whose generator is the key
};

Es256Table::Es256Table(Bytes x, Bytes y, std::unique_ptr<const Points> points) : points_(std::move(points)) {
  std::memcpy(key_.data(), x.data(), kScalarBytes);
  std::memcpy(key_.data() + kScalarBytes, y.data(), kScalarBytes);
}
Es256Table::~Es256Table() = default;

bool Es256Table::is_of(Bytes x, Bytes y) const {
  return x.size() == kScalarBytes && y.size() == kScalarBytes &&
         std::memcmp(key_.data(), x.data(), x.size()) == 0 &&
         std::memcmp(key_.data() + kScalarBytes, y.data(), y.size()) == 0;
}

Result<std::shared_ptr<const Es256Table>> Es256Table::build(Bytes x, Bytes y) {
  CLAVIGER_ASSERT(x.size() == kScalarBytes && y.size() == kScalarBytes);
  auto points = std::make_unique<Points>();
  points->group.reset(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const BnContextPtr context(BN_CTX_new());
  const BignumPtr bn_x(BN_bin2bn(as_uchar(x), static_cast<int>(x.size()), nullptr));
  const BignumPtr bn_y(BN_bin2bn(as_uchar(y), static_cast<int>(y.size()), nullptr));
  const BignumPtr order(BN_bin2bn(kP256Order.data(), kScalarBytes, nullptr));
  EC_GROUP* const group = points->group.get();
  const PointPtr key(EC_POINT_new(group));
  if (group == nullptr || !context || !bn_x || !bn_y || !order || !key ||
      EC_POINT_set_affine_coordinates(group, key.get(), bn_x.get(), bn_y.get(), context.get()) != 1 ||
      EC_GROUP_set_generator(group, key.get(), order.get(), BN_value_one()) != 1 ||
      EC_GROUP_precompute_mult(group, context.get()) != 1) {
    return openssl_error(Code::CryptoFailure, "es256.table");
  }
  return std::shared_ptr<const Es256Table>(new Es256Table(x, y, std::move(points)));
}

Es256Verdict Es256Table::check(Es256Scratch& scratch, Bytes digest, Bytes signature) const {
  auto& work = *scratch.numbers_;
  work.r.set(signature.data(), kScalarBytes);
  work.s.set(signature.data() + kScalarBytes, kScalarBytes);
  work.e.set(digest.data(), kScalarBytes);
  if (mpz_invert(work.s.get(), work.s.get(), work.n.get()) == 0) return Es256Verdict::Invalid;
  mpz_mul(work.u1.get(), work.e.get(), work.s.get());
  mpz_mod(work.u1.get(), work.u1.get(), work.n.get());
  mpz_mul(work.u2.get(), work.r.get(), work.s.get());
  mpz_mod(work.u2.get(), work.u2.get(), work.n.get());

  BN_CTX* const context = work.context.get();
  const EC_GROUP* const key_group = points_->group.get();
  if (!to_bignum(work.u1, work.scalar.get()) ||
      EC_POINT_mul(p256(), work.first.get(), work.scalar.get(), nullptr, nullptr, context) != 1 ||
      !to_bignum(work.u2, work.scalar.get()) ||
      EC_POINT_mul(key_group, work.second.get(), work.scalar.get(), nullptr, nullptr, context) != 1 ||
      EC_POINT_add(p256(), work.first.get(), work.first.get(), work.second.get(), context) != 1) {
    ERR_clear_error();
    return Es256Verdict::Undecided;
  }
  if (EC_POINT_is_at_infinity(p256(), work.first.get()) == 1) return Es256Verdict::Invalid;
  if (EC_POINT_get_Jprojective_coordinates_GFp(p256(), work.first.get(), work.bn_x.get(), work.bn_y.get(),
                                               work.bn_z.get(), context) != 1 ||
      !from_bignum(work.bn_x.get(), work.x) || !from_bignum(work.bn_z.get(), work.z2)) {
    ERR_clear_error();
    return Es256Verdict::Undecided;
  }
  // The point's x is X / Z^2; x mod n == r means x == r or x == r + n: compared without a division.
  mpz_mul(work.z2.get(), work.z2.get(), work.z2.get());
  mpz_mod(work.z2.get(), work.z2.get(), work.p.get());
  while (mpz_cmp(work.r.get(), work.p.get()) < 0) {
    mpz_mul(work.left.get(), work.r.get(), work.z2.get());
    mpz_mod(work.left.get(), work.left.get(), work.p.get());
    if (mpz_cmp(work.left.get(), work.x.get()) == 0) return Es256Verdict::Valid;
    mpz_add(work.r.get(), work.r.get(), work.n.get());
  }
  return Es256Verdict::Invalid;
}

}  // namespace claviger::crypto
