#include "broker/tokens/verifier/verifier.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tests/broker/tokens/verifier/example_tokens.h"

namespace claviger::tokens {
namespace {

class VerifierTest : public ::testing::Test {
 protected:
  VerifierTest() : verifier_(example_verifier()) {
    EXPECT_TRUE(verifier_.set_keys(key_set(kExampleIssuer, {mint_.jwk()})));
    policy_ = policy(example_options());
  }
  VerificationPolicy policy(PolicyOptions options) {
    auto made = verifier_.make_policy(std::move(options));
    EXPECT_TRUE(made);
    return *std::move(made);
  }
  // Asked twice: the second verdict, from the cache or not, is the first.
  std::optional<Code> verdict(std::string_view token, const VerificationPolicy& policy,
                              const Presentation& presentation) {
    const auto first = refusal_of(verifier_.verify(token, policy, presentation));
    const auto second = refusal_of(verifier_.verify(token, policy, presentation));
    EXPECT_EQ(first, second);
    return second;
  }
  std::optional<Code> verdict(std::string_view token, std::int64_t now = kExampleNow) {
    return verdict(token, policy_, at(now));
  }
  void revoke(RevocationKind kind, std::string id, std::int64_t not_before = 0,
              std::string_view issuer = kExampleIssuer) {
    ASSERT_TRUE(verifier_.revocations().apply(
        Revocation{kind, std::string(issuer), std::move(id), not_before, kExampleNow + 3600}, kExampleNow));
  }

  Mint mint_;
  Verifier verifier_;
  VerificationPolicy policy_;
};

TEST_F(VerifierTest, GivesTheClaimsOfATokenItAccepts) {
  const std::string token = mint_.access_token({{"aud", R"(["https://other.example","https://mcptt.example"])"},
                                                {"acr", json_string("3gpp:acr:password")},
                                                {"auth_time", "1700000000"},
                                                {"nbf", "1700000001.75"},
                                                {"mcdata_id", json_string("sip:alice@mcdata.example")}});
  const auto verified = verifier_.verify(token, policy_, at(kExampleNow));
  ASSERT_TRUE(verified);
  ASSERT_NE(verified->claims, nullptr);
  const Claims& claims = *verified->claims;
  EXPECT_EQ(claims.issuer, kExampleIssuer);
  EXPECT_EQ(claims.subject, "user-17");
  EXPECT_EQ(claims.client_id, "mcptt_client");
  EXPECT_EQ(claims.jti, "token-1");
  EXPECT_EQ(claims.sid, "session-1");
  EXPECT_EQ(claims.acr, "3gpp:acr:password");
  EXPECT_EQ(claims.expires, kExampleNow + 300);
  EXPECT_EQ(claims.issued_at, kExampleNow - 10);
  EXPECT_EQ(claims.auth_time, 1700000000);
  EXPECT_EQ(claims.not_before, 1700000001);
  EXPECT_EQ(claims.mc_id(McService::Ptt), "sip:alice@mcptt.example");
  EXPECT_EQ(claims.mc_id(McService::Data), "sip:alice@mcdata.example");
  EXPECT_EQ(claims.mc_id(McService::Video), "");
  EXPECT_EQ(claims.audiences.size(), 2u);
  EXPECT_TRUE(claims.audiences.contains("https://other.example"));
  EXPECT_FALSE(claims.confirmation);
  EXPECT_TRUE(claims.all->contains("scope"));
  EXPECT_EQ(claims.json.front(), '{');
  EXPECT_EQ(verified->expires, kExampleNow + 300);
}

TEST_F(VerifierTest, AHitCarriesNoClaimsUntilTheyAreAskedFor) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, at(kExampleNow)));
  const auto hit = verifier_.verify(token, policy_, at(kExampleNow));
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->claims, nullptr);
  EXPECT_EQ(hit->expires, kExampleNow + 300);
  EXPECT_EQ(verifier_.counters().hits, 1u);
  EXPECT_EQ(verifier_.counters().misses, 1u);
  EXPECT_EQ(verifier_.decode_verified(token, *hit).subject, "user-17");
}

TEST_F(VerifierTest, DecodingOtherBytesThanWereVerifiedIsOurMistake) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, at(kExampleNow)));
  const auto hit = verifier_.verify(token, policy_, at(kExampleNow));
  ASSERT_TRUE(hit);
  EXPECT_DEATH(verifier_.decode_verified(mint_.access_token({{"sub", json_string("admin")}}), *hit), "digest");
}

