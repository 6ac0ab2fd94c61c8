// Pushed authorization requests (RFC 9126): the PAR rows of spec 4.3, and what a pushed request is good for.
#include <gtest/gtest.h>

#include "broker/identity/dpop_check.h"
#include "broker/identity/pushed_request.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kPar = "/idms/v1/alpha/par";

struct PushedRequests : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();

  Reply push(const std::string& body) { return bed.send(post_form(std::string(kPar), body)); }
  std::string pushed(std::string_view more = {}) {
    const Reply reply = push(authorize_query("app") + std::string(more));
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.member("request_uri");
  }
  static std::string query_of(const std::string& request_uri, std::string_view client_id = "app") {
    return "client_id=" + std::string(client_id) + "&request_uri=" + escaped(request_uri);
  }
  Reply ask(const std::string& query) { return bed.send(get("/idms/v1/alpha/authorize?" + query)); }
  void expect_refused(const Reply& reply, std::uint16_t status, std::string_view error) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.member("error"), error);
    EXPECT_EQ(reply.content_type, "application/json");
    EXPECT_EQ(reply.cache_control, "no-store");
  }
  CreatedClient add_confidential(bool must_push) {
    ClientDraft draft;
    draft.client_id = "web";
    draft.authentication = ClientAuthentication::SecretBasic;
    draft.redirect_uris = {std::string(kRedirect)};
    draft.may_code = true;
    draft.must_push_requests = must_push;
    return bed.add_client(std::move(draft));
  }
};

