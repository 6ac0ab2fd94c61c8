// `resource` (RFC 8707) in every request that may have it: what the access token is for then, and what is refused.
#include "broker/identity/resource_indicators.h"

#include <gtest/gtest.h>

#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kToken = "/idms/v1/alpha/token";

std::string server(std::string_view name) { return std::string(kIssuer).append("/servers/") + std::string(name); }
std::string wanting(const std::vector<std::string>& names) {
  std::string parameters;
  for (const std::string& name : names) parameters += "&resource=" + escaped(server(name));
  return parameters;
}

struct ResourceIndicators : ::testing::Test {
  static constexpr std::string_view kScope = "openid 3gpp:mc:ptt_service 3gpp:mc:ptt_key_management_service";
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();

  Reply post(const std::string& body) { return bed.send(post_form(std::string(kToken), body)); }
  std::string fresh_code(const std::vector<std::string>& bound, std::string_view scope = kScope) {
    const Reply reply = bed.sign_in(authorize_query("app", scope) + wanting(bound), "ann", "correct horse");
    return reply.redirected("code");
  }
  Reply redeem(const std::string& code, const std::string& extra = {}) {
    return post("grant_type=authorization_code&client_id=app&code=" + code + "&redirect_uri=" + escaped(kRedirect) +
                "&code_verifier=" + std::string(kVerifier) + extra);
  }
  Reply refresh(const Reply& tokens, const std::string& extra = {}) {
    return post("grant_type=refresh_token&client_id=app&refresh_token=" + tokens.member("refresh_token") + extra);
  }
  static std::string audience_of(const Reply& reply) {
    EXPECT_EQ(reply.status, 200) << reply.body;
    const std::string claims = claims_of(reply.member("access_token"));
    const std::size_t at = claims.find("\"aud\":") + 6;
    return claims.substr(at, claims.find(",\"client_id\"") - at);
  }
  static std::string one(std::string_view name) { return '"' + server(name) + '"'; }
  static void expect_refused(const Reply& reply) {
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.member("error"), "invalid_target") << reply.body;
  }
};

TEST_F(ResourceIndicators, OfTheAuthorizationRequestBindAllThatComesOfIt) {
  const Reply tokens = redeem(fresh_code({"kms"}));
  EXPECT_EQ(audience_of(tokens), one("kms"));
  EXPECT_EQ(tokens.member("scope"), "openid 3gpp:mc:ptt_key_management_service");
  const Reply next = refresh(tokens);
  EXPECT_EQ(audience_of(next), one("kms"));
  // What was not asked for there is not had later.
  expect_refused(refresh(next, wanting({"mcptt"})));
  EXPECT_EQ(audience_of(refresh(next, wanting({"kms"}))), one("kms"));
}

TEST_F(ResourceIndicators, SeveralAreAllMeantAndOneOfThemCanBeChosen) {
  const std::string code = fresh_code({"kms", "mcptt", "kms"});
  const Reply tokens = redeem(code);
  EXPECT_EQ(audience_of(tokens), '[' + one("mcptt") + ',' + one("kms") + ']');
  EXPECT_EQ(tokens.member("scope"), kScope);
  const Reply chosen = refresh(tokens, wanting({"mcptt"}));
  EXPECT_EQ(audience_of(chosen), one("mcptt"));
  EXPECT_EQ(chosen.member("scope"), "openid 3gpp:mc:ptt_service");
  EXPECT_EQ(member_of(claims_of(chosen.member("access_token")), "mcptt_id"), ann.mcptt_id);
  // That one token was narrowed, not the grant.
  EXPECT_EQ(audience_of(refresh(chosen)), '[' + one("mcptt") + ',' + one("kms") + ']');
}

TEST_F(ResourceIndicators, OfTheTokenRequestNarrowsThatToken) {
  const std::string code = fresh_code({});
  const Reply tokens = redeem(code, wanting({"mcptt"}));
  EXPECT_EQ(audience_of(tokens), one("mcptt"));
  const Reply both = refresh(tokens, wanting({"kms", "mcptt"}));
  EXPECT_EQ(audience_of(both), '[' + one("kms") + ',' + one("mcptt") + ']');
  EXPECT_EQ(audience_of(refresh(both)), '[' + one("mcptt") + ',' + one("kms") + ']');
}

TEST_F(ResourceIndicators, BeyondTheCodeSpendNothing) {
  const std::string code = fresh_code({"kms"});
  expect_refused(redeem(code, wanting({"mcptt"})));
  expect_refused(redeem(code, wanting({"kms", "mcptt"})));
  EXPECT_EQ(audience_of(redeem(code)), one("kms"));
}

