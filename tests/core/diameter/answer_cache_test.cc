#include "core/diameter/answer_cache.h"

#include <gtest/gtest.h>

#include "tests/core/diameter/message_samples.h"

namespace claviger::diameter {
namespace {

using namespace samples;
using namespace std::chrono_literals;

struct DiameterAnswers : testing::Test {
  Message request(std::uint32_t end_to_end, const std::string& origin = "a", const std::string& session = "s",
                  const std::string& more = {}, bool is_retransmitted = false) {
    Header header = request_header(7, 8);
    header.end_to_end = end_to_end;
    if (is_retransmitted) header.flags |= kFlagRetransmitted;
    const std::string avps = avp_of(avp::kSessionId, session) + avp_of(avp::kOriginHost, origin) + more;
    return Message(slice(pool, message(header, avps)));
  }
  std::string found(const Message& asked, std::size_t peer = 3) {
    const auto bytes = cache.find(asked, cache.name_of(asked, peer), now);
    return bytes ? std::string(as_text(*bytes)) : "(none)";
  }
  void remember(const Message& asked, const std::string& answer) {
    cache.remember(cache.name_of(asked, 3), as_bytes(answer), now);
  }
  SlabPool pool;
  AnswerCache cache{SipKey{1, 2}, SipKey{3, 4}};
  Monotonic now{1000s};
};

TEST_F(DiameterAnswers, AreKnownByWhoNumberAndSession) {
  EXPECT_EQ(found(request(1)), "(none)");
  remember(request(1), "one");
  remember(request(2), "two");
  EXPECT_EQ(found(request(1)), "one");
  EXPECT_EQ(found(request(2)), "two");
  EXPECT_EQ(found(request(1, "b")), "(none)");
  EXPECT_EQ(found(request(1, "a", "t")), "(none)");
}

TEST_F(DiameterAnswers, EndWithTheGeneration) {
  remember(request(1), "a vector");
  AnswerCache::Name later = cache.name_of(request(1), 3);
  later.generation = 1;
  EXPECT_FALSE(cache.find(request(1, "a", "s", {}, true), later, now));
  EXPECT_EQ(found(request(1)), "a vector");
}

// What a message claims opens nobody else's: the peer's own identifiers, the first one's Origin-Host, and T.
TEST_F(DiameterAnswers, AreForThePeerThatAskedFirst) {
  remember(request(1), "a vector");
  for (const std::size_t other : {std::size_t{0}, std::size_t{2}, std::size_t{4}, std::size_t{3} << 32U}) {
    EXPECT_EQ(found(request(1), other), "(none)") << other;
    EXPECT_EQ(found(request(1, "a", "s", {}, true), other), "(none)") << other;
  }
  EXPECT_EQ(found(request(1, "a", "s", {}, true)), "a vector");
}

// One agent in front of two: what it wrote of the one's request stands in no request of the other's.
TEST_F(DiameterAnswers, AreForTheWayThatWasTaken) {
  const auto by = [&](const std::vector<std::string>& way) {
    std::string records;
    for (const std::string& one : way) records += avp_of(avp::kRouteRecord, one);
    return request(1, "a", "s", records, true);
  };
  remember(by({"a", "b"}), "a vector");
  EXPECT_EQ(found(by({"a", "b"})), "a vector");
  for (const std::vector<std::string>& other :
       {std::vector<std::string>{}, {"a"}, {"m"}, {"a", "m"}, {"m", "b"}, {"b", "a"}, {"ab"}, {"a", "b", "m"}}) {
    EXPECT_EQ(found(by(other)), "(none)");
  }
}

TEST_F(DiameterAnswers, WithoutTTheWholeRequestHasComeBefore) {  // identifiers given twice make no duplicate
  const std::string user = avp_of(avp::kUserName, "ann");
  remember(request(1, "a", "s", user), "of ann");
  EXPECT_EQ(found(request(1, "a", "s", user)), "of ann");
  EXPECT_EQ(found(request(1, "a", "s", avp_of(avp::kUserName, "bob"))), "(none)");
  EXPECT_EQ(found(request(1, "a", "s", avp_of(avp::kUserName, "bob"), true)), "of ann");
}

TEST_F(DiameterAnswers, AreForgottenAfterTenSeconds) {
  remember(request(1), "one");
  now += 10s;
  EXPECT_EQ(found(request(1)), "one");
  now += 1s;
  EXPECT_EQ(found(request(1)), "(none)");
  remember(request(2), "two");
  EXPECT_EQ(found(request(1)), "(none)");
}

TEST_F(DiameterAnswers, TheOldestMakeRoom) {
  const std::string large(100'000, 'x');
  for (std::uint32_t i = 0; i < 100; ++i) remember(request(i), large + std::to_string(i));
  EXPECT_EQ(found(request(99)), large + "99");
  EXPECT_EQ(found(request(0)), "(none)");
  for (std::uint32_t i = 0; i < 2 * AnswerCache::kEntries; ++i) remember(request(1000 + i), std::to_string(i));
  EXPECT_EQ(found(request(99)), "(none)");
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i < 2 * AnswerCache::kEntries; ++i) {
    const std::string answer = found(request(1000 + i));
    if (answer == "(none)") continue;
    EXPECT_EQ(answer, std::to_string(i));
    ++kept;
  }
  EXPECT_GT(kept, AnswerCache::kEntries / 2);
  EXPECT_LE(kept, AnswerCache::kEntries);
}

}  // namespace
}  // namespace claviger::diameter
