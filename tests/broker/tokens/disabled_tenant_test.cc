// What servers hear of a disabled tenant (clavigerctl tenant disable): its tokens are not good, and whoever cannot say who he
// is hears nothing.
#include <gtest/gtest.h>

#include "broker/tenants/disabled_tenant.h"
#include "broker/tokens/token_routes.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::tokens {
namespace {

using identity::Reply;

struct Bed : identity::Testbed {
  Bed() { add_token_routes(router_, contexts_); }
};

struct DisabledTenant : ::testing::Test {
  Bed bed;
  std::string secret;
  std::string token;

  void SetUp() override {
    bed.add_user("ann", "correct horse");
    const identity::Client app = bed.add_public_client();
    const Reply tokens = bed.sign_in_for_tokens(app.client_id);
    ASSERT_EQ(tokens.status, 200) << tokens.body;
    token = tokens.member("access_token");
    identity::ClientDraft draft;
    draft.client_id = "server";
    draft.authentication = identity::ClientAuthentication::SecretBasic;
    draft.may_introspect = true;
    draft.audiences = {bed.tenant().default_audience};
    const auto created = bed.add_client(draft);
    secret = std::string(as_text(created.secret.reveal()));
  }
  Reply introspect(std::string_view password, const std::string& extra = {}) {
    return bed.send(identity::with_basic(identity::post_form("/idms/v1/alpha/introspect", "token=" + token + extra),
                                         "server", std::string(password)));
  }
  void set_enabled(bool is_enabled) {
    bed.tenant().is_enabled = is_enabled;
    bed.publish();
  }
};

TEST_F(DisabledTenant, ItsTokensAreInactive) {
  EXPECT_NE(introspect(secret).body.find("\"active\":true"), std::string::npos);
  set_enabled(false);
  EXPECT_TRUE(tenants::is_disabled(*bed.context()->snapshot, "alpha"));
  for (const std::string extra : {"", "&token_type_hint=access_token"}) {  // by each of the endpoint's two ways
    const Reply reply = introspect(secret, extra);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.body, R"({"active":false})");
  }
  set_enabled(true);
  EXPECT_NE(introspect(secret).body.find("\"active\":true"), std::string::npos) << "good again";
}

TEST_F(DisabledTenant, NobodyElseHearsOfIt) {
  set_enabled(false);
  EXPECT_EQ(introspect("guessed").status, 401);
  for (const char* path : {"/jwks", "/.well-known/openid-configuration", "/authorize"}) {
    EXPECT_EQ(bed.send(identity::get("/idms/v1/alpha" + std::string(path))).status, 404) << path;
  }
  EXPECT_EQ(bed.send(identity::with_basic(identity::get("/idms/v1/alpha/revocations"), "server", secret)).status, 404);
  EXPECT_EQ(bed.send(identity::post_form("/idms/v1/nowhere/introspect", "token=" + token)).status, 404);
  EXPECT_FALSE(tenants::is_disabled(*bed.context()->snapshot, "nowhere"));
}

}  // namespace
}  // namespace claviger::tokens
