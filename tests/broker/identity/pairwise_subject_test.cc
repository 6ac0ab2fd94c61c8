// Pairwise subjects (OIDC Core clause 8.1): one name per sector, the same everywhere in it.
#include "broker/identity/pairwise_subject.h"

#include <gtest/gtest.h>

#include "broker/identity/client_draft.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/user_import.h"
#include "broker/identity/user_procedures.h"
#include "broker/identity/user_update.h"
#include "broker/tokens/token_life.h"
#include "broker/tokens/token_shard.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

TEST(PairwiseSubject, SectorOfAClient) {
  Client client;
  client.redirect_uris = {"https://App.example/cb", "https://app.example:8443/other"};
  EXPECT_EQ(sector_of(client), "app.example");
  client.redirect_uris.push_back("https://other.example/cb");
  EXPECT_EQ(sector_of(client), "");
  client.sector_identifier = "agency.example";
  EXPECT_EQ(sector_of(client), "agency.example");
  client.sector_identifier.clear();
  client.redirect_uris = {"http://127.0.0.1/cb"};
  EXPECT_EQ(sector_of(client), "");
  client.redirect_uris = {"com.example.app:/cb"};
  EXPECT_EQ(sector_of(client), "");
}

TEST(PairwiseSubject, DiffersByTenantSectorAndUser) {
  const crypto::HmacSha256 key(as_bytes("0123456789abcdef0123456789abcdef"));
  Client client;
  client.sector_identifier = "a.example";
  EXPECT_EQ(subject_for(key, "alpha", client, "sub"), "sub");
  client.has_pairwise_subject = true;
  const std::string subject = subject_for(key, "alpha", client, "sub");
  EXPECT_EQ(subject.size(), 43U);
  EXPECT_EQ(subject_for(key, "alpha", client, "sub"), subject);
  EXPECT_NE(subject_for(key, "bravo", client, "sub"), subject);
  EXPECT_NE(subject_for(key, "alpha", client, "sub2"), subject);
  client.sector_identifier = "b.example";
  EXPECT_NE(subject_for(key, "alpha", client, "sub"), subject);
}

TEST(PairwiseSubject, NeedsASector) {
  ClientDraft draft;
  draft.redirect_uris = {"http://127.0.0.1/cb"};
  draft.may_code = true;
  draft.has_pairwise_subject = true;
  EXPECT_EQ(client_of(draft).error().code, Code::ClientMetadata);
  draft.sector_identifier = "Agency.Example";
  EXPECT_EQ(client_of(draft).error().code, Code::ClientMetadata);
  draft.sector_identifier = "agency.example";
  EXPECT_TRUE(client_of(draft));
}

struct PairwiseClient : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();

  void add(std::string client_id, std::string sector) {
    ClientDraft draft;
    draft.client_id = std::move(client_id);
    draft.redirect_uris = {std::string(kRedirect)};
    draft.may_code = true;
    draft.has_pairwise_subject = true;
    draft.sector_identifier = std::move(sector);
    bed.add_client(std::move(draft));
  }
  std::string subject_at(std::string_view client_id) {
    const Reply tokens = bed.sign_in_for_tokens(client_id);
    EXPECT_EQ(tokens.status, 200) << tokens.body;
    const std::string subject = member_of(claims_of(tokens.member("id_token")), "sub");
    EXPECT_EQ(member_of(claims_of(tokens.member("access_token")), "sub"), subject);
    Sent sent = get("/idms/v1/alpha/userinfo");
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
    EXPECT_EQ(bed.send(sent).member("sub"), subject);  // spec 4.3: userinfo `sub` must equal IDT `sub`
    const Reply refreshed =
        bed.send(post_form("/idms/v1/alpha/token", "grant_type=refresh_token&client_id=" + std::string(client_id) +
                                                       "&refresh_token=" + tokens.member("refresh_token")));
    EXPECT_EQ(member_of(claims_of(refreshed.member("access_token")), "sub"), subject);
    return subject;
  }
};

TEST_F(PairwiseClient, SeesOneSubjectEverywhere) {
  add("one", "a.example");
  add("two", "a.example");
  add("three", "b.example");
  const std::string one = subject_at("one");
  EXPECT_NE(one, ann.sub);
  EXPECT_EQ(subject_at("one"), one);
  EXPECT_EQ(subject_at("two"), one);
  EXPECT_NE(subject_at("three"), one);
}

