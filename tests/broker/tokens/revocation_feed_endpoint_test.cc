// What an asker of the feed gets: at first, afterwards, and when he was away for longer than changes are kept.
#include <gtest/gtest.h>

#include <set>

#include "broker/tokens/revocations.h"
#include "broker/tokens/token_routes.h"
#include "broker/tokens/verifier/revocation_feed.h"
#include "tests/broker/tokens/key_bed.h"

namespace claviger::tokens {
namespace {

struct FeedTest : ::testing::Test {
  KeyBed bed;
  std::string secret;

  void SetUp() override {
    bed.add_token_endpoints();
    identity::ClientDraft draft;
    draft.client_id = "server";
    draft.authentication = identity::ClientAuthentication::SecretBasic;
    draft.may_introspect = true;
    const auto created = bed.add_client(draft);
    secret = std::string(as_text(created.secret.reveal()));
  }
  identity::Sent question(const std::string& query) {
    return identity::with_basic(identity::get("/idms/v1/alpha/revocations?" + query), "server", secret);
  }
  identity::Reply ask(const std::string& query) { return bed.send(question(query)); }
  RevocationDelta read(std::uint64_t since) {
    const auto reply = ask("since=" + std::to_string(since) + "&wait=0");
    EXPECT_EQ(reply.status, 200);
    auto delta = parse_revocation_feed(reply.body);
    EXPECT_TRUE(delta);
    return delta ? *std::move(delta) : RevocationDelta{};
  }
  void revoke(const std::string& tenant, const std::vector<std::string>& sids) {
    storage::Transaction change;
    for (const std::string& sid : sids) {
      add_revocation(change, tenant, revocation_of_session(*bed.context(), bed.view(tenant), sid));
    }
    ASSERT_TRUE(bed.wait(bed.store().commit(std::move(change))));
  }
};

TEST_F(FeedTest, GivesWhatWasRevokedAndGoesOnFromThere) {
  revoke("alpha", {"one"});
  const auto first = read(0);
  ASSERT_EQ(first.changes.size(), 1U);
  EXPECT_EQ(first.changes[0].id, "one");
  EXPECT_EQ(first.changes[0].issuer, bed.view().tenant.issuer);
  EXPECT_TRUE(read(first.next).changes.empty());
  revoke("alpha", {"two", "three"});
  const auto second = read(first.next);
  EXPECT_EQ(second.changes.size(), 2U);
  EXPECT_TRUE(read(second.next).changes.empty());
}

// A commit about one user has his sub first and then what each sector calls him: the order would say which is which.
TEST_F(FeedTest, DoesNotTellInWhichOrderNamesWereRevoked) {
  revoke("alpha", {"one"});
  const auto first = read(0);
  revoke("alpha", {"sub", "pairwise-b", "pairwise-a"});
  revoke("alpha", {"another"});
  std::vector<std::string> ids;
  for (const Revocation& change : read(first.next).changes) ids.push_back(change.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"another", "pairwise-a", "pairwise-b", "sub"}));
}

TEST_F(FeedTest, OtherTenantsAreNobodysBusiness) {
  bed.add("bravo");
  for (int i = 0; i < 700; ++i) revoke("bravo", {"b" + std::to_string(i)});
  revoke("alpha", {"one"});
  const auto first = read(0);
  ASSERT_EQ(first.changes.size(), 1U);
  EXPECT_EQ(first.changes[0].id, "one");
}

TEST_F(FeedTest, ARevokedKeyIsToldByItsName) {
  const std::string stolen = bed.kid_of(KeyState::Active);
  const auto before = read(0);
  ASSERT_TRUE(bed.wait(revoke_key(bed.context(), "alpha", std::string(kActiveKey))));
  const auto after = read(before.next);
  ASSERT_EQ(after.changes.size(), 1U);
  EXPECT_EQ(after.changes[0].kind, RevocationKind::Key);
  EXPECT_EQ(after.changes[0].id, stolen);
  // For as long as somebody may believe in the key, which is longer than changes are kept.
  bed.forward(Seconds{20 * 24 * 3600});
  revoke("alpha", {"late"});
  const auto late = read(0);
  ASSERT_FALSE(late.changes.empty());
  EXPECT_EQ(late.changes[0].id, stolen);
}

