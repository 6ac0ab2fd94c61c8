#include "tests/broker/tokens/verifier/attack_vectors.h"

#include <gtest/gtest.h>

#include "tests/broker/tokens/verifier/example_tokens.h"

namespace claviger::tokens {
namespace {

class Attacks : public ::testing::Test {
 protected:
  Attacks() : vectors_(load_attack_vectors()) {}

  struct Trusting {
    Verifier verifier;
    VerificationPolicy policy;
  };
  Trusting trusting(std::size_t cached_tokens) {
    Verifier verifier = example_verifier(cached_tokens);
    EXPECT_TRUE(verifier.set_keys(vectors_.keys));
    PolicyOptions options;
    options.issuers = {vectors_.issuer};
    options.audiences = {vectors_.audience};
    options.leeway = Seconds{vectors_.leeway};
    auto policy = verifier.make_policy(std::move(options));
    EXPECT_TRUE(policy);
    return {std::move(verifier), *std::move(policy)};
  }
  std::optional<Code> expected(const AttackVector& vector) {
    if (vector.is_acceptable) return std::nullopt;
    const auto known = attack_codes().find(vector.id);
    EXPECT_NE(known, attack_codes().end()) << vector.id;
    return known == attack_codes().end() ? Code::Internal : known->second;
  }

  AttackVectors vectors_;
};

TEST_F(Attacks, AreAllThere) {
  EXPECT_EQ(vectors_.tokens.size(), 81u);
  EXPECT_EQ(attack_codes().size(), 74u);
}

TEST_F(Attacks, AreRefusedEachForItsReason) {
  auto [verifier, policy] = trusting(0);
  for (const AttackVector& vector : vectors_.tokens) {
    EXPECT_EQ(refusal_of(verifier.verify(vector.token, policy, at(vectors_.now))), expected(vector)) << vector.id;
  }
}

TEST_F(Attacks, GetTheSameVerdictWhenSeenBefore) {
  auto [verifier, policy] = trusting(1000);
  for (int round = 0; round < 3; ++round) {
    for (const AttackVector& vector : vectors_.tokens) {
      EXPECT_EQ(refusal_of(verifier.verify(vector.token, policy, at(vectors_.now))), expected(vector)) << vector.id;
    }
  }
  EXPECT_GE(verifier.counters().hits, 12u);  // the acceptable ones, twice, but for those the cache does not take
}

TEST_F(Attacks, GetTheSameVerdictInABatch) {
  auto [verifier, policy] = trusting(1000);
  std::vector<VerifyRequest> requests;
  for (const AttackVector& vector : vectors_.tokens) requests.push_back({vector.token, &policy, at(vectors_.now)});
  for (int round = 0; round < 2; ++round) {
    std::vector<Result<Verified>> results(requests.size(), Error{Code::Internal, "not asked"});
    verifier.verify_many(requests, results);
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(refusal_of(results[i]), expected(vectors_.tokens[i])) << vectors_.tokens[i].id;
    }
  }
}

TEST_F(Attacks, TruncatedAnywhereAreRefused) {
  auto [verifier, policy] = trusting(1000);
  for (const AttackVector& vector : vectors_.tokens) {
    if (!vector.is_acceptable) continue;
    ASSERT_TRUE(verifier.verify(vector.token, policy, at(vectors_.now))) << vector.id;
    for (std::size_t size = 0; size < vector.token.size(); ++size) {
      ASSERT_FALSE(verifier.verify(vector.token.substr(0, size), policy, at(vectors_.now))) << vector.id << ' ' << size;
    }
    ASSERT_FALSE(verifier.verify(vector.token + 'A', policy, at(vectors_.now))) << vector.id;
    ASSERT_FALSE(verifier.verify(' ' + vector.token, policy, at(vectors_.now))) << vector.id;
  }
}

// Rows g01 to g03 of the vector file: made here because of their size.
TEST_F(Attacks, OfGreatSizeAreRefusedEarly) {
  Mint mint;
  Verifier verifier = example_verifier();
  ASSERT_TRUE(verifier.set_keys(key_set(kExampleIssuer, {mint.jwk()})));
  const auto policy = verifier.make_policy(example_options());
  ASSERT_TRUE(policy);
  const auto verdict = [&](const std::string& token) {
    return refusal_of(verifier.verify(token, *policy, at(kExampleNow)));
  };
  // g01
  EXPECT_EQ(verdict(mint.access_token({{"pad", json_string(std::string(9000, 'x'))}})), Code::TokenTooLong);
  // g02: by size; and, where it fits, by depth
  const std::string bomb = "{\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + '}';
  EXPECT_EQ(verdict(mint.sign(json_of(mint.header()), bomb)), Code::TokenTooLong);
  const std::string small_bomb = "{\"x\":" + std::string(2500, '[') + std::string(2500, ']') + '}';
  EXPECT_EQ(verdict(mint.sign(json_of(mint.header()), small_bomb)), Code::TokenClaims);
  // g03
  Json many;
  for (int i = 0; i < 450; ++i) many["c" + std::to_string(i)] = "1";
  const std::string crowded = mint.access_token(many);
  ASSERT_LE(crowded.size(), kTokenBytesMax);
  EXPECT_EQ(verdict(crowded), Code::TokenClaims);
  Json enough;
  for (int i = 0; i < 240; ++i) enough["c" + std::to_string(i)] = "1";
  EXPECT_EQ(verdict(mint.access_token(enough)), std::nullopt);
}

TEST_F(Attacks, ATokenOfExactlyTheBoundIsRead) {
  Mint mint;
  Verifier verifier = example_verifier();
  ASSERT_TRUE(verifier.set_keys(key_set(kExampleIssuer, {mint.jwk()})));
  const auto policy = verifier.make_policy(example_options());
  ASSERT_TRUE(policy);
  // Base64url steps over some lengths, so the padding goes into the header as well.
  bool has_bound = false;
  for (std::size_t in_header = 0; in_header < 4 && !has_bound; ++in_header) {
    for (std::size_t pad = 5400; pad < 6100 && !has_bound; ++pad) {
      const std::string header = json_of(mint.header({{"x", json_string(std::string(in_header, 'x'))}}));
      const std::string claims = json_of(example_claims({{"pad", json_string(std::string(pad, 'x'))}}));
      const std::size_t size = codec::base64url_encoded_size(header.size()) + 1 +
                               codec::base64url_encoded_size(claims.size()) + 1 + codec::base64url_encoded_size(64);
      if (size != kTokenBytesMax) continue;
      has_bound = true;
      EXPECT_TRUE(verifier.verify(mint.sign(header, claims), *policy, at(kExampleNow)));
    }
  }
  EXPECT_TRUE(has_bound);
}

}  // namespace
}  // namespace claviger::tokens