// Sessions that stay: what was taken from the user ends the tokens all the same, and the next refresh gives good ones.
TEST_F(PairwiseClient, ItsTokensDieWithWhatIsTakenFromTheUser) {
  add("one", "a.example");
  const Reply tokens = bed.sign_in_for_tokens("one");
  Sent sent = get("/idms/v1/alpha/userinfo");
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
  EXPECT_EQ(bed.send(sent).status, 200);
  UserEdit fewer = [](User& user, std::int64_t) {
    user.scopes = {"openid"};
    return Result<Unit>(Unit{});
  };
  ASSERT_TRUE(bed.wait(update_user(bed.context(), "alpha", ann.sub, std::move(fewer), Sessions::Keep)));
  EXPECT_EQ(bed.send(sent).status, 401);
  bed.clock().advance(Seconds{2});
  const Reply refreshed =
      bed.send(post_form("/idms/v1/alpha/token",
                         "grant_type=refresh_token&client_id=one&refresh_token=" + tokens.member("refresh_token")));
  ASSERT_EQ(refreshed.status, 200) << refreshed.body;
  Sent again = get("/idms/v1/alpha/userinfo");
  again.fields.emplace_back(http::Field::Authorization, "Bearer " + refreshed.member("access_token"));
  EXPECT_EQ(bed.send(again).status, 200);
}

TEST_F(PairwiseClient, ItsTokensDieWithWhatAnImportTakes) {
  add("one", "a.example");
  const Reply tokens = bed.sign_in_for_tokens("one");
  Sent sent = get("/idms/v1/alpha/userinfo");
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
  EXPECT_EQ(bed.send(sent).status, 200);
  UserDraft draft;
  draft.login = ann.login;
  draft.scopes = {"openid"};
  draft.left_out = {UserMember::DisplayName, UserMember::McId,   UserMember::McpttId,   UserMember::McvideoId,
                    UserMember::McdataId,    UserMember::Status, UserMember::ValUserIds};
  std::vector<UserDraft> drafts;
  drafts.push_back(std::move(draft));
  const auto report = bed.wait(import_users(bed.context(), "alpha", std::move(drafts)));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->updated, 1U);
  EXPECT_EQ(bed.send(sent).status, 401);
}

// Its record goes with the idle time, its token lives for hours: who disables the user ends that, too.
TEST_F(PairwiseClient, ATokenThatOutlivesItsSessionDiesWithTheUser) {
  bed.settings().lifetimes.session_idle = Seconds{600};
  bed.publish();
  add("one", "a.example");
  ClientChange longer;
  longer.access_token_life = tokens::kAccessTokenLifeMax;
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "one", longer)));
  const std::string token = bed.sign_in_for_tokens("one").member("access_token");
  const auto is_good = [&] {
    return bed.context()->tokens->verify_own(*bed.context()->snapshot->find("alpha"), token).has_value();
  };
  bed.clock().advance(Seconds{601});
  ASSERT_TRUE(is_good());
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_FALSE(is_good());
}

// So it is where his other sessions stay.
TEST_F(PairwiseClient, ATokenThatOutlivesItsSessionDiesWithWhatIsTaken) {
  bed.settings().lifetimes.session_idle = Seconds{600};
  bed.publish();
  add("one", "a.example");
  ClientChange longer;
  longer.access_token_life = tokens::kAccessTokenLifeMax;
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "one", longer)));
  const std::string token = bed.sign_in_for_tokens("one").member("access_token");
  const auto is_good = [&] {
    return bed.context()->tokens->verify_own(*bed.context()->snapshot->find("alpha"), token).has_value();
  };
  bed.clock().advance(Seconds{601});
  ASSERT_TRUE(is_good());
  UserEdit fewer = [](User& user, std::int64_t) {
    user.scopes = {"openid"};
    return Result<Unit>(Unit{});
  };
  ASSERT_TRUE(bed.wait(update_user(bed.context(), "alpha", ann.sub, std::move(fewer), Sessions::Keep)));
  EXPECT_FALSE(is_good());
}

TEST_F(PairwiseClient, ChangesItsSectorOnlyWhileItIsDisabled) {
  add("one", "a.example");
  ClientChange other;
  other.sector_identifier = "b.example";
  const auto refused = bed.wait(change_client(bed.context(), "alpha", "one", other));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::ClientMetadata);
  EXPECT_EQ(refused.error().where, "client.sector.while_enabled");
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "one", false)));
  EXPECT_TRUE(bed.wait(change_client(bed.context(), "alpha", "one", other)));
}

TEST_F(PairwiseClient, ItsTokensDieWithTheUsersSessions) {
  add("one", "a.example");
  const std::string token = bed.sign_in_for_tokens("one").member("access_token");
  Sent sent = get("/idms/v1/alpha/userinfo");
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + token);
  EXPECT_EQ(bed.send(sent).status, 200);
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(bed.send(sent).status, 401);
}

}  // namespace
}  // namespace claviger::identity
