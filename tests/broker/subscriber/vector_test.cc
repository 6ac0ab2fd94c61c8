// MAR as the SIP database sees it (TS 29.228 clause 6.3.1), and the numbers of TS 33.102 annex C across a kill -9.
#include "broker/subscriber/vector_procedure.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/broker/subscriber/subscriber_bed.h"

namespace claviger::subscriber {
namespace {

class Vectors : public SubscriberBed, public ::testing::Test {};

TEST_F(Vectors, AModuleTakesWhatWasMadeForIt) {
  Module anns(kAnnKey, kAnnOpc);
  anns.set(SequenceClock::kLease);  // it was numbered somewhere
  const auto first = ask(request());
  ASSERT_TRUE(first);
  // Its own count is far behind our clock: one resynchronisation brings them together.
  EXPECT_FALSE(anns.takes(first->vector));
  VectorRequest again = request();
  again.resynchronisation = anns.resynchronisation(first->vector.rand);
  const auto second = ask(again);
  ASSERT_TRUE(second);
  EXPECT_NE(second->vector.rand, first->vector.rand);
  EXPECT_TRUE(anns.takes(second->vector));
  for (int i = 0; i < 50; ++i) {
    const auto next = ask(request());
    ASSERT_TRUE(next);
    EXPECT_TRUE(anns.takes(next->vector));
  }
}

TEST_F(Vectors, TuakToo) {
  Module toms(kTomKey, kTomTopc);
  toms.set(database().clock().now(shard().wall()) - 5);
  const auto made = ask(request(kTom, kTomPublic));
  ASSERT_TRUE(made);
  EXPECT_TRUE(toms.takes(made->vector));
}

// Two serving domains, vectors used in another order than they were made in (clause C.1.1.2).
TEST_F(Vectors, DomainsDoNotInvalidateEachOther) {
  Module anns(kAnnKey, kAnnOpc);
  anns.set(database().clock().now(shard().wall()) - 5);
  VectorRequest abroad = request();
  abroad.serving_domain = "bravo.example";
  const auto theirs = ask(abroad);
  const auto ours = ask(request());
  ASSERT_TRUE(theirs && ours);
  EXPECT_TRUE(anns.takes(ours->vector));
  EXPECT_TRUE(anns.takes(theirs->vector));
}

TEST_F(Vectors, NoNumberTwiceAcrossRestarts) {
  Module anns(kAnnKey, kAnnOpc);
  std::uint64_t last = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 40; ++i) {
      const auto made = ask(request());
      ASSERT_TRUE(made);
      anns.takes(made->vector);
      EXPECT_GT(anns.last() >> 5U, last);
      last = anns.last() >> 5U;
    }
    restart();
  }
}

// What a shard forgets of a subscriber, it does not number again, even when the clock stands.
TEST_F(Vectors, NoNumberTwiceWhenForgotten) {
  Module anns(kAnnKey, kAnnOpc);
  std::uint64_t last = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3; ++i) {
      const auto made = ask(request());
      ASSERT_TRUE(made);
      anns.takes(made->vector);
      EXPECT_GT(anns.last() >> 5U, last);
      last = anns.last() >> 5U;
    }
    for (int i = 0; i < 10; ++i) {
      const std::string name = "user" + std::to_string(round) + "-" + std::to_string(i);
      SubscriberDraft other = draft_of(name + "@x.example", {"sip:" + name + "@x.example"}, kAnnKey, kAnnOpc);
      ASSERT_TRUE(wait(add_subscriber(&database(), "alpha", std::move(other))));
      ASSERT_TRUE(ask(request(name + "@x.example", "sip:" + name + "@x.example")));
    }
    EXPECT_EQ(database().shard(0).cache.size(), 8U);
  }
}

