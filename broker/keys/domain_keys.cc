#include "broker/keys/domain_keys.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/crypto/digest.h"
#include "core/crypto/openssl.h"
#include "core/crypto/random.h"

namespace claviger::keys {
namespace {

using crypto::BignumPtr;
using crypto::FreeWith;
using ContextPtr = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;
using GroupPtr = std::unique_ptr<EC_GROUP, FreeWith<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_clear_free>>;

// RFC 6509 appendix A, parameter set 1.
constexpr const char* kP =
    "997ABB1F0A563FDA65C61198DAD0657A416C0CE19CB48261BE9AE358B3E01A2EF40AAB27E2FC0F1B228730D531A59CB0E791B39FF7C88A19"
    "356D27F4A666A6D0E26C6487326B4CD4512AC5CD65681CE1B6AFF4A831852A82A7CF3C521C3C09AA9F94D6AF56971F1FFCE3E82389857DB0"
    "80C5DF10AC7ACE87666D807AFEA85FEB";
constexpr const char* kQ =
    "265EAEC7C2958FF69971846636B4195E905B0338672D20986FA6B8D62CF8068BBD02AAC9F8BF03C6C8A1CC354C69672C39E46CE7FDF22286"
    "4D5B49FD2999A9B4389B1921CC9AD335144AB173595A07386DABFD2A0C614AA0A9F3CF14870F026AA7E535ABD5A5C7C7FF38FA08E2615F6C"
    "203177C42B1EB3A1D99B601EBFAA17FB";
constexpr const char* kPx =
    "53FC09EE332C29AD0A7990053ED9B52A2B1A2FD60AEC69C698B2F204B6FF7CBFB5EDB6C0F6CE2308AB10DB9030B09E1043D5F22CDB9DFA55"
    "718BD9E7406CE8909760AF765DD5BCCB337C86548B72F2E1A702C3397A60DE74A7C1514DBA66910DD5CFB4CC80728D87EE9163A5B63F73EC"
    "80EC46C4967E0979880DC8ABEAE63895";
constexpr const char* kPy =
    "0A8249063F6009F1F9F1F0533634A135D3E82016029906963D778D821E141178F5EA69F4654EC2B9E7F7F5E5F0DE55F66B598CCF9A140B2E"
    "416CFF0CA9E032B970DAE117AD547C6CCAD696B5B7652FE0AC6F1E80164AA989492D979FC5A4D5F213515AD7E9CB99A980BDAD5AD5BB4636"
    "ADB9B5706A67DCDE75573FD71BEF16D7";

Error failed() { return crypto::openssl_error(Code::CryptoFailure, "kms.keys"); }

BignumPtr number_of(const char* hex) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, hex);
  return BignumPtr(number);
}

