#include "core/http/router.h"

#include <gtest/gtest.h>

namespace claviger::http {
namespace {

Router some_router() {
  Router router;
  for (const char* pattern : {"/", "/idms/v1/{tenant}/token", "/idms/v1/{tenant}/keys/{kid}", "/idms/v1/health", "/a/b"}) {
    router.add({Method::Get, pattern, 64, {}, {}});
  }
  router.add({Method::Post, "/idms/v1/{tenant}/token", 64, {}, {}});
  return router;
}

TEST(Router, FindsPatterns) {
  const Router router = some_router();
  const Match match = router.match(Method::Post, "/idms/v1/alpha/token");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->method, Method::Post);
  EXPECT_EQ(match.values, PathValues{"alpha"});
  EXPECT_EQ(router.match(Method::Get, "/idms/v1/a/keys/b").values, (PathValues{"a", "b"}));
  EXPECT_NE(router.match(Method::Get, "/").route, nullptr);
}

TEST(Router, ALiteralGoesBeforeAName) {
  const Router router = some_router();
  EXPECT_EQ(router.match(Method::Get, "/idms/v1/health").route->pattern, "/idms/v1/health");
}

TEST(Router, DecodesValues) {
  const Router router = some_router();
  EXPECT_EQ(router.match(Method::Get, "/idms/v1/a%20%e2%82%ac/token").values, PathValues{"a \xe2\x82\xac"});
}

TEST(Router, RefusesWhatIsNotWellFormed) {
  const Router router = some_router();
  for (const char* path : {"", "idms", "*", "//", "/idms", "/idms/v1//token", "/idms/v1/a/token/", "/idms/v1/%/token",
                           "/idms/v1/%2/token", "/idms/v1/%zz/token", "/idms/v1/a%2fb/token", "/idms/v1/a%00b/token",
                           "/a/%62", "/a/b/c", "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9"}) {
    const Match match = router.match(Method::Get, path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_EQ(match.allow, "") << path;
  }
}

TEST(Router, AnEncodedSlashIsTakenWhereThePatternSaysSo) {
  Router router;
  router.add({Method::Get, "/tenants/{tenant}/users/{login+}", 0, {}, {}});
  EXPECT_EQ(router.match(Method::Get, "/tenants/a/users/county%2fann").values, (PathValues{"a", "county/ann"}));
  EXPECT_EQ(router.match(Method::Get, "/tenants/a/users/..%2F..").values, (PathValues{"a", "../.."}));
  for (const char* path : {"/tenants/a%2fb/users/x", "/tenants/a/users/x%00", "/tenants/a/users/x/y"}) {
    EXPECT_EQ(router.match(Method::Get, path).route, nullptr) << path;
  }
}

TEST(Router, HeadIsAnsweredByGet) {
  EXPECT_NE(some_router().match(Method::Head, "/a/b").route, nullptr);
}

TEST(Router, NamesTheMethodsThatAPathHas) {
  EXPECT_EQ(some_router().match(Method::Delete, "/idms/v1/a/token").allow, "GET, HEAD, POST");
  EXPECT_EQ(some_router().match(Method::Other, "/a/b").allow, "GET, HEAD");
}

}  // namespace
}  // namespace claviger::http