TEST_F(Vectors, ABurstReservesFurtherAhead) {
  std::set<std::uint64_t> seen;
  Module anns(kAnnKey, kAnnOpc);
  for (Tick i = 0; i < 2 * SequenceClock::kLease; ++i) {
    const auto made = ask(request());
    ASSERT_TRUE(made);
    anns.takes(made->vector);
    EXPECT_TRUE(seen.insert(anns.last()).second);
  }
  restart();
  const auto made = ask(request());
  ASSERT_TRUE(made);
  anns.takes(made->vector);
  EXPECT_GT(anns.last(), *seen.rbegin());
}

// What is pipelined for one subscriber does not pile up behind the disk: the next numbers are reserved before they are needed.
TEST_F(Vectors, ABurstIsAnsweredWithoutWaiting) {
  VectorRequest right = request();
  ASSERT_TRUE(ask(right));
  run_turns(8);
  for (int round = 0; round < 40; ++round) {
    EXPECT_EQ(wait([](SipDatabase* all, const VectorRequest* asked) -> runtime::Task<int> {
                int made = 0;
                for (int i = 0; i < 256; ++i) made += make_vector_now(*all, *asked).has_value() ? 1 : 0;
                co_return made;
              }(&database(), &right)),
              256)
        << round;
    run_turns(8);
  }
}

// First requests of one subscriber, all before the first one's commit: the line is bounded, and it is his alone.
TEST_F(Vectors, FirstRequestsOfOneSubscriberWaitInALineOfHisOwn) {
  constexpr std::size_t kAsked = runtime::Turns::kWaitersMax + 10;
  struct Counted {
    SipDatabase* database = nullptr;
    std::size_t made = 0, busy = 0, other = 0;
  } of_ann{&database()}, of_tom{&database()};
  const auto ask_once = [](Counted* of, VectorRequest wanted) -> runtime::Task<void> {
    const auto answered = co_await make_vector(of->database, std::move(wanted));
    ++(answered ? of->made : answered.failed_with(Code::Overload) ? of->busy : of->other);
  };
  run_until([&] {
    for (std::size_t i = 0; i < kAsked; ++i) shard().scope().spawn(ask_once(&of_ann, request()));
    shard().scope().spawn(ask_once(&of_tom, request(kTom, kTomPublic)));
    return true;
  });
  run_until([&] { return of_ann.made + of_ann.busy + of_ann.other == kAsked && of_tom.made + of_tom.busy == 1; });
  // The one that has the turn, and those in line.
  EXPECT_EQ(of_ann.made, runtime::Turns::kWaitersMax + 1);
  EXPECT_EQ(of_ann.busy, kAsked - runtime::Turns::kWaitersMax - 1);
  EXPECT_EQ(of_tom.made, 1U);
  EXPECT_TRUE(ask(request()));  // nothing is left of it
}

TEST_F(Vectors, Refusals) {
  EXPECT_EQ(refusal(request("bob@ims.alpha.example", "sip:bob@ims.alpha.example")), Code::SubscriberUnknown);
  EXPECT_EQ(refusal(request(kAnn, "sip:bob@ims.alpha.example")), Code::PublicIdentityUnknown);
  EXPECT_EQ(refusal(request(kAnn, kTomPublic)), Code::IdentitiesDiffer);
  EXPECT_EQ(refusal(request("ann", kAnnPublic)), Code::SubscriberInvalid);
  EXPECT_EQ(refusal(request(kAnn, "ann")), Code::SubscriberInvalid);
  VectorRequest wrong = request();
  wrong.tenant = "bravo";
  EXPECT_EQ(refusal(wrong), Code::SubscriberUnknown);
  // Of AKAv2 not even the vector: it would go out as AKAv1's.
  for (const std::string_view scheme : {"SIP Digest", "Digest-MD5", "Early-IMS-Security", "NASS-Bundled",
                                        "Digest-AKAv2-MD5", "digest-akav2-md5", "Digest-AKAv2-SHA-256"}) {
    wrong = request();
    wrong.scheme = scheme;
    EXPECT_EQ(refusal(wrong), Code::AuthenticationScheme) << scheme;
  }
  SubscriberDraft disabled;
  disabled.private_identity = kAnn;
  disabled.is_enabled = false;
  ASSERT_TRUE(wait(change_subscriber(&database(), "alpha", std::move(disabled))));
  EXPECT_EQ(refusal(request()), Code::SubscriberDisabled);
}

