// limits.revocations_per_minute: one service cannot fill every verifier with what it revoked; many users of one client are
// not stopped by it.
#include "broker/tokens/revocation_quota.h"

#include <gtest/gtest.h>

#include "broker/tokens/token_routes.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::tokens {
namespace {

using namespace std::chrono_literals;
using identity::Reply;

TEST(RevocationQuota, IsABucketOfOneMinute) {
  RevocationQuota quota;
  const Monotonic start{};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(quota.take("a", 6, start), 0ms) << i;
  const Milliseconds wait = quota.take("a", 6, start);
  EXPECT_GT(wait, 9'999ms);
  EXPECT_LE(wait, 10'001ms);
  EXPECT_EQ(quota.take("b", 6, start), 0ms);
  EXPECT_GT(quota.take("a", 6, start + 9s), 0ms);
  EXPECT_EQ(quota.take("a", 6, start + 9s + 1001ms), 0ms);
  // A long silence fills it up to the brim and no further.
  for (int i = 0; i < 6; ++i) EXPECT_EQ(quota.take("a", 6, start + 24h), 0ms) << i;
  EXPECT_GT(quota.take("a", 6, start + 24h), 0ms);
}

TEST(RevocationQuota, ALowerBoundTakesEffectAtOnce) {
  RevocationQuota quota;
  const Monotonic start{};
  EXPECT_EQ(quota.take("a", 1000, start), 0ms);
  EXPECT_EQ(quota.take("a", 1, start), 0ms);
  EXPECT_GT(quota.take("a", 1, start), 0ms);
}

class RevokeBed : public identity::Testbed {
 public:
  RevokeBed() {
    add_token_routes(router_, contexts_);
    settings().limits.revocations_per_minute = 2;
    publish();
    identity::ClientDraft draft;
    draft.client_id = "server";
    draft.authentication = identity::ClientAuthentication::SecretBasic;
    draft.may_client_credentials = true;
    draft.scopes = {"3gpp:mc:ptt_service"};
    auto created = add_client(std::move(draft));
    secret = as_text(created.secret.reveal());
  }
  Reply revoke_service_token() {
    const Reply tokens = send(identity::with_basic(
        identity::post_form("/idms/v1/alpha/token", "grant_type=client_credentials"), "server", secret));
    return send(identity::with_basic(
        identity::post_form("/idms/v1/alpha/revoke", "token=" + tokens.member("access_token")), "server", secret));
  }
  Reply revoke_as_app(const std::string& token) {
    return send(identity::post_form("/idms/v1/alpha/revoke", "client_id=app&token=" + token));
  }
  std::string secret;
};

TEST(RevokeEndpoint, AServiceThatRevokesTooMuchWaits429) {
  RevokeBed bed;
  EXPECT_EQ(bed.revoke_service_token().status, 200);
  EXPECT_EQ(bed.revoke_service_token().status, 200);
  const Reply refused = bed.revoke_service_token();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.member("error"), "temporarily_unavailable");
  EXPECT_EQ(refused.header("retry-after"), "31");
  bed.clock().advance(31s);
  EXPECT_EQ(bed.revoke_service_token().status, 200);
}

TEST(RevokeEndpoint, UsersOfOneClientAreCountedEachByHimself) {
  RevokeBed bed;
  bed.add_user();
  bed.add_public_client();
  for (int i = 0; i < 5; ++i) {
    const Reply tokens = bed.sign_in_for_tokens("app");
    EXPECT_EQ(bed.revoke_as_app(tokens.member("access_token")).status, 200) << i;
  }
}

// What is not revoked costs nothing: RFC 7009 clause 2.2.
TEST(RevokeEndpoint, DeadTokensAreNotCounted) {
  RevokeBed bed;
  bed.add_user();
  bed.add_public_client();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bed.revoke_as_app("a.b.c").status, 200) << i;
  const Reply tokens = bed.sign_in_for_tokens("app");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bed.revoke_as_app(tokens.member("access_token")).status, 200) << i;
  // A refresh token ends its session, however many were revoked before.
  EXPECT_EQ(bed.revoke_as_app(tokens.member("refresh_token")).status, 200);
}

}  // namespace
}  // namespace claviger::tokens
