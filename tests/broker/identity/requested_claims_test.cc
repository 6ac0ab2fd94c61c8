// The `claims` parameter (OIDC Core clause 5.5): what is read of it, and what a client gets for it.
#include "broker/identity/requested_claims.h"

#include <gtest/gtest.h>

#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

TEST(RequestedClaims, ReadsBothPlaces) {
  const auto requested = read_requested_claims(
      R"({"userinfo":{"name":null,"preferred_username":{"essential":true},"acr":null,"http://example.info/claims/groups":null},
          "id_token":{"name":{"value":"Ann"},"auth_time":{"essential":true},"acr":{"values":["urn:x"]}}})");
  ASSERT_TRUE(requested);
  ClaimSet all = 0;
  for (const RequestedClaim& one : requested->claims) all |= one.claim;
  EXPECT_EQ(all, claim::kUserinfoName | claim::kUserinfoUsername | claim::kUserinfoAcr | claim::kIdTokenName);
  EXPECT_TRUE(requested->acr.empty()) << "a voluntary acr binds nobody";
  EXPECT_TRUE(requested->subject.empty());
}

TEST(RequestedClaims, SubjectAndEssentialAcr) {
  const auto requested = read_requested_claims(
      R"({"id_token":{"sub":{"value":"24"},"acr":{"essential":true,"values":["urn:a","urn:b"]}},"userinfo":{"sub":{"values":["24"]}}})");
  ASSERT_TRUE(requested);
  EXPECT_EQ(requested->subject, "24");
  EXPECT_EQ(requested->acr, (std::vector<std::string>{"urn:a", "urn:b"}));
}

TEST(RequestedClaims, WhatIsNotOfClause55IsMalformed) {
  for (const char* bad :
       {"x", "[]", "1", "null", R"({"id_token":[]})", R"({"id_token":{"name":true}})", R"({"id_token":{"name":"Ann"}})",
        R"({"id_token":{"name":{"essential":"yes"}}})", R"({"id_token":{"name":{"values":"Ann"}}})",
        R"({"id_token":{"name":{"values":[]}}})", R"({"id_token":{"name":{"value":"a","values":["a"]}}})",
        R"({"id_token":{"sub":{"value":1}}})", R"({"id_token":{"sub":{"value":""}}})",
        R"({"id_token":{"sub":{"values":["a","b"]}}})",
        R"({"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}})",
        R"({"id_token":{"acr":{"essential":true,"values":[1]}}})", R"({"id_token":{},"id_token":{}})",
        R"({"id_token":{"name":null,"name":null}})",
        R"({"id_token":{"name":null}} )"
        "\x01"}) {
    EXPECT_TRUE(read_requested_claims(bad).failed_with(Code::ParameterMalformed)) << bad;
  }
  std::string many = R"({"id_token":{"name":{"values":["a")";
  for (std::size_t i = 1; i < kClaimValuesMax; ++i) many += ",\"a\"";
  EXPECT_TRUE(read_requested_claims(many + "]}}}"));
  EXPECT_TRUE(read_requested_claims(many + ",\"a\"]}}}").failed_with(Code::ParameterMalformed));
  const std::string small = R"({"userinfo":{"name":null}})";
  EXPECT_TRUE(read_requested_claims(small + std::string(kClaimsBytesMax - small.size(), ' ')));
  EXPECT_TRUE(read_requested_claims(small + std::string(kClaimsBytesMax - small.size() + 1, ' '))
                  .failed_with(Code::ParameterMalformed));
}

TEST(RequestedClaims, NothingAskedForIsNothing) {
  for (const char* nothing : {"", "{}", R"({"id_token":null,"userinfo":{}})", R"({"verified_claims":{"x":[1]}})"}) {
    const auto requested = read_requested_claims(nothing);
    ASSERT_TRUE(requested) << nothing;
    EXPECT_TRUE(requested->claims.empty());
  }
}