// TS 29.228 clause 6.3.1: "Unknown" is the user's default; peers write it in any case.
TEST_F(Vectors, SchemesInAnyCase) {
  for (const std::string_view scheme : {"digest-akav1-MD5", "Unknown", "unknown", ""}) {
    VectorRequest right = request();
    right.scheme = scheme;
    EXPECT_TRUE(ask(right)) << scheme;
  }
}

TEST_F(Vectors, IdentitiesInAnyForm) {
  EXPECT_TRUE(ask(request("ann@IMS.alpha.EXAMPLE", "SIP:ann@IMS.alpha.example;transport=udp")));
  EXPECT_TRUE(ask(request(kAnn, "tel:+49-1701")));
}

TEST_F(Vectors, AutsRefusals) {
  const auto first = ask(request());
  ASSERT_TRUE(first);
  Module anns(kAnnKey, kAnnOpc);
  VectorRequest wrong = request();
  wrong.resynchronisation = anns.resynchronisation(first->vector.rand);
  wrong.resynchronisation.pop_back();
  EXPECT_EQ(refusal(wrong), Code::OutOfRange);
  wrong.resynchronisation = anns.resynchronisation(first->vector.rand);
  wrong.resynchronisation.back() = static_cast<char>(wrong.resynchronisation.back() ^ 1);
  EXPECT_EQ(refusal(wrong), Code::AutsInvalid);
  Module toms(kTomKey, kTomTopc);
  wrong.resynchronisation = toms.resynchronisation(first->vector.rand);
  EXPECT_EQ(refusal(wrong), Code::AutsInvalid);
}

TEST_F(Vectors, ResynchronisationsAreThrottled) {
  const auto first = ask(request());
  ASSERT_TRUE(first);
  Module anns(kAnnKey, kAnnOpc);
  VectorRequest again = request();
  again.resynchronisation = anns.resynchronisation(first->vector.rand);
  for (std::size_t i = 0; i < ResynchronisationThrottle::kFree; ++i) EXPECT_TRUE(ask(again));
  // Not an error: he gets a vector, and his numbers stay where they are.
  const std::uint64_t before = store().latest_sequence();
  const auto plain = ask(again);
  ASSERT_TRUE(plain);
  EXPECT_EQ(store().latest_sequence(), before);
  EXPECT_EQ(wait([](SipDatabase* all) -> runtime::Task<std::uint64_t> {
              co_return all->shard().figures.resynchronisations_ignored.read();
            }(&database())),
            1U);
  EXPECT_TRUE(ask(request()));  // vectors go on
  clock().advance(ResynchronisationThrottle::kWindow);
  run_turns(2);
  EXPECT_TRUE(ask(again));
}

// What a module proved of itself survives.
TEST_F(Vectors, ResynchronisationIsDurable) {
  Module anns(kAnnKey, kAnnOpc);
  anns.set(database().clock().now(shard().wall()) + 1'000'000);
  const auto first = ask(request());
  ASSERT_TRUE(first);
  EXPECT_FALSE(anns.takes(first->vector));
  VectorRequest again = request();
  again.resynchronisation = anns.resynchronisation(first->vector.rand);
  const auto second = ask(again);
  ASSERT_TRUE(second);
  EXPECT_TRUE(anns.takes(second->vector));
  restart();
  const auto third = ask(request());
  ASSERT_TRUE(third);
  EXPECT_TRUE(anns.takes(third->vector));
  const auto view = wait(find_subscriber(&database(), "alpha", std::string(kAnn)));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->sequence.resynchronisations, 1U);
}

