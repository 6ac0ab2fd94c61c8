// The domains that a tenant owns (spec 3.2): names of users lie there.
#include "broker/identity/owned_domains.h"

#include <gtest/gtest.h>

#include "broker/identity/user_import.h"
#include "broker/identity/user_procedures.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

TEST(HostOfIdentity, IsWhereItLies) {
  EXPECT_EQ(host_of_identity("sip:ann@alpha.example"), "alpha.example");
  EXPECT_EQ(host_of_identity("SIPS:ann;x=y@Alpha.example:5061;transport=tls?a=b"), "Alpha.example");
  EXPECT_EQ(host_of_identity("sip:alpha.example"), "alpha.example");
  EXPECT_EQ(host_of_identity("https://alpha.example:8443/ann"), "alpha.example");
  for (const char* none : {"", "ann", "tel:+491701", "urn:x:alpha.example", "sip:a@b@alpha.example",
                           "https://bravo.example@alpha.example/"}) {
    EXPECT_EQ(host_of_identity(none), "") << none;
  }
  EXPECT_TRUE(lies_in_domains("sip:ann@ALPHA.example", {"alpha.example"}));
  EXPECT_FALSE(lies_in_domains("sip:ann@ims.alpha.example", {"alpha.example"})) << "exact names";
  EXPECT_FALSE(lies_in_domains("tel:+491701", {""}));
}

struct OwnedDomainsOfATenant : ::testing::Test {
  Testbed bed;
  broker::Context* context = bed.context();

  Result<OwnedDomains> own(std::string domain) {
    return bed.wait(add_owned_domain(context, "alpha", std::move(domain)));
  }
  static UserDraft named(std::string login, std::string mcptt_id = {}) {
    UserDraft draft;
    draft.login = std::move(login);
    draft.mcptt_id = std::move(mcptt_id);
    return draft;
  }
  Result<User> create(UserDraft draft) { return bed.wait(create_user(context, "alpha", std::move(draft))); }
};

TEST_F(OwnedDomainsOfATenant, AreAddedListedRemoved) {
  EXPECT_TRUE(bed.wait(read_owned_domains(context, "alpha"))->domains.empty());
  ASSERT_TRUE(own("ims.alpha.example"));
  ASSERT_TRUE(own("alpha.example"));
  const auto twice = own("alpha.example");
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->domains, (std::vector<std::string>{"alpha.example", "ims.alpha.example"}));
  EXPECT_TRUE(own("Alpha.example").failed_with(Code::BadValue));
  EXPECT_TRUE(bed.wait(read_owned_domains(context, "bravo"))->domains.empty());
  EXPECT_TRUE(bed.wait(remove_owned_domain(context, "alpha", "bravo.example")).failed_with(Code::NotFound));
  const auto less = bed.wait(remove_owned_domain(context, "alpha", "ims.alpha.example"));
  ASSERT_TRUE(less);
  EXPECT_EQ(less->domains, (std::vector<std::string>{"alpha.example"}));
}

TEST_F(OwnedDomainsOfATenant, AreBounded) {
  for (std::size_t i = 0; i < kOwnedDomainsMax; ++i) ASSERT_TRUE(own("d" + std::to_string(i) + ".example"));
  EXPECT_TRUE(own("one-more.example").failed_with(Code::TooMany));
}

TEST_F(OwnedDomainsOfATenant, WithoutAListNamesLieAnywhere) {
  EXPECT_TRUE(create(named("ann@elsewhere.example", "sip:ann@bravo.example")));
  EXPECT_TRUE(create(named("bob", "urn:x:bob")));
}

