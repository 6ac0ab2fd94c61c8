#include "core/crypto/p256_window_bases.h"

#include <openssl/obj_mac.h>

#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

using GroupPtr = std::unique_ptr<EC_GROUP, FreeWith<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_free>>;
using BnContextPtr = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;

BignumPtr to_bignum(const Words256& words) {
  return BignumPtr(BN_lebin2bn(reinterpret_cast<const unsigned char*>(words.data()), kP256Bytes, nullptr));
}

struct Doubler {
  GroupPtr group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  BnContextPtr context{BN_CTX_new()};
  BignumPtr prime{to_bignum(kP256Prime)};
  BignumPtr x{BN_new()};
  BignumPtr y{BN_new()};
  PointPtr point{EC_POINT_new(group.get())};

  bool is_whole() const { return group && context && prime && x && y && point; }
  bool twice() { return EC_POINT_dbl(group.get(), point.get(), point.get(), context.get()) == 1; }
  bool read(Words256& out_x, Words256& out_y) {
    return EC_POINT_get_affine_coordinates(group.get(), point.get(), x.get(), y.get(), context.get()) == 1 &&
           read(x.get(), out_x) && read(y.get(), out_y);
  }

 private:
  bool read(BIGNUM* number, Words256& out) {
    return BN_lshift(number, number, 260) == 1 && BN_nnmod(number, number, prime.get(), context.get()) == 1 &&
           BN_bn2lebinpad(number, reinterpret_cast<unsigned char*>(out.data()), kP256Bytes) == kP256Bytes;
  }
};

}  // namespace

Result<std::unique_ptr<const WindowBases>> window_bases(const Words256& x, const Words256& y) {
  constexpr Error kFailed{Code::CryptoFailure, "p256.bases"};
  Doubler doubler;
  const BignumPtr start_x = to_bignum(x);
  const BignumPtr start_y = to_bignum(y);
  if (!doubler.is_whole() || !start_x || !start_y ||
      EC_POINT_set_affine_coordinates(doubler.group.get(), doubler.point.get(), start_x.get(), start_y.get(),
                                      doubler.context.get()) != 1) {
    return openssl_error(kFailed.code, kFailed.where);
  }
  auto bases = std::make_unique<WindowBases>();
  for (WindowBase& base : *bases) {
    bool is_done = doubler.read(base.x, base.y) && doubler.twice() && doubler.read(base.double_x, base.double_y);
    for (int i = 1; i < 8; ++i) is_done = is_done && doubler.twice();
    if (!is_done) return openssl_error(kFailed.code, kFailed.where);
  }
  return std::unique_ptr<const WindowBases>(std::move(bases));
}

}  // namespace claviger::crypto