// RFC 7519 clauses 4.1.4 to 4.1.6, with the leeway of TS 33.180 clause B.2.
TEST_F(VerifierTest, LeewayIsThirtySecondsToTheSecond) {
  const std::string token = mint_.access_token();
  const std::int64_t expires = kExampleNow + 300;
  EXPECT_EQ(verdict(token, expires - 1), std::nullopt);
  EXPECT_EQ(verdict(token, expires), std::nullopt);
  EXPECT_EQ(verdict(token, expires + 29), std::nullopt);
  EXPECT_EQ(verdict(token, expires + 30), Code::TokenExpired);
  EXPECT_EQ(verdict(token, expires + 31), Code::TokenExpired);

  const std::string early = mint_.access_token({{"nbf", std::to_string(kExampleNow + 100)}});
  EXPECT_EQ(verdict(early, kExampleNow + 69), Code::TokenNotYetValid);
  EXPECT_EQ(verdict(early, kExampleNow + 70), std::nullopt);
  EXPECT_EQ(verdict(early, kExampleNow + 71), std::nullopt);

  const std::string future = mint_.access_token({{"iat", std::to_string(kExampleNow + 100)}});
  EXPECT_EQ(verdict(future, kExampleNow + 69), Code::TokenIssuedInFuture);
  EXPECT_EQ(verdict(future, kExampleNow + 70), std::nullopt);
  EXPECT_EQ(verdict(future, kExampleNow + 71), std::nullopt);
}

TEST_F(VerifierTest, ASmallerLeewayHoldsForCachedTokens) {
  PolicyOptions strict = example_options();
  strict.leeway = Seconds{0};
  const VerificationPolicy none = policy(strict);
  const std::string token = mint_.access_token({{"iat", std::to_string(kExampleNow + 20)}});
  EXPECT_EQ(verdict(token, policy_, at(kExampleNow)), std::nullopt);
  EXPECT_EQ(verdict(token, none, at(kExampleNow)), Code::TokenIssuedInFuture);
  EXPECT_EQ(verdict(token, none, at(kExampleNow + 20)), std::nullopt);
  EXPECT_EQ(verdict(token, none, at(kExampleNow + 299)), std::nullopt);
  EXPECT_EQ(verdict(token, none, at(kExampleNow + 300)), Code::TokenExpired);
  EXPECT_EQ(verdict(token, policy_, at(kExampleNow + 300)), std::nullopt);
}

TEST_F(VerifierTest, AClockThatStepsBackDoesNotLetCachedTokensInEarly) {
  const std::string token = mint_.access_token({{"nbf", std::to_string(kExampleNow)}});
  EXPECT_EQ(verdict(token, kExampleNow), std::nullopt);
  EXPECT_EQ(verdict(token, kExampleNow - 30), std::nullopt);
  EXPECT_EQ(verdict(token, kExampleNow - 31), Code::TokenNotYetValid);
}

TEST_F(VerifierTest, EveryAlgorithmVerifies) {
  Mint eddsa(crypto::SignatureAlgorithm::EdDsa);
  Mint rs256(crypto::SignatureAlgorithm::Rs256);
  ASSERT_TRUE(verifier_.set_keys(key_set(kExampleIssuer, {mint_.jwk(), eddsa.jwk(), rs256.jwk()})));
  EXPECT_EQ(verdict(mint_.access_token()), std::nullopt);
  EXPECT_EQ(verdict(eddsa.access_token()), std::nullopt);
  EXPECT_EQ(verdict(rs256.access_token()), std::nullopt);

  PolicyOptions options = example_options();
  options.algorithms = {crypto::SignatureAlgorithm::EdDsa};
  const VerificationPolicy eddsa_only = policy(options);
  // Also those that the cache knows by now.
  EXPECT_EQ(verdict(mint_.access_token(), eddsa_only, at(kExampleNow)), Code::TokenAlgorithm);
  EXPECT_EQ(verdict(eddsa.access_token(), eddsa_only, at(kExampleNow)), std::nullopt);
}