TEST_F(OwnedDomainsOfATenant, WithOneNamesLieThere) {
  ASSERT_TRUE(own("alpha.example"));
  EXPECT_TRUE(create(named("ann@alpha.example", "sip:ann@Alpha.example")));
  EXPECT_TRUE(create(named("bob"))) << "a login name without a domain lies nowhere";
  EXPECT_TRUE(create(named("carol@bravo.example")).failed_with(Code::LoginInvalid));
  EXPECT_TRUE(create(named("carol@alpha.example@bravo.example")).failed_with(Code::LoginInvalid));
  EXPECT_TRUE(create(named("carol", "sip:carol@bravo.example")).failed_with(Code::McIdentityInvalid));
  EXPECT_TRUE(create(named("carol", "sip:carol@alpha.example.bravo.example")).failed_with(Code::McIdentityInvalid));
  EXPECT_TRUE(create(named("carol", "tel:+491701")).failed_with(Code::McIdentityInvalid));
  UserDraft val = named("carol");
  val.val_user_ids = {"sip:carol@provider.example"};
  EXPECT_TRUE(create(std::move(val))) << "VAL user IDs are their provider's";
}

TEST_F(OwnedDomainsOfATenant, AChangeOfAUserMustLieThereWhatHeHasStays) {
  UserDraft draft = named("ann@old.example", "sip:ann@old.example");
  draft.mc_id = "sip:ann@old.example";
  const auto ann = create(std::move(draft));
  ASSERT_TRUE(ann);
  ASSERT_TRUE(own("alpha.example"));
  UserChange other_name;
  other_name.display_name = "Ann";
  EXPECT_TRUE(bed.wait(change_user(context, "alpha", ann->sub, std::move(other_name))));
  UserChange outside;
  outside.mcvideo_id = "sip:ann.video@old.example";
  EXPECT_TRUE(
      bed.wait(change_user(context, "alpha", ann->sub, std::move(outside))).failed_with(Code::McIdentityInvalid));
  UserChange inside;
  inside.mcvideo_id = "sip:ann.video@alpha.example";
  EXPECT_TRUE(bed.wait(change_user(context, "alpha", ann->sub, std::move(inside))));
}

// One agency's administrator must not take another's names, which would stay taken for ever.
TEST_F(OwnedDomainsOfATenant, AnotherTenantsNamesAreNotTaken) {
  ASSERT_TRUE(bed.wait(add_owned_domain(context, "bravo", "bravo.example")));
  EXPECT_TRUE(create(named("chef", "sip:chef@Bravo.example")).failed_with(Code::McIdentityInvalid));
  EXPECT_TRUE(create(named("bob", "sip:bob@elsewhere.example")));
  UserDraft val = named("carol");
  val.val_user_ids = {"sip:carol@bravo.example"};
  EXPECT_TRUE(create(std::move(val))) << "VAL user IDs are their provider's";
  std::vector<UserDraft> drafts;
  drafts.push_back(named("dave", "sip:dave@bravo.example"));
  const auto report = bed.wait(import_users(context, "alpha", std::move(drafts)));
  ASSERT_TRUE(report);
  ASSERT_EQ(report->refused.size(), 1U);
  EXPECT_EQ(report->refused[0].error.code, Code::McIdentityInvalid);
  ASSERT_TRUE(own("bravo.example")) << "two that share a domain say so both";
  EXPECT_TRUE(create(named("dave", "sip:dave@bravo.example")));
}

TEST_F(OwnedDomainsOfATenant, AnImportNamesTheLine) {
  ASSERT_TRUE(own("alpha.example"));
  std::vector<UserDraft> drafts;
  drafts.push_back(named("ann", "sip:ann@alpha.example"));
  drafts.push_back(named("bob", "sip:bob@bravo.example"));
  drafts.push_back(named("carol@bravo.example"));
  drafts.push_back(named("dave@alpha.example"));
  const auto report = bed.wait(import_users(context, "alpha", std::move(drafts)));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->created, 2U);
  ASSERT_EQ(report->refused.size(), 2U);
  EXPECT_EQ(report->refused[0].index, 1U);
  EXPECT_EQ(report->refused[0].error.code, Code::McIdentityInvalid);
  EXPECT_EQ(report->refused[1].index, 2U);
  EXPECT_EQ(report->refused[1].error.code, Code::LoginInvalid);
}

}  // namespace
}  // namespace claviger::identity