TEST_F(PushedRequests, AreGoodForOneSignIn) {  // PAR: success
  const Reply reply = push(authorize_query("app"));
  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(reply.cache_control, "no-store");
  EXPECT_EQ(reply.member("expires_in"), "90");
  const std::string uri = reply.member("request_uri");
  EXPECT_TRUE(uri.starts_with("urn:ietf:params:oauth:request_uri:")) << uri;
  const Reply signed_in = bed.sign_in(query_of(uri), "ann", "correct horse");
  EXPECT_EQ(signed_in.status, 302);
  EXPECT_EQ(signed_in.redirected("state"), "st&te");
  EXPECT_EQ(signed_in.redirected("iss"), kIssuer);
  EXPECT_FALSE(signed_in.redirected("code").empty());
  // And the second use is refused on a page (PAR `request_uri` used).
  const Reply again = ask(query_of(uri));
  EXPECT_EQ(again.status, 400);
  EXPECT_NE(again.body.find("invalid_request_uri"), std::string::npos);
  EXPECT_TRUE(again.header("location").empty());
}
TEST_F(PushedRequests, OfTwoThatComeAtOnceOneIsTaken) {
  const Sent sent = get("/idms/v1/alpha/authorize?" + query_of(pushed()));
  const auto replies = bed.send_together({sent, sent});
  EXPECT_EQ(std::ranges::count(replies, 200, &Reply::status), 1);
  EXPECT_EQ(std::ranges::count(replies, 400, &Reply::status), 1);
}
TEST_F(PushedRequests, Expire) {
  const std::string uri = pushed();
  bed.clock().advance(90s);
  EXPECT_EQ(ask(query_of(uri)).status, 400);
}
TEST_F(PushedRequests, OfAnotherClientStayThatClients) {
  add_confidential(false);
  const std::string uri = pushed();
  EXPECT_EQ(ask(query_of(uri, "web")).status, 400);
  EXPECT_EQ(ask(query_of(uri)).status, 200);
}
TEST_F(PushedRequests, UnknownOrMalformedReference) {
  for (const std::string& tail : {std::string(43, 'A'), std::string(), std::string(42, 'A'), std::string(5000, 'A')}) {
    EXPECT_EQ(ask(query_of(std::string(kRequestUriPrefix) + tail)).status, 400) << tail.size();
  }
}
TEST_F(PushedRequests, NothingOfTheQueryCountsBesideThem) {  // RFC 9126 clause 4
  const std::string uri = pushed();
  const Reply reply = bed.sign_in(query_of(uri) + "&state=evil&redirect_uri=" + escaped("https://evil.example/"), "ann",
                                  "correct horse");
  EXPECT_TRUE(reply.header("location").starts_with(kRedirect)) << reply.header("location");
  EXPECT_EQ(reply.redirected("state"), "st&te");
}
TEST_F(PushedRequests, RequestUriInTheBody) {
  expect_refused(push(authorize_query("app") + "&request_uri=urn:x"), 400, "invalid_request");
}
TEST_F(PushedRequests, ClientUnknown) { expect_refused(push(authorize_query("nobody")), 401, "invalid_client"); }
TEST_F(PushedRequests, ClientWithoutItsSecret) {
  add_confidential(false);
  expect_refused(push(authorize_query("web")), 401, "invalid_client");
}
TEST_F(PushedRequests, OfAClientWithASecretDoNotKeepIt) {
  const CreatedClient web = add_confidential(false);
  const std::string secret(as_text(web.secret.reveal()));
  const Reply reply = push(authorize_query("web") + "&client_secret=" + secret);
  ASSERT_EQ(reply.status, 201) << reply.body;
  auto taken = bed.wait(take_pushed_request(bed.context(), "alpha", reply.member("request_uri"), "web", 0));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->parameters.find(secret), std::string::npos);
}
TEST_F(PushedRequests, RequestErrorsAreSaidAtOnce) {
  const std::string query = authorize_query("app");
  expect_refused(push(query + "&request=x"), 400, "request_not_supported");
  expect_refused(push(query + "&resource=https%3A%2F%2Funknown.example"), 400, "invalid_target");
  expect_refused(push(query + "&nonce=again"), 400, "invalid_request");
  std::string other = query;
  other.replace(other.find("response_type=code"), 18, "response_type=tokn");
  expect_refused(push(other), 400, "unsupported_response_type");
  other = query;
  other.replace(other.find(escaped(kRedirect)), escaped(kRedirect).size(), escaped("https://evil.example/cb"));
  expect_refused(push(other), 400, "invalid_request");
}
TEST_F(PushedRequests, ParametersInTheQueryOrAnotherType) {
  expect_refused(bed.send(post_form(std::string(kPar) + "?a=b", authorize_query("app"))), 400, "invalid_request");
  Sent sent = post_form(std::string(kPar), authorize_query("app"));
  sent.fields = {{http::Field::ContentType, "application/json"}};
  expect_refused(bed.send(sent), 400, "invalid_request");
}
TEST_F(PushedRequests, NotByGet) { EXPECT_EQ(bed.send(get(std::string(kPar))).status, 405); }
TEST_F(PushedRequests, TooLarge) {
  expect_refused(push(authorize_query("app") + "&login_hint=" + std::string(kSealedPushBytesMax, 'x')), 413,
                 "invalid_request");
  const CreatedClient web = add_confidential(false);
  const std::string query = authorize_query("web") + "&login_hint=";
  const auto of_web = [&](std::size_t size) {
    return bed.send(
        with_basic(post_form(std::string(kPar), query + std::string(size, 'x')), "web", as_text(web.secret.reveal())));
  };
  EXPECT_EQ(of_web(kSealedPushBytesMax).status, 201);
  expect_refused(of_web(kPushedRequestBytesMax), 413, "invalid_request");
}
// Anybody may push as a public client: nothing is written for him.
TEST(PushedCounts, AClientHasItsShareAndNoMore) {
  PushedCounts counts(90);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(counts.add("alpha", "web", 3, 1000));
  EXPECT_TRUE(counts.add("alpha", "web", 3, 1001).failed_with(Code::Overload));
  EXPECT_TRUE(counts.add("alpha", "other", 3, 1001));
  EXPECT_TRUE(counts.add("bravo", "web", 3, 1001));
  // What was pushed in one window counts through the next one, for which it may still lie there.
  EXPECT_TRUE(counts.add("alpha", "web", 3, 1090).failed_with(Code::Overload));
  EXPECT_TRUE(counts.add("alpha", "web", 3, 1180));
}
TEST_F(PushedRequests, OfAConfidentialClientAreBoundedInCount) {
  const CreatedClient web = add_confidential(true);
  auto& pushes = bed.context()->identity->dpop().pushes;
  for (std::size_t i = 0; i < kPushedOfClientMax; ++i) {
    ASSERT_TRUE(pushes.add("alpha", "web", kPushedOfClientMax, numeric_date(bed.shard().wall())));
  }
  const Sent sent =
      with_basic(post_form(std::string(kPar), authorize_query("web")), "web", as_text(web.secret.reveal()));
  const Reply refused = bed.send(sent);
  expect_refused(refused, 503, "temporarily_unavailable");
  EXPECT_FALSE(refused.header("retry-after").empty());
  bed.clock().advance(2 * kPushedRequestLife);
  EXPECT_EQ(bed.send(sent).status, 201);
}
TEST_F(PushedRequests, OfAPublicClientCostNoStore) {
  const std::uint64_t before = bed.store().latest_sequence();
  const std::string uri = pushed("&x=" + std::string(9000, 'x'));
  EXPECT_EQ(ask(query_of(uri)).status, 200);
  EXPECT_EQ(ask(query_of(uri)).status, 400);
  EXPECT_EQ(bed.store().latest_sequence(), before);
  EXPECT_LT(uri.size(), 2000U);  // what we do not know is not carried
}
TEST_F(PushedRequests, OfAPublicClientAreOneSignInEvenWhenTheirUseIsForgotten) {
  const std::string uri = pushed();
  ASSERT_EQ(bed.sign_in(query_of(uri), "ann", "correct horse").status, 302);
  bed.context()->identity->dpop().taken_pushes = DpopReplays();  // as at a restart
  const Reply again = bed.sign_in(query_of(uri), "ann", "correct horse");
  EXPECT_NE(again.status, 302);
  EXPECT_TRUE(again.redirected("code").empty());
}
TEST_F(PushedRequests, AreOneSignInWhenTheSettingsChangeMeanwhile) {
  const std::string uri = pushed();
  ASSERT_EQ(bed.sign_in(query_of(uri), "ann", "correct horse").status, 302);
  bed.context()->identity->dpop().taken_pushes = DpopReplays();
  bed.settings().lifetimes.interaction = Seconds(1200);
  bed.publish();
  EXPECT_TRUE(bed.sign_in(query_of(uri), "ann", "correct horse").redirected("code").empty());
}
TEST_F(PushedRequests, OfAPublicClientAreItsTenantsAndUnchanged) {
  std::string uri = pushed();
  uri[uri.size() - 3] = uri[uri.size() - 3] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ask(query_of(uri)).status, 400);
}
TEST_F(PushedRequests, RequiredButNotUsed) {  // PAR required but not used: redir invalid_request
  const CreatedClient web = add_confidential(true);
  const Reply reply = ask(authorize_query("web"));
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.redirected("error"), "invalid_request");
  EXPECT_EQ(reply.redirected("iss"), kIssuer);
  const Reply made =
      bed.send(with_basic(post_form(std::string(kPar), authorize_query("web")), "web", as_text(web.secret.reveal())));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(ask(query_of(made.member("request_uri"), "web")).status, 200);
}

}  // namespace
}  // namespace claviger::identity
