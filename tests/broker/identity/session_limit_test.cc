// Spec 3.3 step 6: max_sessions_per_user. One more ends the one that was unused for longest, wherever it is.
#include "broker/identity/session_limit.h"

#include <gtest/gtest.h>

#include "broker/identity/backchannel_rows.h"
#include "broker/identity/session_procedures.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/ue_procedures.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
namespace tables = broker::tables;

struct SessionLimit : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();

  void bound(std::uint32_t sessions) {
    bed.settings().limits.sessions_per_user = sessions;
    bed.publish();
  }
  Reply tokens() {
    bed.clock().advance(1s);
    return bed.sign_in_for_tokens("app");
  }
  bool lives(const Reply& tokens) {
    Sent sent = get("/idms/v1/alpha/userinfo");
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
    return bed.send(sent).status == 200;
  }
  std::size_t active() {
    auto page = bed.wait(list_sessions(bed.context(), "alpha", ann.sub, "", 100));
    return static_cast<std::size_t>(
        std::ranges::count(page->sessions, SessionState::Active, [](const Session& session) { return session.state; }));
  }
  std::string code() { return bed.sign_in(authorize_query("app"), "ann", "correct horse").redirected("code"); }
  static Sent redemption(const std::string& code) {
    return post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=app&code=" + code +
                                                 "&redirect_uri=" + escaped(kRedirect) +
                                                 "&code_verifier=" + std::string(kVerifier));
  }
};

TEST_F(SessionLimit, WithoutOneThereAreAsManyAsHeLikes) {
  const Reply first = tokens();
  for (int i = 0; i < 20; ++i) tokens();
  EXPECT_TRUE(lives(first));
  EXPECT_EQ(active(), 21U);
}

TEST_F(SessionLimit, OneMoreEndsTheOneUnusedForLongest) {
  bound(2);
  const Reply first = tokens();
  const Reply second = tokens();
  bed.clock().advance(1s);
  const Reply refreshed = bed.send(post_form(
      "/idms/v1/alpha/token", "grant_type=refresh_token&client_id=app&refresh_token=" + first.member("refresh_token")));
  ASSERT_EQ(refreshed.status, 200);
  const Reply third = tokens();
  EXPECT_TRUE(lives(refreshed));
  EXPECT_FALSE(lives(second));
  EXPECT_TRUE(lives(third));
  EXPECT_EQ(active(), 2U);
  // Its refresh token is dead, too.
  const Reply late =
      bed.send(post_form("/idms/v1/alpha/token",
                         "grant_type=refresh_token&client_id=app&refresh_token=" + second.member("refresh_token")));
  EXPECT_EQ(late.member("error"), "invalid_grant");
}

TEST_F(SessionLimit, ServersAreToldOfWhatEnded) {
  bound(1);
  const Reply first = tokens();
  tokens();
  auto rows = bed.wait(bed.store().range(tables::kOutbox, "", "\xff", 100));
  ASSERT_TRUE(rows.has_value());
  const std::string sid = member_of(claims_of(first.member("access_token")), "sid");
  EXPECT_TRUE(std::ranges::any_of(*rows, [&](const storage::Record& row) {
    return row.key.find(std::string(kSessionEndedPrefix) + sid) != std::string::npos;
  }));
}

TEST_F(SessionLimit, OthersKeepTheirs) {
  bound(1);
  const User bob = bed.add_user("bob", "pw");
  const Reply anns = tokens();
  const std::string bobs = bed.sign_in(authorize_query("app"), "bob", "pw").redirected("code");
  EXPECT_EQ(bed.send(redemption(bobs)).status, 200);
  EXPECT_TRUE(lives(anns));
}

TEST_F(SessionLimit, ABoundThatWasLoweredTakesEffectAtTheNextSignIn) {
  for (int i = 0; i < 10; ++i) tokens();
  bound(3);
  EXPECT_EQ(active(), 10U);
  tokens();
  EXPECT_EQ(active(), 3U);
}

TEST_F(SessionLimit, AFailedSignInEndsNothing) {
  bound(1);
  const Reply first = tokens();
  const std::string unused = code();
  EXPECT_TRUE(lives(first));
  EXPECT_NE(bed.send(redemption(unused + "x")).status, 200);
  EXPECT_TRUE(lives(first));
}

TEST_F(SessionLimit, OfTwoAtTheSameTimeTheBoundHolds) {
  bound(1);
  const std::vector<Sent> both{redemption(code()), redemption(code())};
  const std::vector<Reply> replies = bed.send_together(both);
  EXPECT_EQ(replies[0].status, 200) << replies[0].body;
  EXPECT_EQ(replies[1].status, 200) << replies[1].body;
  EXPECT_EQ(active(), 1U);
  EXPECT_NE(lives(replies[0]), lives(replies[1]));
}

// What the UE's own rules replace does not count twice.
TEST_F(SessionLimit, OnAUeThatIsTakenOverNobodyElseHasToGo) {
  bound(2);
  const Reply elsewhere = tokens();
  bed.peer().certificate_digest.emplace().fill(std::byte{7});
  UeChange change;
  change.ue_class = UeClass::Personal;
  change.certificates = std::vector<std::string>{ue_certificate(bed.peer()).thumbprint};
  ASSERT_TRUE(bed.wait(create_ue(bed.context(), "alpha", "urn:ue:1", std::move(change))));
  const Reply on_it = tokens();
  const Reply again = tokens();
  EXPECT_FALSE(lives(on_it));
  EXPECT_TRUE(lives(again));
  EXPECT_TRUE(lives(elsewhere));
}

}  // namespace
}  // namespace claviger::identity
