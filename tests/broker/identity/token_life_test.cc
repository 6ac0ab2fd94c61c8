// A client whose access tokens live longer than the others', and revocations that are kept as long.
#include "broker/tokens/token_life.h"

#include <gtest/gtest.h>

#include "broker/identity/session_procedures.h"
#include "broker/tokens/revocation_records.h"
#include "broker/tokens/revocations.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr Seconds kShift = tokens::kAccessTokenLifeMax;

struct TokenLife : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();

  void add(std::string client_id, Seconds life) {
    ClientDraft draft;
    draft.client_id = std::move(client_id);
    draft.redirect_uris = {std::string(kRedirect)};
    draft.may_code = true;
    draft.access_token_life = life;
    bed.add_client(std::move(draft));
  }
  std::uint16_t userinfo(const Reply& tokens) {
    Sent sent = get("/idms/v1/alpha/userinfo");
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
    return bed.send(sent).status;
  }
};

TEST_F(TokenLife, IsTheClientsOwnWhereItSaysSo) {
  add("shift", 4h);
  add("usual", 0s);
  const Reply longer = bed.sign_in_for_tokens("shift");
  EXPECT_EQ(longer.member("expires_in"), "14400");
  const Reply usual = bed.sign_in_for_tokens("usual");
  EXPECT_EQ(usual.member("expires_in"), "300");
  bed.clock().advance(2h);
  EXPECT_EQ(userinfo(longer), 200);
  EXPECT_EQ(userinfo(usual), 401);
  bed.clock().advance(2h + 31s);
  EXPECT_EQ(userinfo(longer), 401);
}

TEST_F(TokenLife, IsBounded) {
  for (const Seconds bad : {Seconds{1}, Seconds{-1}, kShift + Seconds{1}}) {
    ClientDraft draft;
    draft.access_token_life = bad;
    draft.redirect_uris = {std::string(kRedirect)};
    EXPECT_TRUE(bed.wait(create_client(bed.context(), "alpha", std::move(draft))).failed_with(Code::ClientMetadata));
  }
  add("app", 0s);
  ClientChange longer;
  longer.access_token_life = kShift + Seconds{1};
  EXPECT_TRUE(
      bed.wait(change_client(bed.context(), "alpha", "app", std::move(longer))).failed_with(Code::ClientMetadata));
  ClientChange good;
  good.access_token_life = kShift;
  const auto changed = bed.wait(change_client(bed.context(), "alpha", "app", std::move(good)));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->access_token_life, kShift);
  ClientChange back;
  back.access_token_life = Seconds{0};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", std::move(back))));
  EXPECT_EQ(bed.sign_in_for_tokens("app").member("expires_in"), "300");
}

TEST_F(TokenLife, EndsWithTheSession) {
  bed.settings().lifetimes.session_absolute = 1h;
  bed.publish();
  add("shift", 4h);
  EXPECT_EQ(bed.sign_in_for_tokens("shift").member("expires_in"), "3600");
}

TEST_F(TokenLife, ARevocationIsKeptAsLong) {
  EXPECT_EQ(bed.context()->tokens->revocation_kept(), tokens::kRevocationKept);
  add("shift", kShift);
  EXPECT_EQ(bed.context()->tokens->revocation_kept(), kShift + 60s);
  const Reply tokens = bed.sign_in_for_tokens("shift");
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  ASSERT_TRUE(bed.wait(enable_user(bed.context(), "alpha", ann.sub)));
  bed.clock().advance(kShift - 10s);
  bed.run_turns(3);
  EXPECT_EQ(userinfo(tokens), 401);
  ClientChange back;
  back.access_token_life = Seconds{0};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "shift", std::move(back))));
  EXPECT_EQ(bed.context()->tokens->revocation_kept(), kShift + 60s) << "its tokens are still about";
}

TEST_F(TokenLife, IsKnownAgainAfterARestart) {
  ASSERT_TRUE(bed.wait(tokens::allow_access_token_life(bed.context(), 6h)));
  auto fresh = tokens::TokenShard::create(*bed.context());
  ASSERT_TRUE(fresh);
  bed.context()->tokens = *std::move(fresh);
  EXPECT_EQ(bed.context()->tokens->revocation_kept(), tokens::kRevocationKept);
  ASSERT_TRUE(bed.wait(tokens::load_revocations(bed.context())));
  EXPECT_EQ(bed.context()->tokens->revocation_kept(), 6h + 60s);
  ASSERT_TRUE(bed.wait(tokens::allow_access_token_life(bed.context(), 2h)));
  EXPECT_EQ(bed.context()->tokens->revocation_kept(), 6h + 60s) << "it only grows";
  EXPECT_TRUE(bed.wait(tokens::allow_access_token_life(bed.context(), 4s)).failed_with(Code::OutOfRange));
}

}  // namespace
}  // namespace claviger::identity