// Clause 6.3.1: the S-CSCF's name is kept, authentication is pending; nothing is written when nothing changes.
TEST_F(Vectors, TheServersNameIsKept) {
  ASSERT_TRUE(ask(request()));
  auto view = wait(find_subscriber(&database(), "alpha", std::string(kAnnPublic)));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->server.server_name, kServer);
  EXPECT_TRUE(view->server.is_pending);
  EXPECT_EQ(view->server.registration, Registration::NotRegistered);
  const std::uint64_t before = store().latest_sequence();
  ASSERT_TRUE(ask(request()));
  EXPECT_EQ(store().latest_sequence(), before);
  VectorRequest other = request();
  other.server_name = "sip:scscf2.alpha.example";
  ASSERT_TRUE(ask(other));
  view = wait(find_subscriber(&database(), "alpha", std::string(kAnn)));
  EXPECT_EQ(view->server.server_name, "sip:scscf2.alpha.example");
}

// A first registration through two S-CSCFs with a resynchronisation between them (the name differs from what is kept).
TEST_F(Vectors, ResynchronisationOnFirstRegistrationThroughAnotherServer) {
  Module anns(kAnnKey, kAnnOpc);
  anns.set(database().clock().now(shard().wall()) + 5000);
  const auto first = ask(request());
  ASSERT_TRUE(first);
  EXPECT_FALSE(anns.takes(first->vector));
  VectorRequest other = request();
  other.server_name = "sip:scscf2.alpha.example";
  other.resynchronisation = anns.resynchronisation(first->vector.rand);
  const auto second = ask(other);
  ASSERT_TRUE(second);
  EXPECT_TRUE(anns.takes(second->vector));
}

TEST_F(Vectors, WithoutWaitingOnceItsServerIsKnown) {
  VectorRequest right = request();
  EXPECT_FALSE(wait([](SipDatabase* all, const VectorRequest* asked) -> runtime::Task<bool> {
    co_return make_vector_now(*all, *asked).has_value();
  }(&database(), &right)));
  ASSERT_TRUE(ask(right));
  EXPECT_TRUE(wait([](SipDatabase* all, const VectorRequest* asked) -> runtime::Task<bool> {
    co_return make_vector_now(*all, *asked).has_value();
  }(&database(), &right)));
  // Not at hand: one record of the store's memory is enough; without it, make_vector() waits for the disk.
  restart();
  EXPECT_TRUE(wait([](SipDatabase* all, const VectorRequest* asked) -> runtime::Task<bool> {
    co_return make_vector_now(*all, *asked).has_value();
  }(&database(), &right)));
  EXPECT_EQ(wait([](SipDatabase* all) -> runtime::Task<std::uint64_t> {
              co_return all->shard().figures.cache_misses.read();
            }(&database())),
            1U);
  VectorRequest unknown = request("nobody@ims.alpha.example", kAnnPublic);
  VectorRequest differs = request(kAnn, kTomPublic);
  for (const VectorRequest* other : {&unknown, &differs}) {
    EXPECT_FALSE(wait([](SipDatabase* all, const VectorRequest* asked) -> runtime::Task<bool> {
      co_return make_vector_now(*all, *asked).has_value();
    }(&database(), other)));
  }
}

TEST_F(Vectors, OfTheIdmsInAPartOfItsOwn) {
  const auto made = wait(database().next("alpha", std::string(kAnn), SecretBytes()));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->expected_response.size(), 8U);
  EXPECT_EQ(wait(database().next("alpha", "nobody@x.y", SecretBytes())).error().code, Code::UserUnknown);
  EXPECT_EQ(wait(database().next("alpha", "nonsense", SecretBytes())).error().code, Code::UserUnknown);
  const auto view = wait(find_subscriber(&database(), "alpha", std::string(kAnn)));
  EXPECT_TRUE(view->server.is_empty());  // it is no S-CSCF
}

}  // namespace
}  // namespace claviger::subscriber
