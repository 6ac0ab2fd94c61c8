// The key management server's arithmetic, each against OpenSSL doing the same in turns within one loop:
//   RSK extraction with each engine, one user and batches of 8, 64 and 256, against 1 / (a + z) with BN_mod_inverse(),
//   EC_POINT_mul() on a generic curve (wNAF: the fast one, which is not constant time) and the affine coordinates
//   the same against EC_POINT_mul() of the generator, which takes constant time
//   SSK and PVT, against their P-256 multiplication alone
//   one product in the field with each engine; the clients' operations; wrapping an RSK
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "bench/core/crypto/interleaved.h"
#include "core/crypto/key_wrap.h"
#include "core/crypto/mikey/eccsi.h"
#include "core/crypto/mikey/field_lanes.h"
#include "core/crypto/mikey/parameter_set_1.h"
#include "core/crypto/mikey/rsk_extractor.h"
#include "core/crypto/random.h"

namespace claviger::mikey {
namespace {

BIGNUM* bignum_of(const Words<16>& number) {
  return BN_lebin2bn(reinterpret_cast<const unsigned char*>(number.data()), 128, nullptr);
}

// A KMS as it is written over OpenSSL's generic elliptic curves.
class OpensslKms {
 public:
  explicit OpensslKms(Bytes z) {
    BIGNUM* const p = bignum_of(kPrime);
    BIGNUM* const a = BN_dup(p);
    BN_sub_word(a, 3);
    BIGNUM* const b = BN_new();
    BN_zero(b);
    group_ = EC_GROUP_new_curve_GFp(p, a, b, context_);
    q_ = bignum_of(kOrder);
    base_ = EC_POINT_new(group_);
    EC_POINT_set_affine_coordinates(group_, base_, bignum_of(kGeneratorX), bignum_of(kGeneratorY), context_);
    EC_GROUP_set_generator(group_, base_, q_, BN_value_one());
    z_ = BN_bin2bn(as_uchar(z), static_cast<int>(z.size()), nullptr);
    point_ = EC_POINT_new(group_);
  }
  void extract(Bytes identifier, bool constant_time) {
    BIGNUM* const t = BN_bin2bn(as_uchar(identifier), static_cast<int>(identifier.size()), nullptr);
    BN_mod_add(t, t, z_, q_, context_);
    BN_mod_inverse(t, t, q_, context_);
    if (constant_time) {
      EC_POINT_mul(group_, point_, t, nullptr, nullptr, context_);
    } else {
      EC_POINT_mul(group_, point_, nullptr, base_, t, context_);
    }
    EC_POINT_get_affine_coordinates(group_, point_, x_, y_, context_);
    BN_free(t);
  }

