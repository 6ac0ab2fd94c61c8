// EC_GROUP_precompute_mult() and the projective coordinates are deprecated without a replacement.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/crypto/es256_group.h"

#include <openssl/obj_mac.h>

#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

using GroupPtr = std::unique_ptr<EC_GROUP, FreeWith<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_free>>;
using BnContextPtr = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;

// With its own generator, whose table OpenSSL has built in.
const EC_GROUP* p256() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

bool set(BIGNUM* number, const Words256& words) {
  return BN_lebin2bn(reinterpret_cast<const unsigned char*>(words.data()), kP256Bytes, number) != nullptr;
}
BignumPtr to_bignum(const Words256& words) {
  BignumPtr number(BN_new());
  return number && set(number.get(), words) ? std::move(number) : nullptr;
}

}  // namespace

struct Es256GroupScratch::Numbers {
  BnContextPtr context{BN_CTX_new()};
  BignumPtr prime{to_bignum(kP256Prime)}, scalar{BN_new()}, r{BN_new()}, x{BN_new()}, y{BN_new()}, z{BN_new()};
  PointPtr first{EC_POINT_new(p256())};
  PointPtr second{EC_POINT_new(p256())};

  bool is_whole() const { return context && prime && scalar && r && x && y && z && first && second; }
  // Whether X == r Z^2, z having been squared already: compared so, the point needs no division.
  Result<bool> has_x(const Words256& candidate) {
    if (!set(r.get(), candidate) || BN_mod_mul(r.get(), r.get(), z.get(), prime.get(), context.get()) != 1) {
      return openssl_error(Code::CryptoFailure, "es256.group");
    }
    return BN_cmp(r.get(), x.get()) == 0;
  }
};

Es256GroupScratch::Es256GroupScratch() : numbers_(std::make_unique<Numbers>()) {}
Es256GroupScratch::~Es256GroupScratch() = default;

struct Es256GroupTable::Group {
  GroupPtr group;
};

Es256GroupTable::Es256GroupTable(std::unique_ptr<const Group> group) : group_(std::move(group)) {}
Es256GroupTable::~Es256GroupTable() = default;

Result<std::unique_ptr<const Es256GroupTable>> Es256GroupTable::build(const Words256& x, const Words256& y) {
  auto made = std::make_unique<Group>();
  made->group.reset(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  EC_GROUP* const group = made->group.get();
  const BnContextPtr context(BN_CTX_new());
  const BignumPtr bn_x = to_bignum(x);
  const BignumPtr bn_y = to_bignum(y);
  const BignumPtr order = to_bignum(kP256Order);
  const PointPtr key(group != nullptr ? EC_POINT_new(group) : nullptr);
  if (!context || !bn_x || !bn_y || !order || !key ||
      EC_POINT_set_affine_coordinates(group, key.get(), bn_x.get(), bn_y.get(), context.get()) != 1 ||
      EC_GROUP_set_generator(group, key.get(), order.get(), BN_value_one()) != 1 ||
      EC_GROUP_precompute_mult(group, context.get()) != 1) {
    return openssl_error(Code::CryptoFailure, "es256.group");
  }
  return std::unique_ptr<const Es256GroupTable>(new Es256GroupTable(std::move(made)));
}

Es256Verdict Es256GroupTable::check(Es256GroupScratch& scratch, const Es256Scalars& scalars) const {
  auto& work = *scratch.numbers_;
  BN_CTX* const context = work.context.get();
  EC_POINT* const sum = work.first.get();
  if (!work.is_whole() || !set(work.scalar.get(), scalars.u1) ||
      EC_POINT_mul(p256(), sum, work.scalar.get(), nullptr, nullptr, context) != 1 ||
      !set(work.scalar.get(), scalars.u2) ||
      EC_POINT_mul(group_->group.get(), work.second.get(), work.scalar.get(), nullptr, nullptr, context) != 1 ||
      EC_POINT_add(p256(), sum, sum, work.second.get(), context) != 1) {
    ERR_clear_error();
    return Es256Verdict::Undecided;
  }
  if (EC_POINT_is_at_infinity(p256(), sum) == 1) return Es256Verdict::Invalid;
  if (EC_POINT_get_Jprojective_coordinates_GFp(p256(), sum, work.x.get(), work.y.get(), work.z.get(), context) != 1 ||
      BN_mod_sqr(work.z.get(), work.z.get(), work.prime.get(), context) != 1) {
    ERR_clear_error();
    return Es256Verdict::Undecided;
  }
  // x mod n == r means x == r or, for an r below p - n, x == r + n.
  constexpr Words256 kGap = difference_of(kP256Prime, kP256Order);
  auto is_equal = work.has_x(scalars.r);
  if (is_equal && !*is_equal && is_less(scalars.r, kGap)) is_equal = work.has_x(sum_of(scalars.r, kP256Order));
  if (!is_equal) return Es256Verdict::Undecided;
  return *is_equal ? Es256Verdict::Valid : Es256Verdict::Invalid;
}

}  // namespace claviger::crypto
