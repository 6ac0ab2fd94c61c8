// Signing keys in a PKCS #11 token: imported, rotated, away and back; nothing is spent while it is away.
#include <gtest/gtest.h>

#include "tests/broker/tokens/key_bed.h"
#include "tests/core/pkcs11/soft_token.h"

namespace claviger::tokens {
namespace {

using crypto::SignatureAlgorithm;

struct StoredKey : ::testing::Test {
  pkcs11::SoftToken token;
  KeyBed bed;
  pkcs11::KeyStore store{token.options()};

  void SetUp() override {
    bed.context()->tokens->use_key_store(&store);
    look();
    ASSERT_EQ(store.why_not_ready(), "");
  }
  ~StoredKey() override {
    store.close();
    bed.run_turns(4);  // answers on their way
  }
  void look() { bed.wait(look_once(&store)); }
  static runtime::Task<bool> look_once(pkcs11::KeyStore* at) {
    co_await at->look();
    co_return true;
  }
  void import_and_activate(const std::string& label, SignatureAlgorithm algorithm = SignatureAlgorithm::Es256) {
    ASSERT_TRUE(bed.wait(store.make_pair(label, algorithm)));
    const auto imported = bed.wait(import_stored_key(bed.context(), "alpha", label));
    ASSERT_TRUE(imported) << name_of(imported.error().code) << ' ' << imported.error().where;
    EXPECT_EQ(imported->stored_as, label);
    EXPECT_EQ(imported->state, KeyState::Next);
    const auto rotated = bed.wait(rotate_keys(bed.context(), "alpha"));
    ASSERT_TRUE(rotated) << name_of(rotated.error().code) << ' ' << rotated.error().where;
    EXPECT_EQ(rotated->kid, imported->kid);
  }
};

TEST_F(StoredKey, SignsAndItsSuccessorIsMadeInTheTokenToo) {
  import_and_activate("ceremony-2026");
  const auto first = bed.token();
  ASSERT_TRUE(first);
  EXPECT_EQ(bed.verdict(*first), std::nullopt);
  const auto keys = bed.keys();
  const auto next = std::ranges::find(keys, KeyState::Next, &KeyInfo::state);
  ASSERT_NE(next, keys.end());
  EXPECT_TRUE(next->stored_as.starts_with("claviger/alpha/"));
  ASSERT_TRUE(bed.wait(rotate_keys(bed.context(), "alpha")));
  const auto second = bed.token();
  ASSERT_TRUE(second);
  EXPECT_EQ(bed.verdict(*second), std::nullopt);
  EXPECT_EQ(bed.verdict(*first), std::nullopt);
}

TEST_F(StoredKey, AStartWithoutTheTokenStillVerifies) {
  import_and_activate("ceremony-2026");
  const auto made = bed.token();
  ASSERT_TRUE(made);
  token.take_away();
  look();
  EXPECT_EQ(store.why_not_ready(), "PKCS #11: the token is missing");
  bed.forget_snapshot();
  bed.publish();
  EXPECT_EQ(bed.verdict(*made), std::nullopt);
  EXPECT_TRUE(bed.token().failed_with(Code::KeyStoreMissing));
  token.bring_back();
  look();
  EXPECT_TRUE(bed.token());
}

// The code is good for a second try when the token is back.
TEST_F(StoredKey, NoCodeIsSpentWhileTheTokenIsAway) {
  import_and_activate("ceremony-2026");
  bed.add_user("ann", "pw");
  const identity::Client client = bed.add_public_client();
  const identity::Reply signed_in = bed.sign_in(identity::authorize_query(client.client_id), "ann", "pw");
  const std::string code = signed_in.redirected("code");
  ASSERT_FALSE(code.empty());
  token.take_away();
  look();
  const std::string form = "grant_type=authorization_code&code=" + code + "&redirect_uri=" + identity::escaped(identity::kRedirect) +
                           "&client_id=" + client.client_id + "&code_verifier=" + std::string(identity::kVerifier);
  const identity::Reply refused = bed.send(identity::post_form("/idms/v1/alpha/token", form));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.member("error"), "temporarily_unavailable");
  EXPECT_FALSE(refused.header("retry-after").empty());
  token.bring_back();
  look();
  const identity::Reply granted = bed.send(identity::post_form("/idms/v1/alpha/token", form));
  EXPECT_EQ(granted.status, 200) << granted.body;
  EXPECT_EQ(bed.verdict(granted.member("access_token")), std::nullopt);
}

// The emergency does not wait for a token that is away: the schedule makes the next key when it is back.
TEST_F(StoredKey, AnEmergencyNeedsNoToken) {
  import_and_activate("ceremony-2026");
  KeySchedule schedule(*bed.context());
  const auto made = bed.token();
  ASSERT_TRUE(made);
  token.take_away();
  look();
  EXPECT_TRUE(bed.wait(rotate_keys(bed.context(), "alpha")).failed_with(Code::KeyStoreMissing));
  ASSERT_TRUE(bed.wait(revoke_key(bed.context(), "alpha", std::string(kActiveKey))));
  EXPECT_TRUE(bed.verdict(*made).has_value());
  EXPECT_TRUE(lacks_next(*bed.view().keys));
  token.bring_back();
  look();
  bed.look(schedule);
  EXPECT_FALSE(lacks_next(*bed.view().keys));
  const auto fresh = bed.token();
  ASSERT_TRUE(fresh);
  EXPECT_EQ(bed.verdict(*fresh), std::nullopt);
}

TEST_F(StoredKey, RefusesWhatIsNotThereOrNotTheTenants) {
  EXPECT_TRUE(bed.wait(import_stored_key(bed.context(), "alpha", "nothing")).failed_with(Code::NotFound));
  ASSERT_TRUE(bed.wait(store.make_pair("rsa", SignatureAlgorithm::Rs256)));
  EXPECT_TRUE(bed.wait(import_stored_key(bed.context(), "alpha", "rsa")).failed_with(Code::KeyType));
  ASSERT_TRUE(bed.wait(store.make_pair("key", SignatureAlgorithm::Es256)));
  ASSERT_TRUE(bed.wait(import_stored_key(bed.context(), "alpha", "key")));
  EXPECT_TRUE(bed.wait(import_stored_key(bed.context(), "alpha", "key")).failed_with(Code::Duplicate));
  bed.add("bravo");
  EXPECT_TRUE(bed.wait(import_stored_key(bed.context(), "bravo", "key")).failed_with(Code::Duplicate));
  bed.context()->tokens->use_key_store(nullptr);
  EXPECT_TRUE(bed.wait(import_stored_key(bed.context(), "alpha", "key")).failed_with(Code::KeyStoreMissing));
}

}  // namespace
}  // namespace claviger::tokens