 private:
  BN_CTX* context_ = BN_CTX_new();
  EC_GROUP* group_;
  EC_POINT* base_;
  EC_POINT* point_;
  BIGNUM* q_;
  BIGNUM* z_;
  BIGNUM* x_ = BN_new();
  BIGNUM* y_ = BN_new();
};

const SakkeMasterSecret& master() {
  static const SakkeMasterSecret secret = *SakkeMasterSecret::generate();
  return secret;
}

// range(0): the engine; range(1): users a batch; range(2): 1 for the constant-time peer.
void extract(benchmark::State& state) {
  const auto engine = static_cast<RskEngine>(state.range(0));
  if (!RskExtractor::has_engine(engine)) {
    state.SkipWithError("the processor does not have it");
    return;
  }
  const auto users = static_cast<std::size_t>(state.range(1));
  const RskExtractor extractor = *RskExtractor::make(master(), engine);
  std::vector<std::array<std::byte, 32>> identifiers(users);
  for (auto& each : identifiers) static_cast<void>(crypto::fill_random(each));
  const std::vector<Bytes> views(identifiers.begin(), identifiers.end());
  std::vector<Rsk> keys(users);
  OpensslKms peer(master().octets().reveal());
  bool good = extractor.extract(views, keys).has_value();

  std::int64_t peer_total = 0;
  std::int64_t ours_total = 0;
  for (auto _ : state) {
    const std::int64_t start = bench::thread_nanoseconds();
    peer.extract(views[0], state.range(2) != 0);
    const std::int64_t middle = bench::thread_nanoseconds();
    good = extractor.extract(views, keys).has_value() && good;
    const std::int64_t end = bench::thread_nanoseconds();
    peer_total += middle - start;
    ours_total += end - middle;
    state.SetIterationTime(static_cast<double>(end - middle) / 1e9);
  }
  if (!good) state.SkipWithError("extraction failed");
  const double batches = static_cast<double>(state.iterations());
  const double ours = static_cast<double>(ours_total) / batches / static_cast<double>(users);
  const double theirs = static_cast<double>(peer_total) / batches;
  state.counters["peer_us"] = theirs / 1e3;
  state.counters["ours_us"] = ours / 1e3;
  state.counters["rsk_per_s"] = 1e9 / ours;
  state.counters["ratio"] = theirs / ours;
}
BENCHMARK(extract)
    ->ArgNames({"engine", "users", "constant_time"})
    ->UseManualTime()
    ->ArgsProduct({{0, 1, 2}, {1, 8, 64, 256}, {0}})
    ->Args({2, 256, 1})
    ->Args({1, 256, 1});

void issue(benchmark::State& state) {
  const EccsiMasterSecret ksak = *EccsiMasterSecret::generate();
  const std::array<std::byte, 32> identifier{std::byte{1}};
  EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  EC_POINT* const point = EC_POINT_new(group);
  BN_CTX* const context = BN_CTX_new();
  BIGNUM* const v = BN_new();
  BIGNUM* const x = BN_new();
  BIGNUM* const y = BN_new();
  bench::compare(
      state, 100,
      [&] {
        BN_priv_rand_range(v, EC_GROUP_get0_order(group));
        EC_POINT_mul(group, point, v, nullptr, nullptr, context);
        EC_POINT_get_affine_coordinates(group, point, x, y, context);
      },
      [&] { benchmark::DoNotOptimize(issue_eccsi_key(ksak, identifier)); });
}
BENCHMARK(issue)->UseManualTime();

void field_product(benchmark::State& state) {
  Fp a = *random_below(kPrime);
  LaneElement lanes{};
  for (auto _ : state) {
    if (state.range(0) == 0) multiply_portable(a, a, a);
    if (state.range(0) == 1 && has_mulx()) multiply_mulx(a, a, a);
#if defined(__x86_64__)
    if (state.range(0) == 2 && has_ifma()) lanes_multiply(lanes, lanes, lanes);
#endif
    benchmark::DoNotOptimize(a);
    benchmark::DoNotOptimize(lanes);
  }
}
BENCHMARK(field_product)->Arg(0)->Arg(1)->Arg(2);

struct Client {
  std::array<std::byte, 32> uid{std::byte{9}};
  Rsk rsk = *extract_rsk(master(), uid);
  SharedSecret secret = *crypto::random_bytes<16>();
  Encapsulated encapsulated = *sakke_encapsulate(master().public_key(), uid, secret);
  EccsiMasterSecret ksak = *EccsiMasterSecret::generate();
  EccsiUserKey key = *issue_eccsi_key(ksak, uid);
  EccsiSignature signature = *eccsi_sign(ksak.public_key(), uid, key, uid);
};

void client_check_rsk(benchmark::State& state) {
  const Client client;
  for (auto _ : state) benchmark::DoNotOptimize(check_rsk(master().public_key(), client.uid, client.rsk.reveal()));
}
BENCHMARK(client_check_rsk);
void client_encapsulate(benchmark::State& state) {
  const Client client;
  for (auto _ : state) benchmark::DoNotOptimize(sakke_encapsulate(master().public_key(), client.uid, client.secret));
}
BENCHMARK(client_encapsulate);
void client_decapsulate(benchmark::State& state) {
  const Client client;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sakke_decapsulate(master().public_key(), client.uid, client.rsk, client.encapsulated));
  }
}
BENCHMARK(client_decapsulate);
void client_sign(benchmark::State& state) {
  const Client client;
  for (auto _ : state) {
    benchmark::DoNotOptimize(eccsi_sign(client.ksak.public_key(), client.uid, client.key, client.uid));
  }
}
BENCHMARK(client_sign);
void client_verify(benchmark::State& state) {
  const Client client;
  for (auto _ : state) {
    benchmark::DoNotOptimize(eccsi_verify(client.ksak.public_key(), client.uid, client.uid, client.signature));
  }
}
BENCHMARK(client_verify);

void wrap_rsk(benchmark::State& state) {
  const Client client;
  crypto::KeyWrap wrap = *crypto::KeyWrap::make();
  const auto key = crypto::random_bytes<32>();
  std::array<std::byte, 272> out;
  for (auto _ : state) {
    benchmark::DoNotOptimize(wrap.wrap(crypto::KeyWrapMode::Rfc5649, key->reveal(), client.rsk.reveal(), out));
  }
}
BENCHMARK(wrap_rsk);

}  // namespace
}  // namespace claviger::mikey
