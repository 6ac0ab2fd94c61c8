// Menu: validate tokens seen before, in random order, with 1 k and 1 M of them cached, the token's bytes in the
// processor's cache as after decryption: one by one, in batches (verify_many), with a revocation between any two turns,
// with the claims read; and the parts: the universal hash, TokenCache::find.
//
// Making a million signed tokens takes half a minute before the first figure.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "bench/allocation_count.h"
#include "bench/broker/tokens/verifier/bench_tokens.h"
#include "core/crypto/universal_hash.h"

namespace claviger::tokens::bench {
namespace {

// As many tokens as are copied into the processor's cache at a time, outside the clock: 180 KiB.
constexpr std::size_t kTurn = 256;
constexpr std::size_t kTokenRoom = 704;

class Known {
 public:
  explicit Known(std::size_t count)
      : key_(with_table(issuer_.verify_key())), verifier(trusting(key_, count)), policy(mcptt_policy(verifier)) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string token = issuer_.token(i);
      size_ = token.size();
      CLAVIGER_ASSERT(size_ <= kTokenRoom && verifier.verify(token, policy, presentation()).has_value());
      bytes_.insert(bytes_.end(), token.begin(), token.end());
      bytes_.resize((i + 1) * kTokenRoom);
    }
    // A full group of the cache now and then makes a token go: rare, and a miss would show in `hits`.
    CLAVIGER_ASSERT(verifier.cached_tokens() + count / 10'000 >= count);
  }

  // kTurn tokens at random.
  std::span<const std::string_view> next_turn() {
    for (std::size_t i = 0; i < kTurn; ++i) {
      const std::size_t which = random_() % (bytes_.size() / kTokenRoom);
      std::copy_n(bytes_.data() + which * kTokenRoom, size_, turn_bytes_.data() + i * kTokenRoom);
      turn_[i] = {turn_bytes_.data() + i * kTokenRoom, size_};
    }
    return turn_;
  }

 private:
  Issuer issuer_{crypto::SignatureAlgorithm::Es256};
  crypto::VerifyKey key_;

 public:
  Verifier verifier;
  VerificationPolicy policy;

 private:
  std::vector<char> bytes_;
  std::size_t size_ = 0;
  std::mt19937_64 random_{1};
  std::vector<char> turn_bytes_ = std::vector<char>(kTurn * kTokenRoom);
  std::vector<std::string_view> turn_ = std::vector<std::string_view>(kTurn);
};

Known& known(std::int64_t count) {
  static std::unique_ptr<Known> few = std::make_unique<Known>(1000);
  static std::unique_ptr<Known> many;
  if (count == 1000) return *few;
  if (!many) many = std::make_unique<Known>(static_cast<std::size_t>(count));
  return *many;
}

// `work` is given a turn of tokens; only it is timed.
template <typename Work>
void run(benchmark::State& state, Known& tokens, Work work) {
  std::uint64_t allocations = 0;
  const std::uint64_t hits = tokens.verifier.counters().hits;
  for (auto _ : state) {
    const auto turn = tokens.next_turn();
    const std::uint64_t before = claviger::bench::allocation_count();
    const double start = cpu_seconds();
    work(turn);
    state.SetIterationTime(cpu_seconds() - start);
    allocations += claviger::bench::allocation_count() - before;
  }
  const auto operations = static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(kTurn);
  state.SetItemsProcessed(operations);
  state.counters["allocations"] = static_cast<double>(allocations) / static_cast<double>(operations);
  state.counters["hits"] =
      static_cast<double>(tokens.verifier.counters().hits - hits) / static_cast<double>(operations);
}

void seen_before(benchmark::State& state) {
  Known& tokens = known(state.range(0));
  run(state, tokens, [&tokens](std::span<const std::string_view> turn) {
    for (const std::string_view token : turn) {
      CLAVIGER_ASSERT(tokens.verifier.verify(token, tokens.policy, presentation()).has_value());
    }
  });
}
BENCHMARK(seen_before)->Arg(1000)->Arg(1'000'000)->UseManualTime();

void seen_before_in_batches(benchmark::State& state) {
  Known& tokens = known(state.range(0));
  std::vector<VerifyRequest> requests(kTurn, VerifyRequest{{}, &tokens.policy, presentation()});
  std::vector<Result<Verified>> results(kTurn, Error{Code::Internal, "not asked"});
  run(state, tokens, [&](std::span<const std::string_view> turn) {
    for (std::size_t i = 0; i < kTurn; ++i) requests[i].token = turn[i];
    tokens.verifier.verify_many(requests, results);
    for (const auto& result : results) CLAVIGER_ASSERT(result.has_value());
  });
}
BENCHMARK(seen_before_in_batches)->Arg(1000)->Arg(1'000'000)->UseManualTime();

// Somebody else's token is revoked before every turn: each entry looks into the revocation set again.
void seen_before_while_others_are_revoked(benchmark::State& state) {
  Known& tokens = known(state.range(0));
  std::uint64_t number = 0;
  run(state, tokens, [&](std::span<const std::string_view> turn) {
    const Revocation revocation{RevocationKind::Sid, std::string(kIssuer), std::to_string(++number), 0, kNow + 300};
    CLAVIGER_ASSERT(tokens.verifier.revocations().apply(revocation, kNow).has_value());
    for (const std::string_view token : turn) {
      CLAVIGER_ASSERT(tokens.verifier.verify(token, tokens.policy, presentation()).has_value());
    }
  });
}
BENCHMARK(seen_before_while_others_are_revoked)->Arg(1'000'000)->Iterations(4096)->UseManualTime();

void seen_before_with_claims(benchmark::State& state) {
  Known& tokens = known(state.range(0));
  run(state, tokens, [&tokens](std::span<const std::string_view> turn) {
    for (const std::string_view token : turn) {
      const auto verified = tokens.verifier.verify(token, tokens.policy, presentation());
      benchmark::DoNotOptimize(tokens.verifier.decode_verified(token, *verified).subject);
    }
  });
}
BENCHMARK(seen_before_with_claims)->Arg(1000)->UseManualTime();

void hash_of_a_token(benchmark::State& state) {
  const auto hash = crypto::UniversalHash::generate();
  const std::string token(685, 'x');
  for (auto _ : state) benchmark::DoNotOptimize((*hash)(as_bytes(token)));
}
BENCHMARK(hash_of_a_token);

void find_in_cache(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  TokenCache cache = *TokenCache::create(count);
  std::mt19937_64 random(1);
  std::vector<TokenDigest> digests(count);
  for (TokenDigest& digest : digests) {
    CachedToken token;
    token.digest = digest = {random(), random()};
    token.expires = static_cast<std::uint32_t>(kNow);
    cache.insert(token, kNow);
  }
  std::shuffle(digests.begin(), digests.end(), random);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.find(digests[next]));
    if (++next == count) next = 0;
  }
  state.counters["bytes_each"] = static_cast<double>(cache.bytes()) / static_cast<double>(count);
}
BENCHMARK(find_in_cache)->Arg(1000)->Arg(1'000'000);

}  // namespace
}  // namespace claviger::tokens::bench
