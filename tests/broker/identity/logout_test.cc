// Spec 4.6: RP-initiated logout, row by row; what is put into the outbox for each kind of sign-off (spec 3.3); a user's own
// sessions by API.
#include <gtest/gtest.h>

#include "broker/identity/backchannel_rows.h"
#include "broker/identity/client_draft.h"
#include "broker/identity/logout_token.h"
#include "broker/identity/session_procedures.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/ue_procedures.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;

constexpr std::string_view kAfter = "https://app.example/bye";

std::string cookies_of(const Reply& reply) {
  std::string cookies;
  for (const auto& [name, value] : reply.headers) {
    if (name != "set-cookie") continue;
    if (!cookies.empty()) cookies += "; ";
    cookies += value.substr(0, value.find(';'));
  }
  return cookies;
}
Sent with_bearer(Sent sent, const Reply& tokens) {
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
  return sent;
}
Sent with_cookies(Sent sent, const std::string& cookies) {
  sent.fields.emplace_back(http::Field::Cookie, cookies);
  return sent;
}
std::string sid_of(const Reply& tokens) { return member_of(claims_of(tokens.member("access_token")), "sid"); }

runtime::Task<Result<std::string>> logout_token_of(broker::Context* context) {
  const LogoutClaims claims{"app", "u", "s", "j"};
  CLAVIGER_CO_TRY(unsigned_token, make_logout_token(*context, *context->snapshot->find("alpha"), claims));
  auto token = co_await tokens::sign(context, std::move(unsigned_token));
  co_return token;
}

struct Logouts : ::testing::Test {
  Testbed bed;
  User ann, bob;
  std::string cookies;  // of the browser

  void SetUp() override {
    ann = bed.add_user("ann", "pw");
    bob = bed.add_user("bob", "pw");
    for (const std::string id : {"app", "other"}) {
      ClientDraft draft;
      draft.client_id = id;
      draft.redirect_uris = {std::string(kRedirect)};
      draft.may_code = true;
      draft.post_logout_redirect_uris = {std::string(kAfter)};
      bed.add_client(draft);
    }
  }
  Reply tokens_of(std::string_view login = "ann") {
    Sent asked = get("/idms/v1/alpha/authorize?" + authorize_query("app"));
    if (!cookies.empty()) asked = with_cookies(std::move(asked), cookies);
    const Reply page = bed.send(asked);
    cookies = cookies_of(page);
    const Reply signed_in = bed.send(with_cookies(
        post_form("/idms/v1/alpha/sign-in",
                  "interaction=" + hidden_interaction(page.body) + "&username=" + std::string(login) + "&password=pw"),
        cookies));
    return bed.send(post_form("/idms/v1/alpha/token",
                              "grant_type=authorization_code&client_id=app&code=" + signed_in.redirected("code") +
                                  "&redirect_uri=" + escaped(kRedirect) + "&code_verifier=" + std::string(kVerifier)));
  }
  bool lives(const Reply& tokens) {
    return bed.send(with_bearer(get("/idms/v1/alpha/userinfo"), tokens)).status == 200;
  }
  Reply logout(const std::string& query) { return bed.send(get("/idms/v1/alpha/logout?" + query)); }
  std::vector<std::string> outbox() {
    auto rows = bed.wait(bed.store().range(tables::kOutbox, "", "\xff", 100));
    EXPECT_TRUE(rows.has_value());
    std::vector<std::string> ids;
    for (const storage::Record& row : *rows) ids.push_back(row.key.substr(8));
    return ids;
  }
  std::string ue_id() {
    const std::size_t at = cookies.find(kUeCookie);
    return ue_id_of_cookie("alpha", cookies.substr(at + kUeCookie.size() + 1, kUeCookieBytes));
  }
};

TEST_F(Logouts, AHintEndsItsSessionAndReturns) {
  const Reply tokens = tokens_of();
  const Reply reply = logout("id_token_hint=" + tokens.member("id_token") +
                             "&post_logout_redirect_uri=" + escaped(kAfter) + "&state=s%26t");
  ASSERT_EQ(reply.status, 302) << reply.body;
  EXPECT_TRUE(reply.header("location").starts_with(kAfter));
  EXPECT_EQ(reply.redirected("state"), "s&t");
  EXPECT_FALSE(lives(tokens));
  EXPECT_EQ(bed.wait(find_session(bed.context(), "alpha", sid_of(tokens)))->state, SessionState::SignedOff);
  EXPECT_EQ(outbox(), (std::vector<std::string>{"e." + sid_of(tokens)}));
  // Again: nothing is left to end, the browser returns all the same.
  EXPECT_EQ(logout("id_token_hint=" + tokens.member("id_token")).status, 200);
  EXPECT_EQ(outbox().size(), 1U);
}