TEST_F(VerifierTest, HeadersAreReadStrictly) {
  EXPECT_EQ(verdict(mint_.with_header({{"typ", json_string("AT+JWT")}})), std::nullopt);
  EXPECT_EQ(verdict(mint_.with_header({{"typ", json_string("Application/At+Jwt")}})), std::nullopt);
  EXPECT_EQ(verdict(mint_.with_header({{"typ", json_string("application/x/at+jwt")}})), Code::TokenType);
  EXPECT_EQ(verdict(mint_.with_header({{"typ", json_string("at+jwt ")}})), Code::TokenType);
  EXPECT_EQ(verdict(mint_.with_header({{"typ", "1"}})), Code::TokenType);
  EXPECT_EQ(verdict(mint_.with_header({{"typ", json_string(std::string(500, 'x'))}})), Code::TokenType);
  EXPECT_EQ(verdict(mint_.with_header({{"typ", ""}})), Code::TokenType);
  EXPECT_EQ(verdict(mint_.with_header({{"alg", json_string("es256")}})), Code::TokenAlgorithm);
  EXPECT_EQ(verdict(mint_.with_header({{"alg", "[\"ES256\"]"}})), Code::TokenAlgorithm);
  EXPECT_EQ(verdict(mint_.with_header({{"kid", ""}})), Code::TokenKeyUnknown);
  EXPECT_EQ(verdict(mint_.with_header({{"kid", "7"}})), Code::TokenKeyUnknown);
  EXPECT_EQ(verdict(mint_.with_header({{"kid", json_string("")}})), Code::TokenKeyUnknown);
  EXPECT_EQ(verdict(mint_.with_header({{"kid", json_string(std::string(4000, 'k'))}})), Code::TokenKeyUnknown);
  EXPECT_EQ(verdict(mint_.with_header({{"crit", "null"}})), Code::TokenCritical);
  EXPECT_EQ(verdict(mint_.with_header({{"jku", json_string("https://evil.example")}})),
            std::nullopt);  // never looked at
  EXPECT_EQ(verdict(mint_.sign("[]", "{}")), Code::TokenHeader);
  EXPECT_EQ(verdict(mint_.sign("", "{}")), Code::TokenSegments);
  EXPECT_EQ(verdict(".."), Code::TokenSegments);
  EXPECT_EQ(verdict(""), Code::TokenSegments);
}

TEST_F(VerifierTest, EachClaimIsAskedFor) {
  const auto code = [this](const Json& changes) { return verdict(mint_.access_token(changes)); };
  EXPECT_EQ(code({{"iss", ""}}), Code::TokenIssuer);
  EXPECT_EQ(code({{"iss", json_string("https://IDMS.example")}}), Code::TokenIssuer);
  EXPECT_EQ(code({{"iss", "[\"https://idms.example\"]"}}), Code::TokenIssuer);
  EXPECT_EQ(code({{"aud", ""}}), Code::TokenAudience);
  EXPECT_EQ(code({{"aud", "{}"}}), Code::TokenAudience);
  EXPECT_EQ(code({{"aud", json_string("")}}), Code::TokenAudience);
  EXPECT_EQ(code({{"exp", "9007199254740991"}}), std::nullopt);  // 2^53 - 1; not cached, accepted all the same
  EXPECT_EQ(code({{"exp", "9007199254740992"}}), Code::TokenClaims);
  EXPECT_EQ(code({{"nbf", json_string("1")}}), Code::TokenClaims);
  EXPECT_EQ(code({{"iat", ""}}), Code::TokenClaims);
  EXPECT_EQ(code({{"sub", ""}}), Code::TokenSubject);
  EXPECT_EQ(code({{"sub", json_string("")}}), Code::TokenSubject);
  EXPECT_EQ(code({{"sub", json_string(std::string(255, 's'))}}), std::nullopt);
  EXPECT_EQ(code({{"sub", json_string(std::string(256, 's'))}}), Code::TokenSubject);
  EXPECT_EQ(code({{"client_id", ""}}), Code::TokenClaims);
  EXPECT_EQ(code({{"client_id", json_string(std::string(256, 'c'))}}), Code::TokenClaims);
  EXPECT_EQ(code({{"scope", ""}}), Code::TokenClaims);
  EXPECT_EQ(code({{"jti", ""}}), Code::TokenClaims);
  EXPECT_EQ(code({{"jti", "5"}}), Code::TokenClaims);
  EXPECT_EQ(code({{"sid", ""}}), std::nullopt);
  EXPECT_EQ(code({{"sid", json_string(std::string(256, 's'))}}), Code::TokenClaims);
  EXPECT_EQ(code({{"mcptt_id", "7"}}), Code::TokenClaims);
  EXPECT_EQ(code({{"auth_time", json_string("x")}}), Code::TokenClaims);
  EXPECT_EQ(code({{"unknown", "{\"deep\":[1,2,3]}"}}), std::nullopt);
}