TEST(RequestedClaims, ArePartOfWhatTheClientAndTheUserHave) {
  const auto requested = read_requested_claims(
      R"({"userinfo":{"name":{"values":["Bob","Ann"]},"preferred_username":{"value":"bob"},"amr":null}})");
  ASSERT_TRUE(requested);
  Client client;
  EXPECT_NE(claims_for_client(*requested, client) & claim::kUserinfoName, 0U);
  client.scopes = {"openid"};
  EXPECT_EQ(claims_for_client(*requested, client), claim::kUserinfoAmr) << "no scope profile, no claims of it";
  User ann;
  ann.display_name = "Ann";
  ann.login = "ann";
  EXPECT_EQ(claims_for_user(*requested, ann), claim::kUserinfoName | claim::kUserinfoAmr);
}

struct ClaimsParameter : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();
  std::string client = "app";

  Reply sign_in(std::string_view claims, std::string_view more = {}) {
    return bed.sign_in(authorize_query(client) + "&claims=" + escaped(claims) + std::string(more), "ann",
                       "correct horse");
  }
  Reply refused(std::string_view claims, std::string_view more = {}) {
    return bed.send(
        get("/idms/v1/alpha/authorize?" + authorize_query(client) + "&claims=" + escaped(claims) + std::string(more)));
  }
  Reply tokens(const std::string& code) {
    return bed.send(post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=" + client +
                                                          "&code=" + code + "&redirect_uri=" + escaped(kRedirect) +
                                                          "&code_verifier=" + std::string(kVerifier)));
  }
  Reply userinfo(const Reply& tokens) {
    Sent sent = get("/idms/v1/alpha/userinfo");
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
    return bed.send(sent);
  }
};

TEST_F(ClaimsParameter, GivesSingleClaimsWhereTheyWereAskedFor) {
  const Reply in_token =
      tokens(sign_in(R"({"id_token":{"name":{"essential":true},"preferred_username":null}})").redirected("code"));
  const std::string id_token = claims_of(in_token.member("id_token"));
  EXPECT_EQ(member_of(id_token, "name"), "Ann");
  EXPECT_EQ(member_of(id_token, "preferred_username"), "ann");
  EXPECT_EQ(userinfo(in_token).member("name"), "");
  const Reply at_userinfo =
      tokens(sign_in(R"({"userinfo":{"name":null,"preferred_username":null,"acr":null,"amr":null,"auth_time":null}})")
                 .redirected("code"));
  EXPECT_EQ(member_of(claims_of(at_userinfo.member("id_token")), "name"), "");
  EXPECT_EQ(member_of(claims_of(at_userinfo.member("access_token")), "name"), "");
  const Reply told = userinfo(at_userinfo);
  EXPECT_EQ(told.member("name"), "Ann");
  EXPECT_EQ(told.member("preferred_username"), "ann");
  EXPECT_EQ(told.member("acr"), "3gpp:acr:password");
  EXPECT_NE(told.member("auth_time"), "");
  EXPECT_NE(told.body.find(R"("amr":["pwd"])"), std::string::npos) << told.body;
  // And so it stays for the tokens of a refresh.
  const Reply refreshed =
      bed.send(post_form("/idms/v1/alpha/token", "grant_type=refresh_token&client_id=app&refresh_token=" +
                                                     at_userinfo.member("refresh_token")));
  EXPECT_EQ(userinfo(refreshed).member("name"), "Ann");
}

