// `user remove` and the SIP identities that partner systems have given him.
#include <gtest/gtest.h>

#include "tests/broker/admin/admin_over.h"
#include "tests/broker/migration/testbed.h"

namespace claviger::admin {
namespace {

class UserRemovalBed : public AdminOver<migration::MigrationBed> {
 public:
  UserRemovalBed()
      : AdminOver([](MigrationBed& bed, AdminServices& services) { services.migration = &bed.migration; }) {}

  // Of a user of ours, in the other system.
  void bind_abroad(const std::string& sub, const std::string& number) {
    migration::Binding away = migration::good_outbound(number);
    away.sub = sub;
    EXPECT_TRUE(put(std::move(away)));
  }
  migration::BindingState state(const std::string& number) {
    const auto binding =
        wait(migration::read_binding(context(), migration::binding_key("alpha", migration::good_outbound(number))));
    EXPECT_TRUE(binding);
    return binding ? binding->state : migration::BindingState::Prepared;
  }
};

TEST(UserRemoval, EndsHisBindingsInOtherSystems) {
  UserRemovalBed bed;
  const identity::User ann = bed.add_user("ann"), bob = bed.add_user("bob");
  bed.add_user("homely");
  bed.bind_abroad(ann.sub, "1");
  bed.bind_abroad(bob.sub, "2");
  EXPECT_EQ(bed.remove("users/homely").status, 200);
  EXPECT_EQ(bed.state("1"), migration::BindingState::Prepared);
  EXPECT_EQ(bed.remove("users/ann").status, 200);
  EXPECT_EQ(bed.state("1"), migration::BindingState::Revoked);
  EXPECT_EQ(bed.state("2"), migration::BindingState::Prepared);
  EXPECT_EQ(bed.remove("users/ann").member("code"), "UserUnknown");
}

// Interrupted behind the bindings, and said again; or revoked by hand before.
TEST(UserRemoval, WhoHasNothingAbroadAnyMoreGoesAllTheSame) {
  UserRemovalBed bed;
  const identity::User ann = bed.add_user("ann");
  bed.bind_abroad(ann.sub, "1");
  ASSERT_TRUE(bed.wait(migration::set_binding_state(
      &bed.migration, "alpha",
      {migration::binding_key("alpha", migration::good_outbound("1")), migration::BindingState::Revoked, {}, {}})));
  EXPECT_EQ(bed.remove("users/ann").status, 200);
  EXPECT_TRUE(bed.wait(identity::find_user(bed.context(), "alpha", ann.sub)).failed_with(Code::UserUnknown));
}

// Whoever says what the radio says must not meet the one who has that text for a login name, nor the other way round.
TEST(UserRemoval, ANameOfTwoIsNobodys) {
  UserRemovalBed bed;
  const std::string radio = "sip:radio@alpha.example", encoded = "users/sip%3Aradio%40alpha.example";
  const identity::User by_login = bed.add_user(radio), by_identity = bed.add_user("bob"), third = bed.add_user("cid");
  identity::UserChange change;
  change.mcptt_id = radio;
  ASSERT_TRUE(bed.wait(identity::change_user(bed.context(), "alpha", by_identity.sub, std::move(change))));
  const auto refused = bed.remove(encoded);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.member("code"), "BadValue");
  EXPECT_NE(refused.body.find("sub"), std::string::npos);
  for (const identity::User& user : {by_login, by_identity}) {
    EXPECT_TRUE(bed.wait(identity::find_user(bed.context(), "alpha", user.sub)));
  }
  // By its sub each is meant alone, and then the name is the other's.
  EXPECT_EQ(bed.remove("users/" + by_login.sub).status, 200);
  EXPECT_EQ(bed.remove(encoded).status, 200);
  EXPECT_TRUE(bed.wait(identity::find_user(bed.context(), "alpha", by_identity.sub)).failed_with(Code::UserUnknown));
  EXPECT_TRUE(bed.wait(identity::find_user(bed.context(), "alpha", third.sub)));
}

}  // namespace
}  // namespace claviger::admin
