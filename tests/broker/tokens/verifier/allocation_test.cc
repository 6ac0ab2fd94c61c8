// Counts what the hot path takes from the heap: nothing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/broker/tokens/verifier/example_tokens.h"

namespace {

std::size_t allocations = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* bytes = std::malloc(size == 0 ? 1 : size)) return bytes;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto align = static_cast<std::size_t>(alignment);
  if (void* bytes = std::aligned_alloc(align, (size + align - 1) / align * align)) return bytes;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* bytes) noexcept { std::free(bytes); }
[[gnu::noinline]] void operator delete(void* bytes, std::size_t) noexcept { std::free(bytes); }
[[gnu::noinline]] void operator delete(void* bytes, std::align_val_t) noexcept { std::free(bytes); }
[[gnu::noinline]] void operator delete(void* bytes, std::size_t, std::align_val_t) noexcept { std::free(bytes); }

namespace claviger::tokens {
namespace {

class Allocations : public ::testing::Test {
 protected:
  Allocations() : verifier_(example_verifier()) {
    EXPECT_TRUE(verifier_.set_keys(key_set(kExampleIssuer, {mint_.jwk()})));
    PolicyOptions options = example_options();
    options.scopes_all = {"3gpp:mc:ptt_service"};
    options.identity = McService::Ptt;
    policy_ = *verifier_.make_policy(std::move(options));
    presentation_.now = kExampleNow;
    presentation_.identity = "sip:alice@mcptt.example";
  }

  Mint mint_{crypto::SignatureAlgorithm::EdDsa};
  Verifier verifier_;
  VerificationPolicy policy_;
  Presentation presentation_;
};

TEST_F(Allocations, TheCounterCounts) {
  const std::size_t before = allocations;
  const std::string text(1000, 'x');
  EXPECT_GT(allocations, before);
}

TEST_F(Allocations, AHitTakesNone) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  const std::size_t before = allocations;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(verifier_.counters().hits, 1000u);
}

TEST_F(Allocations, ReadingTheClaimsOfAHitTakesNone) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    const auto verified = verifier_.verify(token, policy_, presentation_);
    ASSERT_EQ(verifier_.decode_verified(token, *verified).subject, "user-17");
  }
  EXPECT_EQ(allocations - before, 0u);
}

TEST_F(Allocations, ARefusalOfAKnownTokenTakesNone) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  presentation_.identity = "sip:bob@mcptt.example";
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(verifier_.verify(token, policy_, presentation_));
  EXPECT_EQ(allocations - before, 0u);
}

TEST_F(Allocations, ABatchOfHitsTakesNone) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  const std::vector<VerifyRequest> requests(20, VerifyRequest{token, &policy_, presentation_});
  std::vector<Result<Verified>> results(20, Error{Code::Internal, "not asked"});
  const std::size_t before = allocations;
  verifier_.verify_many(requests, results);
  EXPECT_EQ(allocations - before, 0u);
  for (const auto& result : results) EXPECT_TRUE(result);
}

// From scratch, with an algorithm whose verification is not OpenSSL's.
TEST_F(Allocations, AWarmColdVerificationTakesNone) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 20; ++i) tokens.push_back(mint_.access_token({{"jti", json_string(std::to_string(i))}}));
  ASSERT_TRUE(verifier_.verify(tokens[0], policy_, presentation_));
  const std::size_t before = allocations;
  for (std::size_t i = 1; i < tokens.size(); ++i) ASSERT_TRUE(verifier_.verify(tokens[i], policy_, presentation_));
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(verifier_.counters().misses, tokens.size());
}

}  // namespace
}  // namespace claviger::tokens
