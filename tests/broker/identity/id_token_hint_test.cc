// OIDC Core clause 3.1.2.1: id_token_hint at the authorization endpoint. Spec 1.4, 4.3; attack list row 22.
#include "broker/identity/id_token_hint.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;

struct IdTokenHint : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  User bob = bed.add_user("bob", "pw");
  Client app = bed.add_public_client();
  std::map<std::string, std::string> jar;

  Reply send(Sent sent) {
    std::string cookies;
    for (const auto& [name, value] : jar) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty()) sent.fields.emplace_back(http::Field::Cookie, cookies);
    const Reply reply = bed.send(sent);
    for (const auto& [name, value] : reply.headers) {
      if (name != "set-cookie") continue;
      const std::size_t equals = value.find('=');
      jar[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
    }
    return reply;
  }
  Reply authorize(const std::string& extra, std::string_view client = "app") {
    return send(get("/idms/v1/alpha/authorize?" + authorize_query(client) + extra));
  }
  Reply sign_in(const std::string& extra, std::string_view login, std::string_view password,
                std::string_view client = "app") {
    const Reply page = authorize(extra, client);
    if (page.status != 200) return page;
    return send(post_form("/idms/v1/alpha/sign-in", "interaction=" + hidden_interaction(page.body) + "&username=" +
                                                        std::string(login) + "&password=" + escaped(password)));
  }
  std::string hint_of(const Reply& tokens) { return "&id_token_hint=" + tokens.member("id_token"); }
};

TEST_F(IdTokenHint, LetsTheNamedUserIn) {
  const std::string hint = hint_of(bed.sign_in_for_tokens("app"));
  EXPECT_EQ(sign_in(hint, "ann", "correct horse").redirected("code").size(), 43U);
}

TEST_F(IdTokenHint, AnotherUserIsLoginRequired) {
  const std::string hint = hint_of(bed.sign_in_for_tokens("app"));
  const Reply refused = sign_in(hint, "bob", "pw");
  EXPECT_EQ(refused.status, 302);
  EXPECT_EQ(refused.redirected("error"), "login_required");
  EXPECT_EQ(refused.redirected("code"), "");
  EXPECT_EQ(refused.redirected("iss"), kIssuer);
}

TEST_F(IdTokenHint, WithPromptNoneOnlyHisOwnSessionCounts) {
  const std::string hint = hint_of(bed.sign_in_for_tokens("app"));
  sign_in("", "bob", "pw");  // bob is signed in in this browser now
  EXPECT_EQ(authorize("&prompt=none").redirected("code").size(), 43U);
  EXPECT_EQ(authorize("&prompt=none" + hint).redirected("error"), "login_required");
  // Without prompt=none the named user is asked, not passed over.
  EXPECT_NE(authorize(hint).body.find("name=\"password\""), std::string::npos);
  sign_in("&prompt=login", "ann", "correct horse");
  EXPECT_EQ(authorize("&prompt=none" + hint).redirected("code").size(), 43U);
}

TEST_F(IdTokenHint, AnExpiredOneIsAsGood) {
  const std::string hint = hint_of(bed.sign_in_for_tokens("app"));
  bed.clock().advance(2h);
  EXPECT_EQ(sign_in(hint, "ann", "correct horse").redirected("code").size(), 43U);
}

TEST_F(IdTokenHint, WhatIsNoIdTokenOfOursForThisClientIsInvalidRequest) {
  const Reply tokens = bed.sign_in_for_tokens("app");
  ClientDraft other;
  other.client_id = "other";
  other.redirect_uris = {std::string(kRedirect)};
  other.may_code = true;
  bed.add_client(std::move(other));
  const std::string id_token = tokens.member("id_token");
  std::string forged = id_token;
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(authorize("&id_token_hint=" + forged).redirected("error"), "invalid_request");
  EXPECT_EQ(authorize("&id_token_hint=x").redirected("error"), "invalid_request");
  // Row 22: an access token is no ID token.
  EXPECT_EQ(authorize("&id_token_hint=" + tokens.member("access_token")).redirected("error"), "invalid_request");
  EXPECT_EQ(authorize("&id_token_hint=" + id_token, "other").redirected("error"), "invalid_request");
  EXPECT_EQ(authorize("&id_token_hint=" + id_token + "&id_token_hint=" + id_token).redirected("error"),
            "invalid_request");
}

TEST_F(IdTokenHint, OfAClientWithPairwiseSubjectsNamesHimAsItKnowsHim) {
  ClientDraft draft;
  draft.client_id = "portal";
  draft.redirect_uris = {std::string(kRedirect)};
  draft.may_code = true;
  draft.has_pairwise_subject = true;
  bed.add_client(std::move(draft));
  const std::string hint = hint_of(bed.sign_in_for_tokens("portal"));
  EXPECT_EQ(sign_in(hint, "ann", "correct horse", "portal").redirected("code").size(), 43U);
  jar.clear();
  EXPECT_EQ(sign_in(hint, "bob", "pw", "portal").redirected("error"), "login_required");
}

}  // namespace
}  // namespace claviger::identity
