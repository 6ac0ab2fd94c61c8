#include "broker/migration/visitor_assignment.h"

#include <gtest/gtest.h>

#include "tests/broker/migration/testbed.h"

namespace claviger::migration {
namespace {

const std::string kOne = "sip:one.here.example";
const std::string kTwo = "sip:two.here.example";
const VisitorRegistration kNobody;
const VisitorRegistration kAtOne{kOne, "one.here.example", "here.example", true};
const VisitorRegistration kUnregisteredAtOne{kOne, "one.here.example", "here.example", false};

Assignment of(std::uint32_t type, const std::string& server, const VisitorRegistration& recorded,
              const std::string& pending) {
  return assign({type, server, "h.here.example", "here.example", true}, recorded, pending);
}
bool is_refused(const Assignment& answer, std::uint32_t code, bool is_experimental) {
  return answer.refusal == code && answer.is_experimental == is_experimental && !answer.next;
}
bool is_assigned(const Assignment& answer, const std::string& server, bool is_registered) {
  return answer.refusal == 0 && answer.next && answer.next->server_name == server &&
         answer.next->is_registered == is_registered && answer.next->host == "h.here.example";
}
bool is_kept(const Assignment& answer) { return answer.refusal == 0 && !answer.next; }

// TS 29.228 clause 6.1.2: the name is the one that is assigned, or that a MAR made pending.
TEST(VisitorAssignment, RegistersWithTheServerThatWasGivenAVector) {
  for (const std::uint32_t type : {1U, 2U}) {
    EXPECT_TRUE(is_assigned(of(type, kOne, kNobody, kOne), kOne, true));
    EXPECT_TRUE(of(type, kOne, kNobody, kOne).ends_pending);
    EXPECT_TRUE(is_assigned(of(type, kTwo, kAtOne, kTwo), kTwo, true));  // taken over
    EXPECT_TRUE(is_assigned(of(type, kOne, kAtOne, ""), kOne, true));    // refreshed without a challenge
    EXPECT_TRUE(is_assigned(of(type, kOne, kAtOne, kTwo), kOne, true));  // the other one is not done yet
    EXPECT_FALSE(of(type, kOne, kAtOne, kTwo).ends_pending);
    EXPECT_TRUE(is_assigned(of(type, kOne, kNobody, ""), kOne, true));  // challenged before a restart
  }
}

TEST(VisitorAssignment, AnotherServerTakesNobodyOverWithoutAVector) {
  for (const std::uint32_t type : {1U, 2U, 3U}) {
    EXPECT_TRUE(is_refused(of(type, kTwo, kAtOne, ""), 5005, true)) << type;
    EXPECT_TRUE(is_refused(of(type, kTwo, kAtOne, kOne), 5005, true)) << type;
    EXPECT_TRUE(is_refused(of(type, kTwo, kNobody, kOne), 5005, true)) << type;
    EXPECT_TRUE(is_refused(of(type, kTwo, kUnregisteredAtOne, ""), 5005, true)) << type;
  }
}

TEST(VisitorAssignment, TheProfileIsForWhomServesHim) {
  EXPECT_TRUE(is_kept(of(0, kOne, kAtOne, "")));
  EXPECT_TRUE(is_refused(of(0, kTwo, kAtOne, ""), 5012, false));
  EXPECT_TRUE(is_refused(of(0, kTwo, kAtOne, kTwo), 5012, false));
  EXPECT_TRUE(is_refused(of(0, kTwo, kNobody, ""), 5012, false));
}

TEST(VisitorAssignment, LaterTypesAreForWhomServesHim) {
  for (const std::uint32_t type : {12U, 13U, 14U, 99U}) {
    EXPECT_TRUE(is_kept(of(type, kOne, kAtOne, ""))) << type;
    EXPECT_TRUE(is_refused(of(type, kTwo, kAtOne, ""), 5012, false)) << type;
    EXPECT_TRUE(is_refused(of(type, kTwo, kNobody, kTwo), 5012, false)) << type;
  }
}

TEST(VisitorAssignment, UnregisteredUsersAreNobodyElses) {
  EXPECT_TRUE(is_assigned(of(3, kOne, kNobody, ""), kOne, false));
  EXPECT_TRUE(is_assigned(of(3, kOne, kUnregisteredAtOne, ""), kOne, false));
  EXPECT_TRUE(is_refused(of(3, kOne, kAtOne, ""), 5007, true));
  EXPECT_TRUE(is_refused(of(3, kOne, kNobody, kOne), 5005, true));  // first what is pending
}

TEST(VisitorAssignment, AFailedChallengeLeavesHimWhatHeWas) {
  for (const std::uint32_t type : {9U, 10U}) {
    EXPECT_TRUE(is_kept(of(type, kTwo, kAtOne, kTwo)));
    EXPECT_TRUE(of(type, kTwo, kAtOne, kTwo).ends_pending);
    EXPECT_TRUE(is_kept(of(type, kOne, kAtOne, "")));
    EXPECT_TRUE(is_kept(of(type, kOne, kNobody, kOne)));
    EXPECT_TRUE(is_refused(of(type, kTwo, kAtOne, ""), 5012, false));
    EXPECT_TRUE(is_refused(of(type, kTwo, kNobody, kOne), 5012, false));
  }
}

TEST(VisitorAssignment, EndsWithWhomServesHim) {
  for (const std::uint32_t type : {4U, 5U, 8U, 11U}) {
    const Assignment ended = of(type, kOne, kAtOne, "");
    EXPECT_TRUE(ended.refusal == 0 && ended.next && ended.next->server_name.empty()) << type;
    EXPECT_TRUE(is_refused(of(type, kTwo, kAtOne, ""), 5012, false)) << type;
    EXPECT_TRUE(is_refused(of(type, kTwo, kAtOne, kTwo), 5012, false)) << type;
  }
  for (const std::uint32_t type : {6U, 7U}) {
    const Assignment stored = of(type, kOne, kAtOne, "");
    EXPECT_TRUE(stored.refusal == 0 && stored.next && stored.next->server_name == kOne && !stored.next->is_registered);
    EXPECT_TRUE(is_kept(of(type, kOne, kUnregisteredAtOne, "")));
    EXPECT_TRUE(is_refused(of(type, kTwo, kAtOne, ""), 5012, false)) << type;
  }
}

// One that an agreement names and that is not of our realm names the one which serves him: it is not that one.
TEST(VisitorAssignment, ANameIsOfItsHost) {
  const auto from = [](std::uint32_t type, const std::string& host, const std::string& pending = {}) {
    return assign({type, kOne, host, "carrier.example"}, kAtOne, pending);
  };
  for (const std::uint32_t type : {0U, 4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U, 12U}) {
    EXPECT_TRUE(is_refused(from(type, "two.carrier.example"), 5012, false)) << type;
    EXPECT_EQ(from(type, "One.Here.Example").refusal, 0U) << type;
  }
  for (const std::uint32_t type : {1U, 2U, 3U}) {
    EXPECT_TRUE(is_refused(from(type, "two.carrier.example"), 5005, true)) << type;
  }
  EXPECT_EQ(from(1, "two.carrier.example", kOne).refusal, 0U);  // it was given a vector
}

// Two S-CSCFs at once: the second finds what it had read changed, and has to decide anew.
TEST(VisitorRegistration, IsWrittenInPlaceOfWhatWasRead) {
  MigrationBed bed;
  const std::string impi = "v1@visitors.here.example";
  const auto read = [&] { return *bed.wait(read_visitor(bed.context(), "alpha", impi)); };
  const auto write = [&](VisitorRegistration next, std::uint64_t version) {
    return bed.wait(write_visitor(bed.context(), "alpha", impi, std::move(next), version));
  };
  EXPECT_EQ(read().version, 0U);
  ASSERT_TRUE(write(kAtOne, 0));
  EXPECT_TRUE(write(kUnregisteredAtOne, 0).failed_with(Code::Conflict));
  const std::uint64_t version = read().version;
  ASSERT_TRUE(write({kTwo, "two.here.example", "here.example", true}, version));
  EXPECT_TRUE(write(kNobody, version).failed_with(Code::Conflict));
  EXPECT_EQ(read().server_name, kTwo);
  ASSERT_TRUE(write(kNobody, read().version));
  EXPECT_EQ(read().server_name, "");
}

}  // namespace
}  // namespace claviger::migration
