// Requests that arrive on one shard while their home is another; races between shards. Run under ThreadSanitizer, too.
#include <gtest/gtest.h>

#include "broker/identity/session_procedures.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

constexpr std::size_t kShards = 3;
constexpr std::string_view kToken = "/idms/v1/alpha/token";

struct Shards : ::testing::Test {
  ManyShards bed{kShards};
  User ann;

  void SetUp() override {
    auto user = bed.wait_on(1, [this] {
      UserDraft draft;
      draft.login = "ann";
      draft.mcptt_id = "sip:ann@alpha.example";
      draft.password = SecretBytes(as_bytes("correct horse"));
      return create_user(bed.context(1), "alpha", std::move(draft));
    });
    ASSERT_TRUE(user);
    ann = *user;
    auto client = bed.wait_on(2, [this] {
      ClientDraft draft;
      draft.client_id = "app";
      draft.redirect_uris = {std::string(kRedirect)};
      draft.may_code = true;
      return create_client(bed.context(2), "alpha", std::move(draft));
    });
    ASSERT_TRUE(client);
  }
  std::string code_from(std::size_t shard) {
    const Reply page = bed.send(shard, get("/idms/v1/alpha/authorize?" + authorize_query("app")));
    const std::string cookie = page.header("set-cookie");
    Sent form = post_form("/idms/v1/alpha/sign-in", "interaction=" + hidden_interaction(page.body) +
                                                        "&username=ann&password=" + escaped("correct horse"));
    form.fields.emplace_back(http::Field::Cookie, cookie.substr(0, cookie.find(';')));
    const Reply reply = bed.send((shard + 1) % kShards, form);
    EXPECT_EQ(reply.status, 302) << reply.body;
    return reply.redirected("code");
  }
  static Sent redemption(const std::string& code) {
    return post_form(std::string(kToken), "grant_type=authorization_code&client_id=app&code=" + code +
                                              "&redirect_uri=" + escaped(kRedirect) +
                                              "&code_verifier=" + std::string(kVerifier));
  }
  static Sent refresh(const std::string& token) {
    return post_form(std::string(kToken), "grant_type=refresh_token&client_id=app&refresh_token=" + token);
  }
};

TEST_F(Shards, EveryShardServesTheWholeFlow) {
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    const Reply tokens = bed.send(shard, redemption(code_from(shard)));
    ASSERT_EQ(tokens.status, 200) << tokens.body;
    const Reply again = bed.send((shard + 2) % kShards, refresh(tokens.member("refresh_token")));
    EXPECT_EQ(again.status, 200);
    Sent userinfo = get("/idms/v1/alpha/userinfo");
    userinfo.fields.emplace_back(http::Field::Authorization, "Bearer " + again.member("access_token"));
    EXPECT_EQ(bed.send((shard + 1) % kShards, userinfo).member("sub"), ann.sub);
  }
}

TEST_F(Shards, OneRedemptionOfManyWins) {
  for (int round = 0; round < 5; ++round) {
    const std::string code = code_from(0);
    std::vector<std::future<Reply>> answers;
    for (std::size_t i = 0; i < 2 * kShards; ++i) answers.push_back(bed.begin_send(i % kShards, redemption(code)));
    int won = 0;
    for (auto& answer : answers) {
      const Reply reply = answer.get();
      if (reply.status == 200) {
        ++won;
      } else {
        EXPECT_EQ(reply.member("error"), "invalid_grant") << reply.body;
      }
    }
    EXPECT_EQ(won, 1);
  }
}

TEST_F(Shards, TwoRefreshesOfOneTokenHaveOneSuccessor) {
  std::string token = bed.send(0, redemption(code_from(0))).member("refresh_token");
  for (int round = 0; round < 20; ++round) {
    auto first = bed.begin_send(0, refresh(token));
    auto second = bed.begin_send(1, refresh(token));
    const Reply one = first.get();
    const Reply two = second.get();
    ASSERT_EQ(one.status, 200) << one.body;
    ASSERT_EQ(two.status, 200) << two.body;
    ASSERT_EQ(one.member("refresh_token"), two.member("refresh_token"));
    token = one.member("refresh_token");
  }
}

TEST_F(Shards, ADisabledUserIsOutOnEveryShardWhenTheOperatorIsTold) {
  const Reply tokens = bed.send(0, redemption(code_from(0)));
  const auto disabled = bed.wait_on(2, [this] { return disable_user(bed.context(2), "alpha", ann.sub); });
  ASSERT_TRUE(disabled);
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    Sent userinfo = get("/idms/v1/alpha/userinfo");
    userinfo.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
    EXPECT_EQ(bed.send(shard, userinfo).status, 401);
    EXPECT_EQ(bed.send(shard, refresh(tokens.member("refresh_token"))).status, 400);
  }
}

TEST_F(Shards, RefreshesAgainstADisableLeaveNoLivingToken) {
  for (int round = 0; round < 5; ++round) {
    const Reply tokens = bed.send(0, redemption(code_from(0)));
    auto refreshed = bed.begin_send(1, refresh(tokens.member("refresh_token")));
    auto disabled = bed.begin_on(2, [this] { return disable_user(bed.context(2), "alpha", ann.sub); });
    const Reply reply = refreshed.get();
    ASSERT_TRUE(disabled.get());
    if (reply.status == 200) {
      Sent userinfo = get("/idms/v1/alpha/userinfo");
      userinfo.fields.emplace_back(http::Field::Authorization, "Bearer " + reply.member("access_token"));
      EXPECT_EQ(bed.send(0, userinfo).status, 401);
    }
    ASSERT_TRUE(bed.wait_on(0, [this] { return enable_user(bed.context(0), "alpha", ann.sub); }));
    bed.clock().advance(std::chrono::seconds(2));
  }
}

TEST_F(Shards, AChangedClientIsForgottenOnEveryShard) {
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    EXPECT_EQ(bed.send(shard, get("/idms/v1/alpha/authorize?" + authorize_query("app"))).status, 200);
  }
  const auto changed =
      bed.wait_on(1, [this] { return set_client_enabled(bed.context(1), "alpha", "app", false); });
  ASSERT_TRUE(changed);
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    EXPECT_EQ(bed.send(shard, get("/idms/v1/alpha/authorize?" + authorize_query("app"))).status, 400);
  }
}

}  // namespace
}  // namespace claviger::identity
