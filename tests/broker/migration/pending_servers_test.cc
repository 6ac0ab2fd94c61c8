#include "broker/migration/pending_servers.h"

#include <gtest/gtest.h>

namespace claviger::migration {
namespace {

constexpr Monotonic kNow{Seconds(1000)};
constexpr std::string_view kImpi = "v1@visitors.here.example";

TEST(PendingServers, KeepTheLastOneOfEachVisitor) {
  PendingServers pending;
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, "");
  pending.forget("alpha", kImpi);
  pending.note("alpha", kImpi, "sip:one.here.example", kNow);
  pending.note("alpha", "v2@visitors.here.example", "sip:two.here.example", kNow);
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, "sip:one.here.example");
  EXPECT_EQ(pending.find("alpha", "v2@visitors.here.example", kNow).name, "sip:two.here.example");
  EXPECT_EQ(pending.find("bravo", kImpi, kNow).name, "");
  pending.note("alpha", kImpi, "sip:3.example", kNow + Seconds(1));  // shorter
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, "sip:3.example");
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).at, kNow + Seconds(1));
  pending.forget("alpha", kImpi);
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, "");
  EXPECT_EQ(pending.find("alpha", "v2@visitors.here.example", kNow).name, "sip:two.here.example");
}

TEST(PendingServers, ALaterChallengeIsNotForgottenWithTheFormer) {
  PendingServers pending;
  pending.note("alpha", kImpi, "sip:one.here.example", kNow);
  const PendingServer decided = pending.find("alpha", kImpi, kNow);
  pending.note("alpha", kImpi, "sip:one.here.example", kNow + Seconds(1));
  pending.forget("alpha", kImpi, decided);
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).at, kNow + Seconds(1));
  pending.note("alpha", kImpi, "sip:two.here.example", kNow);
  pending.forget("alpha", kImpi, decided);
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, "sip:two.here.example");
  pending.forget("alpha", kImpi, pending.find("alpha", kImpi, kNow));
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, "");
}

TEST(PendingServers, EndWithTheChallenge) {
  PendingServers pending;
  pending.note("alpha", kImpi, "sip:one.here.example", kNow);
  EXPECT_NE(pending.find("alpha", kImpi, kNow + PendingServers::kPendingMax - Seconds(1)).name, "");
  EXPECT_EQ(pending.find("alpha", kImpi, kNow + PendingServers::kPendingMax).name, "");
}

TEST(PendingServers, NamesThatAreTooLongAreNotKept) {
  PendingServers pending;
  const std::string longest = "sip:" + std::string(PendingServers::kNameMax - 4, 'a');
  pending.note("alpha", kImpi, longest, kNow);
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, longest);
  pending.note("alpha", kImpi, longest + "a", kNow);  // and the former one is not his any more
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, "");
  pending.note("alpha", kImpi, "", kNow);
  EXPECT_EQ(pending.find("alpha", kImpi, kNow).name, "");
}

// Bounded: with four times as many as there are places most are gone, the last ones are there.
TEST(PendingServers, TheOldestMakeRoom) {
  PendingServers pending;
  constexpr std::size_t kMany = 4 * PendingServers::kSets * PendingServers::kPlacesOfSet;
  const auto name = [](std::size_t i) { return "v" + std::to_string(i) + "@visitors.here.example"; };
  for (std::size_t i = 0; i < kMany; ++i) {
    pending.note("alpha", name(i), "sip:" + std::to_string(i), kNow + std::chrono::microseconds(i));
  }
  std::size_t first = 0, last = 0;
  for (std::size_t i = 0; i < kMany; ++i) {
    const std::string found = pending.find("alpha", name(i), kNow + Seconds(1)).name;
    if (found.empty()) continue;
    EXPECT_EQ(found, "sip:" + std::to_string(i));  // never another's
    ++(i < kMany / 2 ? first : last);
  }
  EXPECT_EQ(pending.find("alpha", name(kMany - 1), kNow + Seconds(1)).name, "sip:" + std::to_string(kMany - 1));
  EXPECT_LT(first, last / 8);
  EXPECT_LE(first + last, PendingServers::kSets * PendingServers::kPlacesOfSet);
}

}  // namespace
}  // namespace claviger::migration