TEST_F(VerifierTest, ScopesAreComparedWhole) {
  PolicyOptions options = example_options();
  options.scopes_all = {"3gpp:mc:ptt_service"};
  const VerificationPolicy service = policy(options);
  options.scopes_all = {"3gpp:mc:ptt_service", "3gpp:mc:video_service"};
  const VerificationPolicy both = policy(options);
  options.scopes_all = {};
  options.scopes_any = {"3gpp:mc:video_service", "3gpp:mc:ptt_service"};
  const VerificationPolicy either = policy(options);

  const auto token = [this](std::string_view scope) { return mint_.access_token({{"scope", json_string(scope)}}); };
  const Presentation now = at(kExampleNow);
  EXPECT_EQ(verdict(token("openid 3gpp:mc:ptt_service"), service, now), std::nullopt);
  EXPECT_EQ(verdict(token("3gpp:mc:ptt_service2"), service, now), Code::TokenScope);
  EXPECT_EQ(verdict(token("x3gpp:mc:ptt_service"), service, now), Code::TokenScope);
  EXPECT_EQ(verdict(token("3gpp:mc:ptt_service 3gpp:mc:ptt_service"), service, now), std::nullopt);
  EXPECT_EQ(verdict(token("3gpp:mc:ptt_service  x"), service, now), std::nullopt);
  EXPECT_EQ(verdict(token("3gpp:mc:ptt_service"), both, now), Code::TokenScope);
  EXPECT_EQ(verdict(token("3gpp:mc:video_service 3gpp:mc:ptt_service"), both, now), std::nullopt);
  EXPECT_EQ(verdict(token("3gpp:mc:video_service"), either, now), std::nullopt);
  EXPECT_EQ(verdict(token("3gpp:mc:data_service"), either, now), Code::TokenScope);
}

