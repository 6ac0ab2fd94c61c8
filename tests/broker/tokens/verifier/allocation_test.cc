// Counts what the hot path takes from the heap: nothing.
#include <gtest/gtest.h>

#include "bench/allocation_count.h"
#include "tests/broker/tokens/verifier/example_tokens.h"

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
  const std::uint64_t before = bench::allocation_count();
  const std::string text(1000, 'x');
  EXPECT_GT(bench::allocation_count(), before);
}

TEST_F(Allocations, AHitTakesNone) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  const std::uint64_t before = bench::allocation_count();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  EXPECT_EQ(bench::allocation_count() - before, 0u);
  EXPECT_EQ(verifier_.counters().hits, 1000u);
}

TEST_F(Allocations, ReadingTheClaimsOfAHitTakesNone) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  const std::uint64_t before = bench::allocation_count();
  for (int i = 0; i < 100; ++i) {
    const auto verified = verifier_.verify(token, policy_, presentation_);
    ASSERT_EQ(verifier_.decode_verified(token, *verified).subject, "user-17");
  }
  EXPECT_EQ(bench::allocation_count() - before, 0u);
}

TEST_F(Allocations, ARefusalOfAKnownTokenTakesNone) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  presentation_.identity = "sip:bob@mcptt.example";
  const std::uint64_t before = bench::allocation_count();
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(verifier_.verify(token, policy_, presentation_));
  EXPECT_EQ(bench::allocation_count() - before, 0u);
}

TEST_F(Allocations, ABatchOfHitsTakesNone) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, presentation_));
  const std::vector<VerifyRequest> requests(20, VerifyRequest{token, &policy_, presentation_});
  std::vector<Result<Verified>> results(20, Error{Code::Internal, "not asked"});
  const std::uint64_t before = bench::allocation_count();
  verifier_.verify_many(requests, results);
  EXPECT_EQ(bench::allocation_count() - before, 0u);
  for (const auto& result : results) EXPECT_TRUE(result);
}

// From scratch, with an algorithm whose verification is not OpenSSL's.
TEST_F(Allocations, AWarmColdVerificationTakesNone) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 20; ++i) tokens.push_back(mint_.access_token({{"jti", json_string(std::to_string(i))}}));
  ASSERT_TRUE(verifier_.verify(tokens[0], policy_, presentation_));
  const std::uint64_t before = bench::allocation_count();
  for (std::size_t i = 1; i < tokens.size(); ++i) ASSERT_TRUE(verifier_.verify(tokens[i], policy_, presentation_));
  EXPECT_EQ(bench::allocation_count() - before, 0u);
  EXPECT_EQ(verifier_.counters().misses, tokens.size());
}

}  // namespace
}  // namespace claviger::tokens