TEST_F(Logouts, AnExpiredHintIsAsGood) {
  const Reply tokens = tokens_of();
  bed.clock().advance(Seconds(3600));
  EXPECT_EQ(logout("id_token_hint=" + tokens.member("id_token")).status, 200);
  EXPECT_EQ(bed.wait(find_session(bed.context(), "alpha", sid_of(tokens)))->state, SessionState::SignedOff);
}

TEST_F(Logouts, WithoutAValidHintTheUserIsAsked) {
  const Reply tokens = tokens_of();
  std::string forged = tokens.member("id_token");
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  for (const std::string& query : {std::string("client_id=app"), std::string(), "id_token_hint=" + forged,
                                   "id_token_hint=" + tokens.member("access_token")}) {
    const Reply page = logout(query);
    EXPECT_EQ(page.status, 200) << query;
    EXPECT_NE(page.body.find("name=\"interaction\""), std::string::npos) << query;
    EXPECT_NE(page.header("content-security-policy").find("frame-ancestors 'none'"), std::string::npos);
  }
  EXPECT_TRUE(lives(tokens));
}

TEST_F(Logouts, TheConfirmationSignsTheDeviceOff) {
  const Reply first = tokens_of("ann");
  const Reply second = tokens_of("bob");
  const Reply page = bed.send(with_cookies(
      get("/idms/v1/alpha/logout?client_id=app&state=x&post_logout_redirect_uri=" + escaped(kAfter)), cookies));
  const std::string sealed = hidden_interaction(page.body);
  const auto answer = [&](const std::string& action, const std::string& with) {
    return bed.send(
        with_cookies(post_form("/idms/v1/alpha/logout", "interaction=" + sealed + "&action=" + action), with));
  };
  // Another site's form comes without our cookie, or with another browser's.
  EXPECT_EQ(answer("sign-off", "a=b").status, 400);
  EXPECT_EQ(answer("sign-off", "__Host-claviger-interaction=" + std::string(43, 'A')).status, 400);
  EXPECT_EQ(answer("cancel", cookies).status, 200);
  EXPECT_TRUE(lives(first) && lives(second));
  const Reply done = answer("sign-off", cookies);
  ASSERT_EQ(done.status, 302) << done.body;
  EXPECT_EQ(done.redirected("state"), "x");
  EXPECT_FALSE(lives(first) || lives(second));
  EXPECT_EQ(outbox().size(), 2U);
}

TEST_F(Logouts, ASignInsInteractionSignsNobodyOff) {
  const Reply tokens = tokens_of();
  const Reply page = bed.send(with_cookies(get("/idms/v1/alpha/authorize?" + authorize_query("app")), cookies));
  const Reply reply = bed.send(with_cookies(
      post_form("/idms/v1/alpha/logout", "interaction=" + hidden_interaction(page.body) + "&action=sign-off"),
      cookies));
  EXPECT_EQ(reply.status, 400);
  const Reply asked = bed.send(with_cookies(get("/idms/v1/alpha/logout"), cookies));
  const Reply crossed =
      bed.send(with_cookies(post_form("/idms/v1/alpha/sign-in",
                                      "interaction=" + hidden_interaction(asked.body) + "&username=ann&password=pw"),
                            cookies));
  EXPECT_EQ(crossed.status, 400);
  EXPECT_TRUE(lives(tokens));
}

TEST_F(Logouts, OfAGatewayNobodyIsSignedOffUnnamed) {
  const Reply tokens = tokens_of();
  UeChange members;
  members.ue_class = UeClass::Gateway;
  ASSERT_TRUE(bed.wait(create_ue(bed.context(), "alpha", ue_id(), members)));
  const Reply page = bed.send(with_cookies(get("/idms/v1/alpha/logout"), cookies));
  const Reply reply = bed.send(with_cookies(
      post_form("/idms/v1/alpha/logout", "interaction=" + hidden_interaction(page.body) + "&action=sign-off"),
      cookies));
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(lives(tokens));
}