// A policy made after a token was cached asks for a name that the entry has no bit for.
TEST_F(VerifierTest, LearnsNewNamesForKnownTokens) {
  const std::string token = mint_.access_token({{"aud", R"(["https://mcptt.example","https://gms.example"])"}});
  EXPECT_EQ(verdict(token), std::nullopt);
  PolicyOptions options = example_options();
  options.audiences = {"https://gms.example"};
  options.scopes_all = {"openid"};
  const VerificationPolicy later = policy(options);
  EXPECT_EQ(verdict(token, later, at(kExampleNow)), std::nullopt);
  const std::uint64_t hits = verifier_.counters().hits;
  EXPECT_EQ(verdict(token, later, at(kExampleNow)), std::nullopt);
  EXPECT_EQ(verifier_.counters().hits, hits + 2);
}

TEST_F(VerifierTest, MoreNamesThanBitsAreAnsweredFromTheClaims) {
  for (int i = 0; i < 100; ++i) {
    PolicyOptions options = example_options();
    options.audiences = {"https://server-" + std::to_string(i) + ".example"};
    options.scopes_all = {"scope-" + std::to_string(i)};
    const VerificationPolicy wants = policy(options);
    const std::string good =
        mint_.access_token({{"aud", json_string(options.audiences[0])}, {"scope", json_string(options.scopes_all[0])}});
    const std::string lacks =
        mint_.access_token({{"aud", json_string(options.audiences[0])}, {"scope", json_string("openid")}});
    const std::string other = mint_.access_token({{"scope", json_string(options.scopes_all[0])}});
    EXPECT_EQ(verdict(good, wants, at(kExampleNow)), std::nullopt) << i;
    EXPECT_EQ(verdict(lacks, wants, at(kExampleNow)), Code::TokenScope) << i;
    EXPECT_EQ(verdict(other, wants, at(kExampleNow)), Code::TokenAudience) << i;
  }
}

TEST_F(VerifierTest, IdentityMustBeThereAndTheOneClaimed) {
  PolicyOptions options = example_options();
  options.identity = McService::Ptt;
  const VerificationPolicy ptt = policy(options);
  options.identity = McService::Video;
  const VerificationPolicy video = policy(options);
  const std::string token = mint_.access_token();
  Presentation alice = at(kExampleNow);
  alice.identity = "sip:alice@mcptt.example";
  Presentation bob = at(kExampleNow);
  bob.identity = "sip:bob@mcptt.example";
  EXPECT_EQ(verdict(token, ptt, alice), std::nullopt);
  EXPECT_EQ(verdict(token, ptt, bob), Code::TokenIdentity);
  EXPECT_EQ(verdict(token, ptt, at(kExampleNow)), std::nullopt);
  EXPECT_EQ(verdict(token, video, alice), Code::TokenIdentity);
  EXPECT_EQ(verdict(token, video, at(kExampleNow)), Code::TokenIdentity);
  EXPECT_EQ(verdict(token, policy_, bob), std::nullopt);  // that server does not ask
  const std::string empty = mint_.access_token({{"mcptt_id", json_string("")}});
  EXPECT_EQ(verdict(empty, ptt, at(kExampleNow)), Code::TokenIdentity);
}

TEST_F(VerifierTest, BoundTokensNeedTheirProofEveryTime) {
  Confirmation::Thumbprint certificate{};
  certificate.fill(std::byte{7});
  Confirmation::Thumbprint other{};
  const std::string print = base64url(as_text(Bytes(certificate)));
  Presentation proven = at(kExampleNow);
  proven.certificate = &certificate;
  Presentation stolen = at(kExampleNow);
  stolen.certificate = &other;

  const std::string bound = mint_.access_token({{"cnf", "{\"x5t#S256\":" + json_string(print) + "}"}});
  EXPECT_EQ(verdict(bound, policy_, proven), std::nullopt);
  EXPECT_EQ(verdict(bound, policy_, stolen), Code::TokenBinding);
  EXPECT_EQ(verdict(bound, policy_, at(kExampleNow)), Code::TokenBinding);
  EXPECT_EQ(verdict(mint_.access_token(), policy_, proven), std::nullopt);

  Presentation dpop = at(kExampleNow);
  dpop.key = &certificate;
  const std::string dpop_bound = mint_.access_token({{"cnf", "{\"jkt\":" + json_string(print) + "}"}});
  EXPECT_EQ(verdict(dpop_bound, policy_, dpop), std::nullopt);
  EXPECT_EQ(verdict(dpop_bound, policy_, proven), Code::TokenBinding);
  EXPECT_EQ(verdict(mint_.access_token(), policy_, dpop), Code::TokenBinding);
  EXPECT_EQ(verdict(bound, policy_, dpop), Code::TokenBinding);

  EXPECT_EQ(verdict(mint_.access_token({{"cnf", "{}"}}), policy_, proven), Code::TokenBinding);
  EXPECT_EQ(verdict(mint_.access_token({{"cnf", "{\"jwk\":{}}"}}), policy_, proven), Code::TokenBinding);
  EXPECT_EQ(verdict(mint_.access_token({{"cnf", "{\"jkt\":\"AA\"}"}}), policy_, dpop), Code::TokenBinding);
  EXPECT_EQ(verdict(mint_.access_token({{"cnf", "7"}})), Code::TokenBinding);

  PolicyOptions options = example_options();
  options.requires_binding = true;
  EXPECT_EQ(verdict(mint_.access_token(), policy(options), proven), Code::TokenBinding);
  EXPECT_EQ(verdict(bound, policy(options), proven), std::nullopt);
  options.requires_binding = false;
  options.ignores_binding = true;
  EXPECT_EQ(verdict(bound, policy(options), at(kExampleNow)), std::nullopt);
  EXPECT_EQ(verdict(bound, policy_, at(kExampleNow)), Code::TokenBinding);
}

TEST_F(VerifierTest, RevocationReachesCachedTokens) {
  const std::string token = mint_.access_token();
  EXPECT_EQ(verdict(token), std::nullopt);
  revoke(RevocationKind::Jti, "token-2");
  EXPECT_EQ(verdict(token), std::nullopt);
  revoke(RevocationKind::Jti, "token-1");
  EXPECT_EQ(verdict(token), Code::TokenRevoked);

  const std::string second = mint_.access_token({{"jti", json_string("token-3")}});
  EXPECT_EQ(verdict(second), std::nullopt);
  revoke(RevocationKind::Sid, "session-1", 0, "https://other.example");
  EXPECT_EQ(verdict(second), std::nullopt);
  revoke(RevocationKind::Sid, "session-1");
  EXPECT_EQ(verdict(second), Code::TokenRevoked);

  const std::string third = mint_.access_token({{"jti", json_string("token-4")}, {"sid", ""}});
  EXPECT_EQ(verdict(third), std::nullopt);
  revoke(RevocationKind::Subject, "user-17", kExampleNow - 10);
  EXPECT_EQ(verdict(third), std::nullopt);  // its iat is just that
  revoke(RevocationKind::Subject, "user-17", kExampleNow - 9);
  EXPECT_EQ(verdict(third), Code::TokenRevoked);
  const std::string fresh =
      mint_.access_token({{"jti", json_string("token-5")}, {"sid", ""}, {"iat", std::to_string(kExampleNow - 9)}});
  EXPECT_EQ(verdict(fresh), std::nullopt);
}

TEST_F(VerifierTest, ARevokedTokenIsRefusedBeforeItsScopeIsLookedAt) {
  PolicyOptions options = example_options();
  options.scopes_all = {"absent"};
  revoke(RevocationKind::Jti, "token-1");
  EXPECT_EQ(verdict(mint_.access_token(), policy(options), at(kExampleNow)), Code::TokenRevoked);
}

TEST_F(VerifierTest, KnownTokensStayFastWhileOthersAreRevoked) {
  const std::string token = mint_.access_token();
  ASSERT_TRUE(verifier_.verify(token, policy_, at(kExampleNow)));
  for (int i = 0; i < 1000; ++i) {
    revoke(RevocationKind::Sid, "another-session-" + std::to_string(i));
    ASSERT_TRUE(verifier_.verify(token, policy_, at(kExampleNow)));
  }
  EXPECT_EQ(verifier_.counters().hits, 1000u);
}

TEST_F(VerifierTest, AnOverfullRevocationSetRefusesTheTokensOfThen) {
  Verifier small = example_verifier(100, 1);
  ASSERT_TRUE(small.set_keys(key_set(kExampleIssuer, {mint_.jwk()})));
  const auto policy = small.make_policy(example_options());
  const std::string token = mint_.access_token();
  ASSERT_TRUE(small.verify(token, *policy, at(kExampleNow)));
  const auto revocation = [](std::string id) {
    return Revocation{RevocationKind::Jti, std::string(kExampleIssuer), std::move(id), 0, kExampleNow + 100};
  };
  ASSERT_TRUE(small.revocations().apply(revocation("a"), kExampleNow));
  ASSERT_TRUE(small.verify(token, *policy, at(kExampleNow)));
  EXPECT_FALSE(small.revocations().apply(revocation("b"), kExampleNow));
  EXPECT_TRUE(small.verify(token, *policy, at(kExampleNow)).failed_with(Code::TokenRevoked));
  EXPECT_TRUE(small.verify(mint_.access_token({{"jti", json_string("x")}}), *policy, at(kExampleNow))
                  .failed_with(Code::TokenRevoked));
  const std::string later = mint_.access_token({{"iat", std::to_string(kExampleNow + 31)}});
  EXPECT_TRUE(small.verify(later, *policy, at(kExampleNow + 31)));
}

TEST_F(VerifierTest, ARemovedKeyIsNotBelievedAgain) {
  Mint next;
  const std::string old_token = mint_.access_token();
  EXPECT_EQ(verdict(old_token), std::nullopt);
  // Overlap: both are published, what was known stays known.
  ASSERT_TRUE(verifier_.set_keys(key_set(kExampleIssuer, {mint_.jwk(), next.jwk()})));
  const std::uint64_t misses = verifier_.counters().misses;
  EXPECT_EQ(verdict(old_token), std::nullopt);
  EXPECT_EQ(verifier_.counters().misses, misses);
  EXPECT_EQ(verdict(next.access_token()), std::nullopt);
  // The old one is withdrawn.
  ASSERT_TRUE(verifier_.set_keys(key_set(kExampleIssuer, {next.jwk()})));
  EXPECT_EQ(verdict(old_token), Code::TokenKeyUnknown);
  EXPECT_EQ(verdict(next.access_token()), std::nullopt);
  // Another key under the same name.
  ASSERT_TRUE(verifier_.set_keys(key_set(kExampleIssuer, {next.jwk(mint_.kid())})));
  EXPECT_EQ(verdict(old_token), Code::TokenSignature);
  // And back.
  ASSERT_TRUE(verifier_.set_keys(key_set(kExampleIssuer, {mint_.jwk()})));
  EXPECT_EQ(verdict(old_token), std::nullopt);
  verifier_.remove_keys(kExampleIssuer);
  EXPECT_EQ(verdict(old_token), Code::TokenKeyUnknown);
}

TEST_F(VerifierTest, EachIssuerVerifiesOnlyWithItsOwnKeys) {
  Mint partner;
  ASSERT_TRUE(verifier_.set_keys(key_set("https://partner.example", {partner.jwk()})));
  PolicyOptions options = example_options();
  options.issuers = {"https://partner.example"};
  const VerificationPolicy partners = policy(options);
  const std::string theirs = partner.access_token({{"iss", json_string("https://partner.example")}});
  const std::string ours = mint_.access_token();
  const std::string forged = partner.access_token();  // our iss under the partner's key
  EXPECT_EQ(verdict(theirs, partners, at(kExampleNow)), std::nullopt);
  EXPECT_EQ(verdict(ours, policy_, at(kExampleNow)), std::nullopt);
  EXPECT_EQ(verdict(ours, partners, at(kExampleNow)), Code::TokenKeyUnknown);
  EXPECT_EQ(verdict(theirs, policy_, at(kExampleNow)), Code::TokenKeyUnknown);
  EXPECT_EQ(verdict(forged, policy_, at(kExampleNow)), Code::TokenKeyUnknown);
  EXPECT_EQ(verdict(forged, partners, at(kExampleNow)), Code::TokenIssuer);
}

TEST_F(VerifierTest, WithSeveralIssuersTheTokenSaysWhoseKeysToTry) {
  Mint partner;
  // A partner that publishes a key under the name of one of ours gains and spoils nothing.
  ASSERT_TRUE(verifier_.set_keys(key_set("https://partner.example", {partner.jwk(mint_.kid())})));
  PolicyOptions options = example_options();
  options.issuers = {"https://partner.example", std::string(kExampleIssuer)};
  const VerificationPolicy either = policy(options);
  EXPECT_EQ(verdict(mint_.access_token(), either, at(kExampleNow)), std::nullopt);
  const Json under_our_kid{{"kid", json_string(mint_.kid())}};
  const std::string theirs = partner.sign(json_of(partner.header(under_our_kid)),
                                          json_of(example_claims({{"iss", json_string("https://partner.example")}})));
  EXPECT_EQ(verdict(theirs, either, at(kExampleNow)), std::nullopt);
  const std::string forged = partner.sign(json_of(partner.header(under_our_kid)), json_of(example_claims()));
  EXPECT_EQ(verdict(forged, either, at(kExampleNow)), Code::TokenSignature);
  EXPECT_EQ(verdict(mint_.access_token({{"iss", json_string("https://third.example")}}), either, at(kExampleNow)),
            Code::TokenIssuer);
  EXPECT_EQ(verdict(mint_.sign(json_of(mint_.header()), "{"), either, at(kExampleNow)), Code::TokenClaims);
}

TEST_F(VerifierTest, OtherJwtsAreVerifiedUnderTheirOwnRules) {
  Mint client;
  const auto keys = key_set("client-1", {client.jwk()});
  const std::array<std::string_view, 1> types{"jwt"};
  const JwsRules rules{.keys = keys.get(), .types = types, .typ_may_be_absent = true};
  const std::string claims = json_of({{"iss", json_string("client-1")}, {"exp", "5"}});
  const auto verified =
      verifier_.verify_jws(client.sign(json_of(client.header({{"typ", json_string("JWT")}})), claims), rules);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->kid, client.kid());
  EXPECT_EQ(verified->claims->issuer, "client-1");
  EXPECT_EQ(verified->claims->expires, 5);
  EXPECT_TRUE(verifier_.verify_jws(client.sign(json_of(client.header({{"typ", ""}})), claims), rules));
  // An access token is none of these (attack list, row 22).
  EXPECT_TRUE(verifier_.verify_jws(client.sign(json_of(client.header()), claims), rules).failed_with(Code::TokenType));
  EXPECT_TRUE(
      verifier_.verify_jws(mint_.sign(json_of(mint_.header()), claims), rules).failed_with(Code::TokenKeyUnknown));
  EXPECT_TRUE(verifier_.verify_jws(client.sign(json_of(client.header({{"typ", ""}})), claims), JwsRules{})
                  .failed_with(Code::TokenKeyUnknown));
}

// Every bit of every byte, of a token that the cache knows.
TEST_F(VerifierTest, NoMutationOfAValidTokenIsAccepted) {
  for (const auto algorithm : {crypto::SignatureAlgorithm::Es256, crypto::SignatureAlgorithm::EdDsa}) {
    Mint mint(algorithm);
    ASSERT_TRUE(verifier_.set_keys(key_set(kExampleIssuer, {mint.jwk()})));
    const std::string token = mint.access_token();
    ASSERT_EQ(verdict(token), std::nullopt);
    for (std::size_t i = 0; i < token.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string mutant = token;
        mutant[i] = static_cast<char>(mutant[i] ^ (1 << bit));
        ASSERT_FALSE(verifier_.verify(mutant, policy_, at(kExampleNow))) << i << ' ' << bit;
      }
    }
  }
}

TEST_F(VerifierTest, VerdictsDoNotDependOnTheCache) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto pick = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  Mint other;
  Verifier cold = example_verifier(0);
  Verifier crowded = example_verifier(4);  // evicts all the time
  std::vector<std::string> tokens;
  for (int i = 0; i < 60; ++i) {
    Json changes{{"jti", json_string("t" + std::to_string(i))},
                 {"sub", json_string("u" + std::to_string(pick(5)))},
                 {"sid", json_string("s" + std::to_string(pick(8)))},
                 {"exp", std::to_string(kExampleNow + static_cast<std::int64_t>(pick(400)))},
                 {"iat", std::to_string(kExampleNow - 50 + static_cast<std::int64_t>(pick(100)))}};
    if (pick(3) == 0) changes["aud"] = json_string("https://other.example");
    if (pick(3) == 0) changes["scope"] = json_string("openid");
    if (pick(4) == 0) changes["nbf"] = std::to_string(kExampleNow + static_cast<std::int64_t>(pick(60)));
    if (pick(5) == 0) changes["mcptt_id"] = "";
    tokens.push_back((pick(4) == 0 ? other : mint_).access_token(changes));
  }
  const auto both = key_set(kExampleIssuer, {mint_.jwk(), other.jwk()});
  const auto ours = key_set(kExampleIssuer, {mint_.jwk()});
  std::vector<PolicyOptions> options(4, example_options());
  options[1].scopes_all = {"3gpp:mc:ptt_service"};
  options[2].identity = McService::Ptt;
  options[3].leeway = Seconds{0};
  options[3].audiences = {"https://other.example", std::string(kExampleAudience)};
  std::array<Verifier*, 3> verifiers{&cold, &verifier_, &crowded};
  std::array<std::vector<VerificationPolicy>, 3> policies;
  for (std::size_t v = 0; v < 3; ++v) {
    for (const PolicyOptions& option : options) policies[v].push_back(*verifiers[v]->make_policy(option));
  }
  for (Verifier* verifier : verifiers) ASSERT_TRUE(verifier->set_keys(ours));
  std::int64_t now = kExampleNow;
  for (int step = 0; step < 4000; ++step) {
    const std::size_t event = pick(100);
    if (event == 0) {
      for (Verifier* verifier : verifiers) ASSERT_TRUE(verifier->set_keys(both));
    } else if (event == 1) {
      for (Verifier* verifier : verifiers) ASSERT_TRUE(verifier->set_keys(ours));
    } else if (event == 2) {
      const auto kind = static_cast<RevocationKind>(1 + pick(3));
      const std::string id = std::string(1, "tsu"[static_cast<std::size_t>(kind) - 1]) + std::to_string(pick(60));
      const Revocation revocation{kind, std::string(kExampleIssuer), id, now - static_cast<std::int64_t>(pick(60)),
                                  now + 100};
      for (Verifier* verifier : verifiers) ASSERT_TRUE(verifier->revocations().apply(revocation, now));
    } else if (event < 9) {
      now += pick(10) == 0 ? -1 : 1;
    }
    Presentation presentation = at(now);
    if (pick(2) == 0) presentation.identity = pick(2) == 0 ? "sip:alice@mcptt.example" : "sip:bob@mcptt.example";
    const std::string& token = tokens[pick(tokens.size())];
    const std::size_t asked = pick(options.size());
    const auto expected = refusal_of(cold.verify(token, policies[0][asked], presentation));
    ASSERT_EQ(refusal_of(verifier_.verify(token, policies[1][asked], presentation)), expected) << step;
    ASSERT_EQ(refusal_of(crowded.verify(token, policies[2][asked], presentation)), expected) << step;
  }
  EXPECT_GT(verifier_.counters().hits, 100u);
  EXPECT_GT(crowded.counters().evictions, 5u);
}

