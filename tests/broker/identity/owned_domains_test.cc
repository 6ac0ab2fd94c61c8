// The domains that a tenant owns (spec 3.2): names of users lie there.
#include "broker/identity/owned_domains.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

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
  void begin(runtime::Task<void> task) {
    bed.run_until([&] { return context->shard.scope().spawn(std::move(task)); });
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

using Created = std::optional<Result<User>>;
runtime::Task<void> create_into(broker::Context* context, UserDraft draft, std::shared_ptr<Created> created) {
  auto made = co_await create_user(context, "alpha", std::move(draft));
  *created = std::move(made);
}
runtime::Task<void> own_into(broker::Context* context, std::string domain, std::shared_ptr<bool> is_owned) {
  const auto owned = co_await add_owned_domain(context, "bravo", std::move(domain));
  *is_owned = owned.has_value();
}
using Imported = std::optional<Result<ImportReport>>;
runtime::Task<void> import_into(broker::Context* context, std::vector<UserDraft> drafts,
                                std::shared_ptr<Imported> imported) {
  auto report = co_await import_users(context, "alpha", std::move(drafts));
  *imported = std::move(report);
}

// Of two administrators at the same time one gives a user a name, the other says that its domain is his.
TEST_F(OwnedDomainsOfATenant, AClaimBesideAnotherTenantsNewDomainIsNotMissed) {
  const auto created = std::make_shared<Created>();
  const auto is_owned = std::make_shared<bool>(false);
  bed.store().hold_commits();
  begin(own_into(context, "bravo.example", is_owned));
  bed.run_until([&] { return bed.store().commits_held() == 1; });
  // Reads before the other's commit, and commits behind it.
  begin(create_into(context, named("chef", "sip:chef@bravo.example"), created));
  bed.run_until([&] { return bed.store().commits_held() == 2; });
  bed.store().release_commits();
  bed.run_until([&] { return created->has_value(); });
  EXPECT_TRUE(*is_owned);
  EXPECT_TRUE((*created)->failed_with(Code::McIdentityInvalid));
  EXPECT_TRUE(create(named("chef", "sip:chef@elsewhere.example"))) << "nothing is left of it";
}

TEST_F(OwnedDomainsOfATenant, AnImportBesideAnotherTenantsNewDomainDoesNotMissIt) {
  const auto imported = std::make_shared<Imported>();
  const auto is_owned = std::make_shared<bool>(false);
  std::vector<UserDraft> drafts;
  drafts.push_back(named("chef", "sip:chef@bravo.example"));
  drafts.push_back(named("bob", "sip:bob@elsewhere.example"));
  bed.store().hold_commits();
  begin(own_into(context, "bravo.example", is_owned));
  bed.run_until([&] { return bed.store().commits_held() == 1; });
  begin(import_into(context, std::move(drafts), imported));
  bed.run_until([&] { return bed.store().commits_held() == 2; });
  bed.store().release_commits();
  bed.run_until([&] { return imported->has_value(); });
  EXPECT_TRUE(*is_owned);
  ASSERT_TRUE(**imported);
  const ImportReport& report = ***imported;
  EXPECT_EQ(report.created, 1U);
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].index, 0U);
  EXPECT_EQ(report.refused[0].error.code, Code::McIdentityInvalid);
}

// The other tenants' lists are read for the batch, not for each of its lines.
TEST_F(OwnedDomainsOfATenant, AnImportReadsOthersListsOnce) {
  constexpr std::size_t kLines = 64;
  ASSERT_TRUE(bed.wait(add_owned_domain(context, "bravo", "bravo.example")));
  const auto reads_of = [&](std::size_t lines, const std::string& mark) {
    std::vector<UserDraft> drafts;
    for (std::size_t i = 0; i < lines; ++i) {
      const std::string name = mark + std::to_string(i);
      drafts.push_back(named(name, "sip:" + name + "@elsewhere.example"));
    }
    drafts.push_back(named(mark, "sip:" + mark + "@bravo.example"));
    const std::uint64_t before = bed.store().figures().reads_inline;
    const auto report = bed.wait(import_users(context, "alpha", std::move(drafts)));
    EXPECT_TRUE(report && report->created == lines && report->refused.size() == 1);
    return bed.store().figures().reads_inline - before;
  };
  const std::uint64_t one = reads_of(1, "a");
  const std::uint64_t two = reads_of(2, "b");
  const std::uint64_t many = reads_of(kLines, "c");
  // The login twice, the identity and the three other kinds of it: of each line; the lists are not among what it costs.
  EXPECT_EQ(many - one, (two - one) * (kLines - 1));
  EXPECT_EQ(two - one, 6U);
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