// Issue 3: each change is read once, however many there are.
TEST_F(FeedTest, CatchingUpIsLinear) {
  constexpr std::size_t kSessions = 5000;
  std::vector<std::string> batch;
  for (std::size_t i = 0; i < kSessions; ++i) {
    batch.push_back("sid-" + std::to_string(i));
    if (batch.size() < 100) continue;
    revoke("alpha", batch);
    batch.clear();
  }
  std::set<std::string> seen;
  std::size_t told = 0;
  std::size_t answers = 0;
  std::uint64_t next = 0;
  for (;;) {
    const auto delta = read(next);
    ++answers;
    if (delta.changes.empty()) break;
    told += delta.changes.size();
    for (const Revocation& change : delta.changes) seen.insert(change.id);
    ASSERT_GT(delta.next, next);
    next = delta.next;
  }
  EXPECT_EQ(seen.size(), kSessions);
  EXPECT_EQ(told, kSessions);
  EXPECT_LE(answers, kSessions / 512 + 2);
}

runtime::Task<Unit> end_feed(broker::Context* context) {
  context->tokens->end_feed();
  co_return Unit{};
}

// The bed's clock stands still: whoever waited for thirty seconds would wait for ever.
TEST_F(FeedTest, NobodyWaitsForAProcessThatStops) {
  revoke("alpha", {"one"});
  const auto first = read(0);
  const std::string query = "since=" + std::to_string(first.next) + "&wait=30";
  const auto waits = bed.begin(question(query));
  bed.wait(end_feed(bed.context()));
  const auto waited = bed.finish(*waits);
  EXPECT_EQ(waited.status, 200);
  EXPECT_TRUE(parse_revocation_feed(waited.body)->changes.empty());
  EXPECT_EQ(ask(query).status, 200);
}

// One of them asks as often as it can: the others hear of revocations all the same, and it has its places back afterwards.
TEST_F(FeedTest, OneClientDoesNotTakeAllPlaces) {
  identity::ClientDraft draft;
  draft.client_id = "other";
  draft.authentication = identity::ClientAuthentication::SecretBasic;
  draft.may_introspect = true;
  const auto other = bed.add_client(draft);
  revoke("alpha", {"one"});
  const std::string query = "since=" + std::to_string(read(0).next) + "&wait=30";
  std::vector<std::unique_ptr<identity::Pending>> polls;
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < kFeedWaitersMax; ++i) {
    polls.push_back(bed.begin(question(query)));
    waiting += polls.back()->response ? 0U : 1U;
  }
  EXPECT_GT(waiting, 256U);
  EXPECT_LT(waiting, kFeedWaitersMax / 4);
  EXPECT_EQ(ask(query).status, 503);
  const auto others = bed.begin(identity::with_basic(identity::get("/idms/v1/alpha/revocations?" + query), "other",
                                                     std::string(as_text(other.secret.reveal()))));
  EXPECT_FALSE(others->response.has_value());
  bed.wait(end_feed(bed.context()));
  EXPECT_EQ(bed.finish(*others).status, 200);
  for (const auto& poll : polls) {
    EXPECT_TRUE(poll->response || bed.finish(*poll).status == 200);
  }
  EXPECT_EQ(ask(query).status, 200);
}

TEST_F(FeedTest, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(ask("since=x").status, 400);
  EXPECT_EQ(ask("since=0&since=1&wait=0").status, 400);
  EXPECT_EQ(ask("since=0&wait=31").status, 400);
  EXPECT_EQ(bed.send(identity::get("/idms/v1/alpha/revocations?since=0")).status, 401);
}

}  // namespace
}  // namespace claviger::tokens
