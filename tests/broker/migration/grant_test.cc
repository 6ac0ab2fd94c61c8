#include "broker/migration/grant.h"

#include <gtest/gtest.h>

#include "broker/tokens/tenant_keys.h"
#include "core/crypto/signing_key.h"
#include "tests/broker/migration/testbed.h"

namespace claviger::migration {
namespace {

class Grants : public MigrationBed, public ::testing::Test {
 protected:
  AgreementRef agreement() {
    AgreementRef found;
    run_until([&] {
      found = migration.table()->find("alpha", "mc.home.example");
      return true;
    });
    return found;
  }
  std::string made(Binding binding = good_outbound()) {
    auto grant = wait(make_grant(context(), "alpha", agreement(), std::move(binding)));
    EXPECT_TRUE(grant.has_value());
    return grant->token;
  }
  bool is_good(const std::string& grant, std::string impi = "u1@here.example") {
    return is_good_for(*agreement(), grant, impi);
  }
  bool is_good_for(const AgreementView& view, const std::string& grant, std::string impi = "u1@here.example") {
    Result<Unit> checked = Unit{};
    run_until([&] {
      checked = check_grant(*context(), view, impi, grant, seen);
      return true;
    });
    if (!checked) {
      EXPECT_EQ(checked.error().code, Code::GrantInvalid);
    }
    return checked.has_value();
  }
  GrantsSeen seen;
};

TEST_F(Grants, AreForOneUserAndOneSystem) {
  const std::string grant = made();
  for (int times = 0; times < 2; ++times) {  // looked at, then known
    EXPECT_TRUE(is_good(grant));
    EXPECT_FALSE(is_good(grant, "u2@here.example"));
    AgreementView other = *agreement();
    other.slot = 7;
    other.agreement.system = "mc.elsewhere.example";
    EXPECT_FALSE(is_good_for(other, grant));
    AgreementView ours = *agreement();
    ours.slot = 8;
    ours.agreement.own_system = "mc.other.example";
    EXPECT_FALSE(is_good_for(ours, grant));
  }
}

TEST_F(Grants, AreWhatWeSigned) {
  const std::string grant = made();
  for (std::string wrong : {std::string(), std::string("a.b.c"), std::string(kGrantMax + 1, 'a'), grant.substr(1),
                            grant.substr(0, grant.size() - 2)}) {
    EXPECT_FALSE(is_good(wrong)) << wrong.size();
  }
  std::string changed = grant;
  changed[changed.find('.') + 5] ^= 1;
  EXPECT_FALSE(is_good(changed));
  EXPECT_TRUE(is_good(grant));
}

TEST_F(Grants, End) {
  const std::string grant = made();
  EXPECT_TRUE(is_good(grant));
  clock().advance(kGrantLife - Seconds(1));
  run_turns(2);
  EXPECT_TRUE(is_good(grant));
  clock().advance(Seconds(1));
  run_turns(2);
  EXPECT_FALSE(is_good(grant));  // known or not
  seen = GrantsSeen();
  EXPECT_FALSE(is_good(grant));
}

// Known or not: a grant is as good as the key under it.
TEST_F(Grants, EndWithTheKeyThatSignedThem) {
  const std::string grant = made();
  EXPECT_TRUE(is_good(grant));
  const auto before = tenant_keys_;
  const auto other = crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
  ASSERT_TRUE(other);
  std::vector<crypto::Jwk> with = {{other->kid(), other->verify_key()}};
  std::vector<crypto::Jwk> both = with;
  for (const crypto::Jwk& each : before->verifying->keys()) both.push_back(each);
  // Another one beside it changes nothing; withdrawn, it takes along what it signed.
  for (const auto& [keys, is_there] : {std::pair(both, true), std::pair(with, false)}) {
    auto made_set = tokens::KeySet::make(std::string(identity::kIssuer), keys);
    ASSERT_TRUE(made_set);
    auto now = std::make_shared<tokens::TenantKeys>();
    now->verifying = *made_set;
    tenant_keys_ = now;
    publish();
    EXPECT_EQ(is_good(grant), is_there);
  }
  tenant_keys_ = before;
  publish();
  EXPECT_TRUE(is_good(grant));
}

}  // namespace
}  // namespace claviger::migration