TEST_F(ClaimsParameter, AnotherValueThanTheWantedIsNotGivenAndNoError) {
  const Reply answer = tokens(sign_in(R"({"id_token":{"name":{"essential":true,"value":"Bob"}}})").redirected("code"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(member_of(claims_of(answer.member("id_token")), "name"), "");
}

TEST_F(ClaimsParameter, AnMcIdentityComesWithItsScopeOnly) {
  const Reply answer = tokens(
      sign_in(R"({"id_token":{"mcptt_id":{"essential":true}},"userinfo":{"mcptt_id":null}})").redirected("code"));
  EXPECT_EQ(member_of(claims_of(answer.member("id_token")), "mcptt_id"), "");
  EXPECT_EQ(userinfo(answer).member("mcptt_id"), "");
}

TEST_F(ClaimsParameter, AClientWithoutTheScopeProfileGetsNoneOfIt) {
  ClientDraft draft;
  draft.client_id = "narrow";
  draft.redirect_uris = {std::string(kRedirect)};
  draft.may_code = true;
  draft.scopes = {"openid"};
  bed.add_client(std::move(draft));
  client = "narrow";
  const Reply answer =
      tokens(sign_in(R"({"id_token":{"name":null},"userinfo":{"name":null,"acr":null}})").redirected("code"));
  EXPECT_EQ(member_of(claims_of(answer.member("id_token")), "name"), "");
  EXPECT_EQ(userinfo(answer).member("name"), "");
  EXPECT_EQ(userinfo(answer).member("acr"), "3gpp:acr:password");
}

TEST_F(ClaimsParameter, WhoConsentsConsentsToThem) {
  ClientDraft draft;
  draft.client_id = "asking";
  draft.redirect_uris = {std::string(kRedirect)};
  draft.may_code = true;
  draft.asks_consent = true;
  bed.add_client(std::move(draft));
  client = "asking";
  const Reply page = sign_in(R"({"userinfo":{"name":null}})");
  ASSERT_EQ(page.status, 200) << page.body;
  EXPECT_NE(page.body.find("<code>profile</code>"), std::string::npos) << page.body;
}

TEST_F(ClaimsParameter, SubWithAValueIsWhoMustSignIn) {  // clause 5.5.1
  EXPECT_EQ(sign_in(R"({"id_token":{"sub":{"value":")" + ann.sub + R"("}}})").redirected("code").size(), 43U);
  EXPECT_EQ(sign_in(R"({"id_token":{"sub":{"value":"somebody else"}}})").redirected("error"), "login_required");
  const Reply other = bed.sign_in_for_tokens("app");
  EXPECT_EQ(refused(R"({"id_token":{"sub":{"value":"somebody else"}}})", "&id_token_hint=" + other.member("id_token"))
                .redirected("error"),
            "login_required");
}

TEST_F(ClaimsParameter, AnEssentialAcrMustBeReached) {  // clause 5.5.1.1
  const Reply reached = tokens(
      sign_in(R"({"id_token":{"acr":{"essential":true,"values":["urn:x","3gpp:acr:password"]}}})").redirected("code"));
  EXPECT_EQ(member_of(claims_of(reached.member("id_token")), "acr"), "3gpp:acr:password");
  EXPECT_EQ(refused(R"({"id_token":{"acr":{"essential":true,"value":"urn:x"}}})").redirected("error"),
            "unmet_authentication_requirements");
  // Not among its acr_values.
  EXPECT_EQ(refused(R"({"id_token":{"acr":{"essential":true,"value":"urn:claviger:acr:password-totp"}}})")
                .redirected("error"),
            "unmet_authentication_requirements");
  EXPECT_EQ(sign_in(R"({"id_token":{"acr":{"value":"urn:x"}}})").redirected("code").size(), 43U)
      << "a voluntary one binds nobody";
}

TEST_F(ClaimsParameter, MalformedIsInvalidRequest) {
  EXPECT_EQ(refused("{").redirected("error"), "invalid_request");
  EXPECT_EQ(refused("{}", "&claims=%7B%7D").redirected("error"), "invalid_request") << "repeated";
  EXPECT_EQ(bed.send(post_form("/idms/v1/alpha/par", authorize_query("app") + "&claims=%5B%5D")).member("error"),
            "invalid_request");
}

TEST_F(ClaimsParameter, GoesWithAPushedRequest) {
  const Reply pushed = bed.send(
      post_form("/idms/v1/alpha/par", authorize_query("app") + "&claims=" + escaped(R"({"id_token":{"name":null}})")));
  const Reply answer =
      bed.sign_in("client_id=app&request_uri=" + escaped(pushed.member("request_uri")), "ann", "correct horse");
  EXPECT_EQ(member_of(claims_of(tokens(answer.redirected("code")).member("id_token")), "name"), "Ann");
}

}  // namespace
}  // namespace claviger::identity
