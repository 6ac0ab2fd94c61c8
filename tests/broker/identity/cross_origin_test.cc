// Browser clients of other origins (CORS): who may read which answers.
#include <gtest/gtest.h>

#include "broker/identity/client_origins.h"
#include "broker/tokens/token_routes.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kOrigin = "https://app.example";
constexpr std::string_view kBase = "/idms/v1/alpha";
constexpr std::string_view kAllowed = "access-control-allow-origin";

struct WithTokenRoutes : Testbed {
  WithTokenRoutes() { tokens::add_token_routes(router_, contexts_); }

  // With the two fields that nothing else of ours looks at.
  Reply send_preflight(const Sent& sent, const std::string& method) {
    http::Request asked = request(sent);
    asked.add(http::Field::Other, {"access-control-request-method", method});
    asked.add(http::Field::Other, {"access-control-request-headers", "content-type,dpop"});
    http::Match match = router_.match(asked.method, asked.path);
    if (match.route == nullptr) return reply_of(http::Response(405));
    return reply_of(wait(answer(match.route, std::move(asked), std::move(match.values))));
  }

 private:
  static runtime::Task<http::Response> answer(const http::Route* route, http::Request asked, http::PathValues values) {
    auto answering = route->handler(std::move(asked), std::move(values));
    co_return co_await std::move(answering);
  }
};

struct CrossOrigin : ::testing::Test {
  WithTokenRoutes bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();

  static Sent from(std::string_view origin, Sent sent) {
    sent.fields.emplace_back(http::Field::Origin, std::string(origin));
    return sent;
  }
  Reply preflight(const std::string& path, const std::string& method, std::string_view origin = kOrigin) {
    return bed.send_preflight(from(origin, {http::Method::Options, path}), method);
  }
  // Whether a page of that origin reads the key set.
  bool may_read(std::string_view origin) {
    bed.clock().advance(Seconds{1});  // what is known of the clients is read again
    const Reply reply = bed.send(from(origin, get(std::string(kBase) + "/jwks")));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("vary"), "origin");
    const std::string allowed = reply.header(kAllowed);
    EXPECT_TRUE(allowed.empty() || allowed == origin) << allowed;
    EXPECT_EQ(reply.header("access-control-allow-credentials"), "");
    return !allowed.empty();
  }
  Client add(std::string client_id, std::string redirect_uri) {
    ClientDraft draft;
    draft.client_id = std::move(client_id);
    draft.redirect_uris = {std::move(redirect_uri)};
    draft.may_code = true;
    return bed.add_client(std::move(draft)).client;
  }
};

TEST_F(CrossOrigin, APageReadsWhatItsClientNeeds) {
  const std::string base(kBase);
  for (const auto& [path, method] :
       {std::pair{base + "/.well-known/openid-configuration", "GET"},
        std::pair{std::string("/.well-known/oauth-authorization-server/idms/v1/alpha"), "GET"},
        std::pair{base + "/jwks", "GET"}, std::pair{base + "/jwks", "HEAD"}, std::pair{base + "/token", "POST"},
        std::pair{base + "/par", "POST"}, std::pair{base + "/userinfo", "GET"}, std::pair{base + "/userinfo", "POST"},
        std::pair{base + "/revoke", "POST"}}) {
    const Reply before = preflight(path, method);
    EXPECT_EQ(before.status, 204) << path;
    EXPECT_EQ(before.header(kAllowed), kOrigin) << path;
    EXPECT_NE(before.header("access-control-allow-methods").find(method), std::string::npos) << path;
    EXPECT_EQ(before.header("access-control-allow-headers"), "authorization, content-type, dpop");
    EXPECT_EQ(before.header("vary"), "origin");
    EXPECT_EQ(before.header("access-control-allow-credentials"), "");
    Sent sent{std::string_view(method) == "POST" ? http::Method::Post : http::Method::Get, path};
    const Reply reply = bed.send(from(kOrigin, sent));
    EXPECT_EQ(reply.header(kAllowed), kOrigin) << path << reply.status;
    EXPECT_EQ(reply.header("vary"), "origin") << path;
    EXPECT_NE(reply.header("access-control-expose-headers").find("dpop-nonce"), std::string::npos);
  }
}

TEST_F(CrossOrigin, OtherPlacesStayShut) {
  const std::string base(kBase);
  for (const std::string& path : {base + "/authorize?" + authorize_query("app"), base + "/logout"}) {
    EXPECT_EQ(bed.send(from(kOrigin, get(path))).header(kAllowed), "") << path;
    EXPECT_NE(preflight(path, "GET").status, 204) << path;
  }
  for (const char* path : {"/introspect", "/sign-in", "/consent"}) {
    EXPECT_EQ(bed.send(from(kOrigin, post_form(base + path, "a=b"))).header(kAllowed), "") << path;
    EXPECT_NE(preflight(base + path, "POST").status, 204) << path;
  }
}