TEST_F(ResourceIndicators, NarrowedToScopesThatLeadNowhereATokenIsForTheDefaultServer) {
  const Reply tokens = redeem(fresh_code({"kms"}));
  const Reply next = refresh(tokens, "&scope=openid");
  EXPECT_EQ(audience_of(next), one("default"));
  EXPECT_EQ(next.member("scope"), "openid");
  const Reply by_name = refresh(next, wanting({"default"}));
  EXPECT_EQ(audience_of(by_name), one("default"));
  EXPECT_EQ(by_name.member("scope"), "openid");
}

TEST_F(ResourceIndicators, ToNoServerThatTheScopesOpenAreRefusedAtOnce) {
  for (const std::string& resource :
       {server("mcdata"), std::string("https://elsewhere.example"), std::string("kms"), server("kms") + "#part"}) {
    const Reply reply = bed.send(get("/idms/v1/alpha/authorize?" + authorize_query("app", kScope) + wanting({"kms"}) +
                                     "&resource=" + escaped(resource)));
    EXPECT_EQ(reply.redirected("error"), "invalid_target") << resource;
  }
  std::vector<std::string> many;
  for (std::size_t i = 0; i <= kResourcesMax; ++i) many.push_back("s" + std::to_string(i));
  const Reply reply = bed.send(get("/idms/v1/alpha/authorize?" + authorize_query("app", kScope) + wanting(many)));
  EXPECT_EQ(reply.redirected("error"), "invalid_target");
}

// Ann has no MCVideo: who she is shows when she signs in.
TEST_F(ResourceIndicators, ThatNoScopeOfTheUsersOpensAreRefusedWhenHeIsKnown) {
  const std::string scope = std::string(kScope).append(" 3gpp:mc:video_service");
  const Reply refused = bed.sign_in(authorize_query("app", scope) + wanting({"mcvideo"}), "ann", "correct horse");
  EXPECT_EQ(refused.redirected("error"), "invalid_scope");
  EXPECT_EQ(audience_of(redeem(fresh_code({"mcvideo", "kms"}, scope))), one("kms"));
}

TEST_F(ResourceIndicators, ArePushedLikeAllElse) {
  const Reply pushed =
      bed.send(post_form("/idms/v1/alpha/par", authorize_query("app", kScope) + wanting({"kms", "mcptt"})));
  ASSERT_EQ(pushed.status, 201) << pushed.body;
  const std::string query = "client_id=app&request_uri=" + escaped(pushed.member("request_uri"));
  const std::string code = bed.sign_in(query, "ann", "correct horse").redirected("code");
  EXPECT_EQ(audience_of(redeem(code)), '[' + one("mcptt") + ',' + one("kms") + ']');
  expect_refused(bed.send(post_form("/idms/v1/alpha/par", authorize_query("app", kScope) + wanting({"mcdata"}))));
}

TEST_F(ResourceIndicators, OfAService) {
  ClientDraft draft;
  draft.client_id = "service";
  draft.authentication = ClientAuthentication::SecretBasic;
  draft.may_client_credentials = true;
  draft.scopes = {"3gpp:mc:ptt_service", "3gpp:mc:data_service", "of-its-own"};
  const CreatedClient service = bed.add_client(std::move(draft));
  const auto ask = [&](const std::string& extra) {
    return bed.send(with_basic(post_form(std::string(kToken), "grant_type=client_credentials" + extra), "service",
                               as_text(service.secret.reveal())));
  };
  const Reply data = ask(wanting({"mcdata"}));
  EXPECT_EQ(audience_of(data), one("mcdata"));
  EXPECT_EQ(data.member("scope"), "3gpp:mc:data_service of-its-own");
  EXPECT_EQ(audience_of(ask(wanting({"mcdata", "mcptt"}))), '[' + one("mcdata") + ',' + one("mcptt") + ']');
  const Reply by_default = ask(wanting({"default"}));
  EXPECT_EQ(audience_of(by_default), one("default"));
  EXPECT_EQ(by_default.member("scope"), "of-its-own");
  expect_refused(ask(wanting({"mcdata", "mcvideo"})));
  expect_refused(ask(wanting({"default"}) + "&scope=" + escaped("3gpp:mc:data_service")));
  EXPECT_EQ(ask("&scope=of-its-own&scope=of-its-own").member("error"), "invalid_request");
}

TEST_F(ResourceIndicators, OnlyTheyComeSeveralTimes) {
  EXPECT_EQ(redeem(fresh_code({}), "&audience=a&audience=b").member("error"), "invalid_request");
  EXPECT_EQ(redeem(fresh_code({}), "&resource=&resource=").status, 200);
}

}  // namespace
}  // namespace claviger::identity