TEST_F(Logouts, ABadRedirectIsAPage) {
  const Reply tokens = tokens_of();
  const std::string hint = "id_token_hint=" + tokens.member("id_token");
  for (const std::string& query :
       {hint + "&post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F",
        hint + "&post_logout_redirect_uri=" + escaped(std::string(kAfter) + "/"), hint + "&client_id=other",
        "post_logout_redirect_uri=" + escaped(kAfter), std::string("client_id=nobody"), hint + "&state=1&state=2",
        hint + "&state=" + std::string(2049, 'a')}) {
    const Reply reply = logout(query);
    EXPECT_EQ(reply.status, 400) << query;
    EXPECT_TRUE(reply.header("location").empty());
  }
  EXPECT_TRUE(lives(tokens));
  EXPECT_TRUE(outbox().empty());
}

TEST_F(Logouts, EveryKindOfSignOffIsTold) {
  const Reply revoked = tokens_of();
  bed.send(post_form("/idms/v1/alpha/revoke", "client_id=app&token=" + revoked.member("refresh_token")));
  ASSERT_TRUE(bed.wait(end_session(bed.context(), "alpha", sid_of(revoked), SessionState::Revoked)));
  const std::size_t before = outbox().size();
  EXPECT_EQ(before, 1U);
  UeChange members;
  members.ue_class = UeClass::Shareable;
  ASSERT_TRUE(bed.wait(create_ue(bed.context(), "alpha", ue_id(), members)));
  tokens_of("ann");
  tokens_of("bob");  // takes over
  EXPECT_EQ(outbox().size(), 2U);
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", bob.sub)));
  EXPECT_EQ(outbox().size(), 3U);
  ASSERT_TRUE(bed.wait(enable_user(bed.context(), "alpha", bob.sub)));
  bed.clock().advance(Seconds(2));
  tokens_of("bob");
  ASSERT_TRUE(bed.wait(remove_user(bed.context(), "alpha", bob.sub)));
  EXPECT_EQ(outbox().size(), 4U);
  tokens_of("ann");
  UeChange lost;
  lost.is_lost = true;
  ASSERT_TRUE(bed.wait(change_ue(bed.context(), "alpha", ue_id(), lost)));
  EXPECT_EQ(outbox().size(), 5U);
}

TEST_F(Logouts, RowsComeBackAsTheyWere) {
  storage::OutboxRow row;
  row.id = "e.s";
  row.payload = std::string("alpha\0s\0u\0c", 11);
  const auto ended = read_ended_session(row);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->tenant + ended->sid + ended->sub + ended->client_id, "alphasuc");
  for (const std::string& payload : {std::string(), std::string("a\0b\0c", 5), std::string("a\0b\0c\0d\0e", 9)}) {
    row.payload = payload;
    EXPECT_TRUE(read_ended_session(row).failed_with(Code::Corrupt));
  }
}

TEST_F(Logouts, TheLogoutTokenHasWhatItMustAndNoMore) {
  const auto made = bed.wait(logout_token_of(bed.context()));
  ASSERT_TRUE(made);
  const std::string token = *made;
  const std::string json = claims_of(token);
  EXPECT_EQ(member_of(json, "iss"), kIssuer);
  EXPECT_EQ(member_of(json, "aud"), "app");
  EXPECT_EQ(member_of(json, "sub") + member_of(json, "sid") + member_of(json, "jti"), "usj");
  EXPECT_NE(json.find("\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"), std::string::npos)
      << json;
  EXPECT_EQ(json.find("nonce"), std::string::npos);
}

TEST(LogoutUri, IsHttpsOrLoopback) {
  for (const std::string_view good : {"https://mc.example/logout", "http://127.0.0.1:8080/x", "http://[::1]/x"}) {
    EXPECT_TRUE(check_logout_uri(good)) << good;
  }
  for (const std::string_view bad : {"", "x", "http://mc.example/x", "ftp://mc.example/x", "https://u:p@mc.example/",
                                     "https://mc.example/#f", "http://localhost/x"}) {
    EXPECT_TRUE(check_logout_uri(bad).failed_with(Code::ClientMetadata)) << bad;
  }
}

// --- a user's own sessions

