// RFC 9470 at our own API (spec 3.4 "step-up at RS", 4.7 last row), and what access tokens say of the sign-in (RFC 9068
// clause 2.2.1).
#include "broker/tokens/verifier/step_up.h"

#include <gtest/gtest.h>

#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;

struct StepUp : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();

  Reply ask(http::Method method, const Reply& tokens) {
    Sent sent{method, "/idms/v1/alpha/sessions"};
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
    return bed.send(sent);
  }
  void want(std::vector<std::string> acr_values, Seconds max_age) {
    bed.settings().account = {std::move(acr_values), max_age};
    bed.publish();
  }
};

TEST_F(StepUp, AccessTokensSayHowAndWhenTheUserSignedIn) {  // spec row 4: RFC 9068 auth_time, acr, amr
  const std::int64_t now = numeric_date(bed.clock().wall());
  const std::string claims = claims_of(bed.sign_in_for_tokens("app").member("access_token"));
  EXPECT_EQ(member_of(claims, "acr"), "3gpp:acr:password");
  EXPECT_EQ(member_of(claims, "auth_time"), std::to_string(now));
  EXPECT_NE(claims.find(R"("amr":["pwd"])"), std::string::npos);
}

TEST_F(StepUp, ASignInOfLongAgoIsNotEnough) {
  want({}, 100s);
  const Reply tokens = bed.sign_in_for_tokens("app");
  bed.clock().advance(100s);
  EXPECT_EQ(ask(http::Method::Get, tokens).status, 200);
  bed.clock().advance(1s);
  EXPECT_EQ(ask(http::Method::Get, tokens).status, 200);  // looking is free
  const Reply refused = ask(http::Method::Delete, tokens);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(
      refused.header("www-authenticate"),
      "Bearer realm=\"alpha\", error=\"insufficient_user_authentication\", error_description=\"The user must sign "
      "in again, or by another method.\", max_age=\"100\"");
  EXPECT_EQ(ask(http::Method::Get, tokens).status, 200);  // nothing was ended
  EXPECT_EQ(ask(http::Method::Delete, bed.sign_in_for_tokens("app")).status, 204);
}

TEST_F(StepUp, AMethodThatIsTooWeakIsNotEnough) {
  want({"urn:claviger:acr:password-totp", "urn:claviger:acr:x509"}, 0s);
  const Reply refused = ask(http::Method::Delete, bed.sign_in_for_tokens("app"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(
      refused.header("www-authenticate").find("acr_values=\"urn:claviger:acr:password-totp urn:claviger:acr:x509\""),
      std::string::npos);
  want({"3gpp:acr:password"}, 0s);
  EXPECT_EQ(ask(http::Method::Delete, bed.sign_in_for_tokens("app")).status, 204);
}

TEST(AuthenticationRequirement, IsMetOrSaysWhy) {
  using tokens::check_authentication;
  EXPECT_TRUE(check_authentication("", std::nullopt, {}, 1000));
  EXPECT_EQ(check_authentication("", std::nullopt, {{}, 10s}, 1000).error().where, "token.auth_time");
  EXPECT_TRUE(check_authentication("", 990, {{}, 10s}, 1000));
  EXPECT_EQ(check_authentication("", 989, {{}, 10s}, 1000).error().code, Code::AuthenticationTooWeak);
  EXPECT_EQ(check_authentication("", 1000, {{"a"}, 10s}, 1000).error().where, "token.acr");
  EXPECT_EQ(check_authentication("ab", 1000, {{"a", "b"}, 0s}, 1000).error().where, "token.acr");
  EXPECT_TRUE(check_authentication("b", std::nullopt, {{"a", "b"}, 0s}, 1000));
}

TEST(StepUpChallenge, NamesWhatIsWanted) {
  EXPECT_EQ(tokens::step_up_challenge("DPoP", "r", {{"a", "b"}, 60s}),
            "DPoP realm=\"r\", error=\"insufficient_user_authentication\", error_description=\"The user must sign in "
            "again, or by another method.\", acr_values=\"a b\", max_age=\"60\"");
}

}  // namespace
}  // namespace claviger::identity