// Secrets only: every operation on it takes the time of the longest.
BignumPtr secret_number(Bytes bytes) {
  BignumPtr number(BN_secure_new());
  if (!number) return nullptr;
  if (BN_bin2bn(as_uchar(bytes), static_cast<int>(bytes.size()), number.get()) == nullptr) return nullptr;
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

// The two groups, made once, read by every thread.
struct Groups {
  GroupPtr sakke;
  GroupPtr eccsi;
  BignumPtr q;  // of SAKKE
  bool is_good() const { return sakke && eccsi && q; }
};

Groups make_groups() {
  Groups groups;
  const ContextPtr context(BN_CTX_new());
  const BignumPtr p = number_of(kP);
  groups.q = number_of(kQ);
  const BignumPtr x = number_of(kPx);
  const BignumPtr y = number_of(kPy);
  const BignumPtr cofactor = number_of("4");
  BignumPtr a(BN_dup(p.get()));
  const BignumPtr b(BN_new());
  if (!context || !p || !x || !y || !cofactor || !a || !b || BN_sub_word(a.get(), 3) != 1) return {};
  BN_zero(b.get());
  groups.sakke.reset(EC_GROUP_new_curve_GFp(p.get(), a.get(), b.get(), context.get()));
  if (!groups.sakke) return {};
  const PointPtr generator(EC_POINT_new(groups.sakke.get()));
  if (!generator ||
      EC_POINT_set_affine_coordinates(groups.sakke.get(), generator.get(), x.get(), y.get(), context.get()) != 1 ||
      EC_GROUP_set_generator(groups.sakke.get(), generator.get(), groups.q.get(), cofactor.get()) != 1) {
    return {};
  }
  groups.eccsi.reset(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  return groups;
}

const Groups& groups() {
  static const Groups kGroups = make_groups();
  return kGroups;
}

// [scalar]G, uncompressed.
Result<Unit> multiply_generator(const EC_GROUP* group, const BIGNUM* scalar, BN_CTX* context, MutableBytes out) {
  const PointPtr point(EC_POINT_new(group));
  if (!point || EC_POINT_mul(group, point.get(), scalar, nullptr, nullptr, context) != 1 ||
      EC_POINT_point2oct(group, point.get(), POINT_CONVERSION_UNCOMPRESSED, as_uchar(out), out.size(), context) !=
          out.size()) {
    return failed();
  }
  return Unit{};
}

// A scalar from 1 to order - 1, of as many bytes as `out` has.
Result<Unit> draw_scalar(const BIGNUM* order, MutableBytes out) {
  BignumPtr scalar(BN_secure_new());
  const BignumPtr below(BN_dup(order));
  if (!scalar || !below || BN_sub_word(below.get(), 1) != 1 || BN_priv_rand_range(scalar.get(), below.get()) != 1 ||
      BN_add_word(scalar.get(), 1) != 1 ||
      BN_bn2binpad(scalar.get(), as_uchar(out), static_cast<int>(out.size())) < 0) {
    return failed();
  }
  return Unit{};
}

bool is_scalar(const BIGNUM* scalar, const BIGNUM* order) {
  return scalar != nullptr && !BN_is_zero(scalar) && BN_cmp(scalar, order) < 0;
}

class OpensslDomainKeys final : public DomainKeys {
 public:
  Result<Unit> set(Bytes secrets) {
    const ContextPtr context(BN_CTX_secure_new());
    if (!context || !groups().is_good()) return failed();
    z_ = secret_number(secrets.first(kZBytes));
    ksak_ = secret_number(secrets.subspan(kZBytes));
    if (!is_scalar(z_.get(), groups().q.get()) || !is_scalar(ksak_.get(), EC_GROUP_get0_order(groups().eccsi.get()))) {
      return Error{Code::ScalarInvalid, "kms.secrets"};
    }
    secrets_ = SecretBytes(secrets);
    CLAVIGER_TRY(z, multiply_generator(groups().sakke.get(), z_.get(), context.get(), public_encryption_));
    return multiply_generator(groups().eccsi.get(), ksak_.get(), context.get(), public_authentication_);
  }

  SecretBytes secrets() const override { return secrets_.duplicate(); }
  const std::array<std::byte, kRskBytes>& public_encryption() const override { return public_encryption_; }
  const std::array<std::byte, kPvtBytes>& public_authentication() const override { return public_authentication_; }

  Result<UserKeys> issue(Bytes id) const override {
    UserKeys keys;
    CLAVIGER_TRY(rsk, extract_rsk(id, keys.rsk.reveal_for_writing()));
    // RFC 6507 clause 5.1.1 step 5: a new v where the hash or the key is zero.
    for (bool is_done = false; !is_done;) {
      CLAVIGER_TRY(done, issue_ssk(id, keys.ssk.reveal_for_writing(), keys.pvt));
      is_done = done;
    }
    return keys;
  }

 private:
  // RFC 6508 clause 6.1.1: [(a + z)^-1]P.
  Result<Unit> extract_rsk(Bytes id, MutableBytes out) const {
    const BIGNUM* q = groups().q.get();
    const ContextPtr context(BN_CTX_secure_new());
    const BignumPtr sum = secret_number(id);
    const BignumPtr inverse(BN_secure_new());
    if (!context || !sum || !inverse || BN_mod_add(sum.get(), sum.get(), z_.get(), q, context.get()) != 1) return failed();
    if (BN_is_zero(sum.get())) return Error{Code::ScalarInvalid, "kms.identifier"};
    BN_set_flags(sum.get(), BN_FLG_CONSTTIME);
    if (BN_mod_inverse(inverse.get(), sum.get(), q, context.get()) == nullptr) return failed();
    BN_set_flags(inverse.get(), BN_FLG_CONSTTIME);
    return multiply_generator(groups().sakke.get(), inverse.get(), context.get(), out);
  }

  // RFC 6507 clause 5.1.1. False: with another v.
  Result<bool> issue_ssk(Bytes id, MutableBytes ssk, MutableBytes pvt) const {
    const EC_GROUP* group = groups().eccsi.get();
    const BIGNUM* order = EC_GROUP_get0_order(group);
    const ContextPtr context(BN_CTX_secure_new());
    Secret<kSskBytes> drawn;
    CLAVIGER_TRY(draw, draw_scalar(order, drawn.reveal_for_writing()));
    const BignumPtr v = secret_number(drawn.reveal());
    if (!context || !v) return failed();
    CLAVIGER_TRY(point, multiply_generator(group, v.get(), context.get(), pvt));
    std::array<std::byte, kPvtBytes> generator{};
    if (EC_POINT_point2oct(group, EC_GROUP_get0_generator(group), POINT_CONVERSION_UNCOMPRESSED,
                           as_uchar(MutableBytes(generator)), generator.size(), context.get()) != generator.size()) {
      return failed();
    }
    crypto::Sha256 hash;
    hash.update(generator);
    hash.update(public_authentication_);
    hash.update(id);
    hash.update(pvt);
    const crypto::Sha256Digest hs = hash.finish();
    const BignumPtr factor = secret_number(hs);
    const BignumPtr key(BN_secure_new());
    if (!factor || !key || BN_nnmod(factor.get(), factor.get(), order, context.get()) != 1) return failed();
    if (BN_is_zero(factor.get())) return false;
    if (BN_mod_mul(key.get(), factor.get(), v.get(), order, context.get()) != 1 ||
        BN_mod_add(key.get(), key.get(), ksak_.get(), order, context.get()) != 1 ||
        BN_bn2binpad(key.get(), as_uchar(ssk), static_cast<int>(ssk.size())) < 0) {
      return failed();
    }
    return !BN_is_zero(key.get());
  }

  SecretBytes secrets_;
  BignumPtr z_;
  BignumPtr ksak_;
  std::array<std::byte, kRskBytes> public_encryption_{};
  std::array<std::byte, kPvtBytes> public_authentication_{};
};

std::size_t put_minimal(std::uint64_t number, std::array<std::byte, 8>& out) {
  store_be(MutableBytes(out), number);
  std::size_t zeros = 0;
  while (zeros < out.size() - 1 && out[zeros] == std::byte{0}) ++zeros;
  std::shift_left(out.begin(), out.end(), static_cast<std::ptrdiff_t>(zeros));
  return out.size() - zeros;
}

}  // namespace

Result<std::shared_ptr<const DomainKeys>> DomainKeys::generate() {
  if (!groups().is_good()) return failed();
  Secret<kDomainSecretBytes> secrets;
  const MutableBytes bytes = secrets.reveal_for_writing();
  // z_T from 2 on: with 1 the public key would be P.
  do {
    CLAVIGER_TRY(z, draw_scalar(groups().q.get(), bytes.first(kZBytes)));
  } while (std::ranges::all_of(bytes.first(kZBytes - 1), [](std::byte byte) { return byte == std::byte{0}; }));
  CLAVIGER_TRY(ksak, draw_scalar(EC_GROUP_get0_order(groups().eccsi.get()), bytes.subspan(kZBytes)));
  return restore(secrets.reveal());
}

Result<std::shared_ptr<const DomainKeys>> DomainKeys::restore(Bytes secrets) {
  if (secrets.size() != kDomainSecretBytes) return Error{Code::ScalarInvalid, "kms.secrets"};
  auto keys = std::make_shared<OpensslDomainKeys>();
  CLAVIGER_TRY(set, keys->set(secrets));
  return std::shared_ptr<const DomainKeys>(std::move(keys));
}

Result<Uid> make_uid(std::string_view user_uri, std::string_view kms_uri, std::uint32_t period, std::uint32_t offset,
                     std::uint64_t number) {
  constexpr std::string_view kName = "MIKEY-SAKKE-UID";
  crypto::Sha256 hash;
  bool is_too_long = false;
  const auto put = [&](Bytes part) {
    std::array<std::byte, 2> length{};
    is_too_long = is_too_long || part.size() > 0xFFFF;
    store_be(MutableBytes(length), static_cast<std::uint16_t>(part.size() & 0xFFFFU));
    hash.update(part);
    hash.update(length);
  };
  constexpr std::byte kDummy{0};
  hash.update(Bytes(&kDummy, 1));
  put(as_bytes(kName));
  put(as_bytes(user_uri));
  put(as_bytes(kms_uri));
  for (const std::uint64_t each : {std::uint64_t{period}, std::uint64_t{offset}, number}) {
    std::array<std::byte, 8> bytes{};
    const std::size_t size = put_minimal(each, bytes);
    put(Bytes(bytes).first(size));
  }
  if (is_too_long) return Error{Code::TooLarge, "uid"};
  return hash.finish();
}

}  // namespace claviger::keys