TEST_F(Logouts, AUserSeesAndEndsHisOwnSessions) {
  const Reply first = tokens_of();
  const Reply second = tokens_of();
  const Reply of_bob = tokens_of("bob");
  const Reply list = bed.send(with_bearer(get("/idms/v1/alpha/sessions"), first));
  ASSERT_EQ(list.status, 200) << list.body;
  EXPECT_NE(list.body.find(sid_of(first)), std::string::npos);
  EXPECT_NE(list.body.find(sid_of(second)), std::string::npos);
  EXPECT_EQ(list.body.find(sid_of(of_bob)), std::string::npos);
  const auto erase = [&](const std::string& path, const Reply& tokens) {
    Sent sent = with_bearer(get("/idms/v1/alpha/sessions" + path), tokens);
    sent.method = http::Method::Delete;
    return bed.send(sent).status;
  };
  EXPECT_EQ(erase("/" + sid_of(of_bob), first), 404);
  EXPECT_EQ(erase("/nothing", first), 404);
  EXPECT_TRUE(lives(of_bob));
  EXPECT_EQ(erase("/" + sid_of(second), first), 204);
  EXPECT_FALSE(lives(second));
  EXPECT_EQ(erase("/" + sid_of(first), second), 401);
  EXPECT_TRUE(lives(first));
  EXPECT_EQ(erase("", first), 204);
  EXPECT_FALSE(lives(first));
  EXPECT_TRUE(lives(of_bob));
  EXPECT_EQ(bed.send(get("/idms/v1/alpha/sessions")).status, 401);
}

TEST_F(Logouts, HeadOfTheOwnSessionsLooksAndEndsNone) {
  const Reply tokens = tokens_of();
  Sent sent = with_bearer(get("/idms/v1/alpha/sessions"), tokens);
  sent.method = http::Method::Head;
  EXPECT_EQ(bed.send(sent).status, 200);
  EXPECT_TRUE(lives(tokens));
}

// --- races between shards

TEST(LogoutShards, RacingSignInsOnAShareableUeLeaveOneSession) {
  constexpr std::size_t kShards = 3;
  ManyShards bed(kShards);
  for (const std::string login : {"ann", "bob"}) {
    ASSERT_TRUE(bed.wait_on(1, [&bed, login] {
      UserDraft draft;
      draft.login = login;
      draft.password = SecretBytes(as_bytes(std::string_view("pw-of-theirs")));
      return create_user(bed.context(1), "alpha", std::move(draft));
    }));
  }
  ASSERT_TRUE(bed.wait_on(2, [&bed] {
    ClientDraft draft;
    draft.client_id = "app";
    draft.redirect_uris = {std::string(kRedirect)};
    draft.may_code = true;
    return create_client(bed.context(2), "alpha", std::move(draft));
  }));
  const std::string cookie = *make_ue_cookie();
  const std::string ue = ue_id_of_cookie("alpha", cookie);
  ASSERT_TRUE(bed.wait_on(0, [&bed, ue] {
    UeChange members;
    members.ue_class = UeClass::Shareable;
    return create_ue(bed.context(0), "alpha", ue, members);
  }));
  const auto code_of = [&](const std::string& login, std::size_t shard) {
    const Reply page = bed.send(shard, with_cookies(get("/idms/v1/alpha/authorize?" + authorize_query("app")),
                                                    std::string(kUeCookie) + "=" + cookie));
    return bed
        .send((shard + 1) % kShards,
              with_cookies(post_form("/idms/v1/alpha/sign-in", "interaction=" + hidden_interaction(page.body) +
                                                                   "&username=" + login + "&password=pw-of-theirs"),
                           cookies_of(page)))
        .redirected("code");
  };
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> codes;
    for (std::size_t i = 0; i < 2 * kShards; ++i) codes.push_back(code_of(i % 2 == 0 ? "ann" : "bob", i % kShards));
    std::vector<std::future<Reply>> answers;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      answers.push_back(bed.begin_send(
          i % kShards, post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=app&code=" +
                                                             codes[i] + "&redirect_uri=" + escaped(kRedirect) +
                                                             "&code_verifier=" + std::string(kVerifier))));
    }
    std::vector<Reply> won;
    for (auto& answer : answers) {
      Reply reply = answer.get();
      if (reply.status == 200) won.push_back(std::move(reply));
    }
    ASSERT_FALSE(won.empty());
    for (std::size_t shard = 0; shard < kShards; ++shard) {
      int living = 0;
      for (const Reply& reply : won) {
        living += bed.send(shard, with_bearer(get("/idms/v1/alpha/userinfo"), reply)).status == 200 ? 1 : 0;
      }
      EXPECT_EQ(living, 1) << shard;
    }
  }
}

}  // namespace
}  // namespace claviger::identity