TEST_F(VerifierTest, PoliciesAreChecked) {
  EXPECT_TRUE(verifier_.make_policy({}).failed_with(Code::ConfigMissing));
  PolicyOptions options = example_options();
  options.audiences.clear();
  EXPECT_TRUE(verifier_.make_policy(options).failed_with(Code::ConfigMissing));
  options.any_audience = true;
  EXPECT_TRUE(verifier_.make_policy(options));
  options.leeway = Seconds{31};
  EXPECT_TRUE(verifier_.make_policy(options).failed_with(Code::ConfigValue));
  options.leeway = Seconds{-1};
  EXPECT_TRUE(verifier_.make_policy(options).failed_with(Code::ConfigValue));
  VerifierOptions weak;
  weak.seed.reveal_for_writing()[0] = std::byte{1};
  EXPECT_TRUE(Verifier::create(std::move(weak)).failed_with(Code::KeyWeak));
  VerifierOptions too_large;
  too_large.cached_tokens = kCachedTokensMax + 1;
  EXPECT_TRUE(Verifier::create(std::move(too_large)).failed_with(Code::OutOfRange));
}

TEST_F(VerifierTest, AnyAudienceMeansAny) {
  PolicyOptions options = example_options();
  options.audiences.clear();
  options.any_audience = true;
  EXPECT_EQ(verdict(mint_.access_token({{"aud", json_string("https://x.example")}}), policy(options), at(kExampleNow)),
            std::nullopt);
}

TEST_F(VerifierTest, AKeyInUseAsksForItsTable) {
  EXPECT_FALSE(verifier_.table_wish());
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(
        verifier_.verify(mint_.access_token({{"jti", json_string(std::to_string(i))}}), policy_, at(kExampleNow)));
  }
  const auto wish = verifier_.table_wish();
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->issuer, kExampleIssuer);
  EXPECT_EQ(wish->kid, mint_.kid());
  const auto table = mint_.verify_key().build_table();
  ASSERT_TRUE(table);
  const auto former = key_set(kExampleIssuer, {mint_.jwk()});
  const auto with_table = former->with_table(mint_.kid(), *table);
  ASSERT_TRUE(with_table);
  ASSERT_TRUE(verifier_.set_keys(*with_table));
  EXPECT_FALSE(verifier_.table_wish());
  const std::uint64_t misses = verifier_.counters().misses;
  EXPECT_EQ(verdict(mint_.access_token({{"jti", json_string("0")}})), std::nullopt);
  EXPECT_EQ(verifier_.counters().misses, misses + 1);  // ECDSA signs anew: other bytes, verified with the table
}

}  // namespace
}  // namespace claviger::tokens
