#include "broker/tokens/verifier/token_cache.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>
#include <vector>

namespace claviger::tokens {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

CachedToken token_of(TokenDigest digest, std::uint32_t expires = static_cast<std::uint32_t>(kNow) + 300) {
  CachedToken token;
  token.digest = digest;
  token.expires = expires;
  token.key_serial = 1;
  return token;
}

class Digests {
 public:
  explicit Digests(std::uint64_t seed) : random_(seed) {}
  TokenDigest next() { return {random_(), random_()}; }

 private:
  std::mt19937_64 random_;
};

TEST(TokenCache, RefusesSizesOutOfRange) {
  EXPECT_TRUE(TokenCache::create(0).failed_with(Code::OutOfRange));
  EXPECT_TRUE(TokenCache::create(kCachedTokensMax + 1).failed_with(Code::OutOfRange));
  EXPECT_TRUE(TokenCache::create(1));
}

TEST(TokenCache, FindsWhatWasInsertedAndNothingElse) {
  auto cache = TokenCache::create(100);
  ASSERT_TRUE(cache);
  const TokenDigest digest{0x1234, 0x5678};
  EXPECT_EQ(cache->find(digest), nullptr);
  EXPECT_FALSE(cache->insert(token_of(digest), kNow));
  ASSERT_NE(cache->find(digest), nullptr);
  EXPECT_EQ(cache->find(digest)->digest, digest);
  // One bit off in either half: the same tag and group, another token.
  EXPECT_EQ(cache->find({digest.low ^ 0x100, digest.high}), nullptr);
  EXPECT_EQ(cache->find({digest.low, digest.high ^ 1}), nullptr);
}

TEST(TokenCache, TagZeroIsNotVacant) {
  auto cache = TokenCache::create(100);
  ASSERT_TRUE(cache);
  const TokenDigest zero{0, 0};
  cache->insert(token_of(zero), kNow);
  EXPECT_NE(cache->find(zero), nullptr);
  EXPECT_EQ(cache->find({1, 0}), nullptr);  // shares the tag that 0 was given
}

TEST(TokenCache, SameDigestReplacesItsEntry) {
  auto cache = TokenCache::create(100);
  ASSERT_TRUE(cache);
  CachedToken token = token_of({7, 7});
  cache->insert(token, kNow);
  token.scopes = 42;
  EXPECT_FALSE(cache->insert(token, kNow));
  EXPECT_EQ(cache->size(), 1u);
  EXPECT_EQ(cache->find({7, 7})->scopes, 42u);
}

TEST(TokenCache, HoldsAMillionInAtMost110BytesEach) {
  constexpr std::size_t kTokens = 1'000'000;
  auto cache = TokenCache::create(kTokens);
  ASSERT_TRUE(cache);
  EXPECT_LE(cache->bytes(), kTokens * 110);
  Digests digests(1);
  std::size_t evicted = 0;
  for (std::size_t i = 0; i < kTokens; ++i) evicted += cache->insert(token_of(digests.next()), kNow);
  EXPECT_EQ(evicted, 0u);
  Digests again(1);
  std::size_t found = 0;
  for (std::size_t i = 0; i < kTokens; ++i) found += cache->find(again.next()) != nullptr;
  EXPECT_EQ(found, kTokens);
}

TEST(TokenCache, AtItsBoundKeepsItsMemoryAndTheNewcomers) {
  auto cache = TokenCache::create(1000);
  ASSERT_TRUE(cache);
  const std::size_t bytes = cache->bytes();
  Digests digests(2);
  std::size_t evicted = 0;
  for (int i = 0; i < 100'000; ++i) {
    const TokenDigest digest = digests.next();
    evicted += cache->insert(token_of(digest), kNow);
    ASSERT_NE(cache->find(digest), nullptr);
  }
  EXPECT_EQ(cache->bytes(), bytes);
  EXPECT_LE(cache->size(), cache->places());
  EXPECT_EQ(evicted, 100'000 - cache->size());
}

TEST(TokenCache, TakesThePlaceOfTheExpiredBeforeThatOfTheLiving) {
  auto cache = TokenCache::create(1);  // one group: 16 places
  ASSERT_TRUE(cache);
  ASSERT_EQ(cache->places(), 16u);
  Digests digests(3);
  std::vector<TokenDigest> living;
  for (std::size_t i = 0; i < cache->places(); ++i) {
    const TokenDigest digest = digests.next();
    const bool is_expired = i % 2 == 1;
    if (!is_expired) living.push_back(digest);
    cache->insert(token_of(digest, static_cast<std::uint32_t>(is_expired ? kNow - 1 : kNow)), kNow);
  }
  for (std::size_t i = 0; i < 8; ++i) EXPECT_FALSE(cache->insert(token_of(digests.next()), kNow));
  for (const TokenDigest& digest : living) EXPECT_NE(cache->find(digest), nullptr);
  EXPECT_TRUE(cache->insert(token_of(digests.next()), kNow));
}

TEST(TokenCache, GivesWhatIsUsedASecondChance) {
  auto cache = TokenCache::create(1);
  ASSERT_TRUE(cache);
  Digests digests(4);
  const TokenDigest hot = digests.next();
  cache->insert(token_of(hot), kNow);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_NE(cache->find(hot), nullptr) << i;
    cache->insert(token_of(digests.next()), kNow);
  }
}

TEST(TokenCache, ClearForgetsEverything) {
  auto cache = TokenCache::create(100);
  ASSERT_TRUE(cache);
  Digests digests(5);
  std::vector<TokenDigest> all;
  for (int i = 0; i < 100; ++i) cache->insert(token_of(all.emplace_back(digests.next())), kNow);
  cache->clear();
  EXPECT_EQ(cache->size(), 0u);
  for (const TokenDigest& digest : all) EXPECT_EQ(cache->find(digest), nullptr);
}

// Against a map, with digests chosen to crowd few groups and tags.
TEST(TokenCache, NeverAnswersWithAnotherTokensEntry) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  auto cache = TokenCache::create(500);
  ASSERT_TRUE(cache);
  std::unordered_map<std::uint64_t, std::uint64_t> model;  // low half -> scopes last written
  for (int i = 0; i < 200'000; ++i) {
    const TokenDigest digest{random() % 4096, (random() % 3) << 62U};
    const std::uint64_t name = digest.low << 2U | digest.high >> 62U;
    if (random() % 2 == 0) {
      CachedToken token = token_of(digest);
      token.scopes = model[name] = random();
      cache->insert(token, kNow);
    } else if (const CachedToken* found = cache->find(digest)) {
      ASSERT_EQ(found->digest, digest);
      ASSERT_EQ(found->scopes, model.at(name));
    }
  }
}

}  // namespace
}  // namespace claviger::tokens