TEST_F(CrossOrigin, OthersReadNothing) {
  for (const char* origin :
       {"https://evil.example", "null", "", "*", "https://app.example.evil.example", "http://app.example",
        "https://app.example:8443", "https://APP.example", "https://app.example/", "app.example",
        "https://app.example, https://app.example", "https://app.example:443"}) {
    EXPECT_FALSE(may_read(origin)) << origin;
    const Reply refused = preflight(std::string(kBase) + "/token", "POST", origin);
    EXPECT_EQ(refused.status, 405) << origin;
    EXPECT_EQ(refused.header(kAllowed), "");
    EXPECT_EQ(refused.header("allow"), "POST");
  }
  EXPECT_FALSE(may_read("https://" + std::string(kOriginBytesMax, 'a')));
  Sent twice = from("https://evil.example", from(kOrigin, get(std::string(kBase) + "/jwks")));
  EXPECT_EQ(bed.send(twice).header(kAllowed), "");
}

TEST_F(CrossOrigin, OptionsIsNoMethodWithoutAPreflight) {
  EXPECT_EQ(bed.send({http::Method::Options, std::string(kBase) + "/jwks"}).status, 405);
  EXPECT_EQ(bed.send({http::Method::Options, std::string(kBase) + "/jwks"}).header("allow"), "GET, HEAD");
  EXPECT_EQ(preflight(std::string(kBase) + "/jwks", "DELETE").status, 405);
  EXPECT_EQ(preflight("/idms/v1/nobody/jwks", "GET").status, 404);
  EXPECT_EQ(bed.send(from(kOrigin, get("/idms/v1/nobody/jwks"))).header(kAllowed), "");
}

TEST_F(CrossOrigin, WhoIsNoPageIsAnsweredAsBefore) {
  const Reply plain = bed.send(post_form(std::string(kBase) + "/token", "grant_type=x&client_id=app"));
  EXPECT_EQ(plain.status, 400);
  EXPECT_EQ(plain.header("vary"), "");
  // What caches keep must not reach a page that may not read it, nor the other way round.
  EXPECT_EQ(bed.send(get(std::string(kBase) + "/jwks")).header("vary"), "origin");
  EXPECT_EQ(bed.send(get(std::string(kBase) + "/.well-known/openid-configuration")).header("vary"), "origin");
}

TEST_F(CrossOrigin, FollowsTheClients) {
  EXPECT_FALSE(may_read("https://spa.example:8443"));
  add("spa", "https://spa.example:8443/signed-in");
  EXPECT_TRUE(may_read("https://spa.example:8443"));
  EXPECT_FALSE(may_read("https://spa.example"));
  ClientChange moved;
  moved.redirect_uris = {"https://moved.example/cb"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "spa", moved)));
  EXPECT_FALSE(may_read("https://spa.example:8443"));
  EXPECT_TRUE(may_read("https://moved.example"));
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "spa", false)));
  EXPECT_FALSE(may_read("https://moved.example"));
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "spa", true)));
  EXPECT_TRUE(may_read("https://moved.example"));
  add("same", "https://moved.example/other");
  ASSERT_TRUE(bed.wait(remove_client(bed.context(), "alpha", "spa")));
  EXPECT_TRUE(may_read("https://moved.example"));
  ASSERT_TRUE(bed.wait(remove_client(bed.context(), "alpha", "same")));
  EXPECT_FALSE(may_read("https://moved.example"));
}

// A native application's redirect has whatever port it got (RFC 8252 clause 7.3), and so has a page in development.
TEST_F(CrossOrigin, LoopbackCountsOnEveryPort) {
  add("native", "http://127.0.0.1/cb");
  add("private", "com.example.app:/cb");
  EXPECT_TRUE(may_read("http://127.0.0.1:5173"));
  EXPECT_TRUE(may_read("http://127.0.0.1"));
  EXPECT_FALSE(may_read("https://127.0.0.1"));
  EXPECT_FALSE(may_read("http://localhost:5173"));
  EXPECT_FALSE(may_read("com.example.app://"));
}

TEST_F(CrossOrigin, ManyClientsAreAllRead) {
  for (int i = 0; i < 150; ++i) add("c" + std::to_string(i), "https://c" + std::to_string(i) + ".example/cb");
  EXPECT_TRUE(may_read("https://c0.example"));
  EXPECT_TRUE(may_read("https://c149.example"));
  EXPECT_TRUE(may_read("https://c99.example"));
}

}  // namespace
}  // namespace claviger::identity
