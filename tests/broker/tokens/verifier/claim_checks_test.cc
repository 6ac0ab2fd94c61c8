#include "broker/tokens/verifier/claim_checks.h"

#include <gtest/gtest.h>

#include "core/codec/json_reader.h"

namespace claviger::tokens {
namespace {

// What Verifier asks of access tokens is tested with it; here, what those ask who check another JWT's claims.
class ClaimChecks : public ::testing::Test {
 protected:
  const Claims& claims(std::string_view json) {
    EXPECT_TRUE(claims_.read(*reader_.parse(json), json));
    return claims_;
  }

  codec::JsonReader reader_;
  Claims claims_;
};

TEST_F(ClaimChecks, IssuerIsExact) {
  EXPECT_TRUE(check_issuer(claims(R"({"iss":"https://a.example"})"), "https://a.example"));
  EXPECT_TRUE(
      check_issuer(claims(R"({"iss":"https://a.example/"})"), "https://a.example").failed_with(Code::TokenIssuer));
  EXPECT_TRUE(check_issuer(claims("{}"), "").failed_with(Code::TokenIssuer));
}

TEST_F(ClaimChecks, OneAcceptedAudienceIsEnough) {
  const std::vector<std::string> accepted{"a", "b"};
  EXPECT_TRUE(check_audience(claims(R"({"aud":["x","b"]})"), accepted));
  EXPECT_TRUE(check_audience(claims(R"({"aud":["x","bb"]})"), accepted).failed_with(Code::TokenAudience));
  EXPECT_TRUE(check_audience(claims(R"({"aud":"a"})"), {}).failed_with(Code::TokenAudience));
  EXPECT_TRUE(check_audience(claims("{}"), accepted).failed_with(Code::TokenAudience));
}

TEST_F(ClaimChecks, TimesAreAskedToTheSecond) {
  const std::string_view json = R"({"exp":1000,"nbf":500,"iat":400})";
  EXPECT_TRUE(check_times(claims(json), 999, 0));
  EXPECT_TRUE(check_times(claims(json), 1000, 0).failed_with(Code::TokenExpired));
  EXPECT_TRUE(check_times(claims(json), 1029, 30));
  EXPECT_TRUE(check_times(claims(json), 1030, 30).failed_with(Code::TokenExpired));
  EXPECT_TRUE(check_times(claims(json), 500, 0));
  EXPECT_TRUE(check_times(claims(json), 499, 0).failed_with(Code::TokenNotYetValid));
  EXPECT_TRUE(check_times(claims(json), 470, 30));
  EXPECT_TRUE(check_times(claims(R"({"exp":1000,"iat":400})"), 399, 0).failed_with(Code::TokenIssuedInFuture));
  EXPECT_TRUE(check_times(claims(R"({"exp":1000})"), 5, 0));
  EXPECT_TRUE(check_times(claims(R"({"nbf":1})"), 5, 0).failed_with(Code::TokenClaims));
}

TEST_F(ClaimChecks, AnAccessTokenHasItsMembers) {
  EXPECT_TRUE(check_access_token_form(claims(R"({"sub":"s","client_id":"c","scope":"x","jti":"j","iat":1})")));
  EXPECT_TRUE(check_access_token_form(claims(R"({"client_id":"c","scope":"x","jti":"j","iat":1})"))
                  .failed_with(Code::TokenSubject));
  for (const char* lacking :
       {R"({"sub":"s","scope":"x","jti":"j","iat":1})", R"({"sub":"s","client_id":"c","jti":"j","iat":1})",
        R"({"sub":"s","client_id":"c","scope":"x","iat":1})", R"({"sub":"s","client_id":"c","scope":"x","jti":"j"})",
        R"({"sub":"s","client_id":"","scope":"x","jti":"j","iat":1})"}) {
    EXPECT_TRUE(check_access_token_form(claims(lacking)).failed_with(Code::TokenClaims)) << lacking;
  }
}

TEST_F(ClaimChecks, ScopesAllAndAny) {
  const std::vector<std::string> none;
  const std::vector<std::string> one{"a"};
  const std::vector<std::string> two{"a", "b"};
  claims(R"({"scope":"b c"})");
  EXPECT_TRUE(check_scopes(claims_, none, none));
  EXPECT_TRUE(check_scopes(claims_, none, two));
  EXPECT_TRUE(check_scopes(claims_, two, none).failed_with(Code::TokenScope));
  EXPECT_TRUE(check_scopes(claims_, none, one).failed_with(Code::TokenScope));
}

TEST_F(ClaimChecks, IdentityPerService) {
  claims(R"({"mcptt_id":"sip:a@x","mcdata_id":"sip:b@x"})");
  EXPECT_TRUE(check_identity(claims_, McService::None, "sip:z@x"));
  EXPECT_TRUE(check_identity(claims_, McService::Ptt, ""));
  EXPECT_TRUE(check_identity(claims_, McService::Ptt, "sip:a@x"));
  EXPECT_TRUE(check_identity(claims_, McService::Ptt, "sip:A@x").failed_with(Code::TokenIdentity));
  EXPECT_TRUE(check_identity(claims_, McService::Data, "sip:a@x").failed_with(Code::TokenIdentity));
  EXPECT_TRUE(check_identity(claims_, McService::Video, "").failed_with(Code::TokenIdentity));
}

TEST_F(ClaimChecks, BindingByBothNeedsBoth) {
  const std::string zeros(43, 'A');
  claims("{\"cnf\":{\"x5t#S256\":\"" + zeros + "\",\"jkt\":\"" + zeros + "\"}}");
  const Confirmation::Thumbprint thumbprint{};
  Presentation presentation;
  presentation.certificate = &thumbprint;
  EXPECT_TRUE(check_binding(claims_, presentation, false).failed_with(Code::TokenBinding));
  presentation.key = &thumbprint;
  EXPECT_TRUE(check_binding(claims_, presentation, false));
  presentation.certificate = nullptr;
  EXPECT_TRUE(check_binding(claims_, presentation, false).failed_with(Code::TokenBinding));
}

}  // namespace
}  // namespace claviger::tokens
