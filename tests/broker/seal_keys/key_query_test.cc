// Spec (keys) section 3, trap 1, and section 11 rows 32 and 33.
#include "broker/seal_keys/key_query.h"

#include <gtest/gtest.h>

namespace claviger::seal_keys {
namespace {

KeyQueryOrFault parse(std::string_view query) {
  codec::JsonReader reader;
  return parse_key_query(reader, query);
}
Target target_of(std::string_view query) {
  const KeyQueryOrFault parsed = parse(query);
  EXPECT_TRUE(parsed.query.has_value()) << query << ": " << parsed.fault.param << " " << parsed.fault.reason;
  return parsed.query ? parsed.query->target : Target{};
}
std::string fault_of(std::string_view query) {
  const KeyQueryOrFault parsed = parse(query);
  EXPECT_FALSE(parsed.query.has_value()) << query;
  return std::string(parsed.fault.param);
}

const Target kAlice{TargetKind::User, "alice"};
const Target kPhone{TargetKind::Ue, "ue-7"};

TEST(KeyQuery, Trap1FormExplode) {
  EXPECT_EQ(target_of("val-service-id=s&valUserId=alice"), kAlice);
  EXPECT_EQ(target_of("valUeId=ue-7&val-service-id=s"), kPhone);
}

TEST(KeyQuery, Trap1Json) {
  EXPECT_EQ(target_of("val-service-id=s&val-tgt-ue=%7B%22valUserId%22%3A%22alice%22%7D"), kAlice);
  EXPECT_EQ(target_of("val-service-id=s&val-tgt-ue={\"valUeId\":\"ue-7\"}"), kPhone);
  EXPECT_EQ(target_of("val-service-id=s&val-tgt-ue={\"valUeId\":\"ue-7\",\"other\":1}"), kPhone);
}

TEST(KeyQuery, Trap1FormWithoutExplode) {
  EXPECT_EQ(target_of("val-service-id=s&val-tgt-ue=valUserId,alice"), kAlice);
  EXPECT_EQ(target_of("val-service-id=s&val-tgt-ue=valUeId%2Cue-7"), kPhone);
  EXPECT_EQ(target_of("val-service-id=s&val-tgt-ue=valUserId,a,b"), (Target{TargetKind::User, "a,b"}));
}

TEST(KeyQuery, Trap1DeepObject) {
  EXPECT_EQ(target_of("val-service-id=s&val-tgt-ue[valUserId]=alice"), kAlice);
  EXPECT_EQ(target_of("val-service-id=s&val-tgt-ue%5BvalUeId%5D=ue-7"), kPhone);
  EXPECT_EQ(fault_of("val-service-id=s&val-tgt-ue[valUserId]=a&val-tgt-ue[valUeId]=a"), "val-tgt-ue");
  EXPECT_EQ(fault_of("val-service-id=s&val-tgt-ue[valUserId]=a&val-tgt-ue[valUserId]=b"), "val-tgt-ue");
  EXPECT_EQ(fault_of("val-service-id=s&val-tgt-ue[valUserId]="), "valUserId");
}

TEST(KeyQuery, Trap1FormsThatAgreeAreOneTarget) {
  EXPECT_EQ(target_of("val-service-id=s&valUserId=alice&val-tgt-ue=valUserId,alice&val-tgt-ue[valUserId]=alice&"
                      "val-tgt-ue={\"valUserId\":\"alice\"}&valUserId=alice"),
            kAlice);
}

TEST(KeyQuery, Trap1FormsThatDisagreeAreRefused) {
  EXPECT_EQ(fault_of("val-service-id=s&valUserId=alice&val-tgt-ue=valUserId,bob"), "val-tgt-ue");
  EXPECT_EQ(fault_of("val-service-id=s&valUserId=alice&valUserId=bob"), "val-tgt-ue");
  EXPECT_EQ(fault_of("val-service-id=s&valUserId=alice&val-tgt-ue={\"valUeId\":\"alice\"}"), "val-tgt-ue");
}

TEST(KeyQuery, WithoutATargetItIsTheServicesOwnKey) { EXPECT_EQ(target_of("val-service-id=s"), Target{}); }

TEST(KeyQuery, Row32ServiceMissingEmptyOrTwice) {
  EXPECT_EQ(fault_of(""), "val-service-id");
  EXPECT_EQ(parse("").fault.reason, kIsMissing);
  EXPECT_EQ(fault_of("valUserId=alice"), "val-service-id");
  EXPECT_EQ(fault_of("val-service-id="), "val-service-id");
  EXPECT_EQ(fault_of("val-service-id"), "val-service-id");
  EXPECT_EQ(fault_of("val-service-id=a&val-service-id=b"), "val-service-id");
  EXPECT_EQ(fault_of("val-service-id=a%20b"), "val-service-id");
  EXPECT_TRUE(parse("val-service-id=a&val-service-id=a").query.has_value());
}

TEST(KeyQuery, Row33BothMembers) {
  EXPECT_EQ(fault_of("val-service-id=s&valUserId=a&valUeId=a"), "val-tgt-ue");
  EXPECT_EQ(fault_of("val-service-id=s&val-tgt-ue={\"valUserId\":\"a\",\"valUeId\":\"a\"}"), "val-tgt-ue");
  EXPECT_EQ(fault_of("val-service-id=s&val-tgt-ue=valUserId,a,valUeId,a"), "val-tgt-ue");
}

TEST(KeyQuery, ATargetThatIsNotUnderstoodIsNotLeftOut) {
  for (const std::string_view query :
       {"val-tgt-ue=", "val-tgt-ue=alice", "val-tgt-ue=valUserId", "val-tgt-ue={}", "val-tgt-ue={\"valUserId\":\"a\"",
        "val-tgt-ue=[\"valUserId\",\"a\"]", "val-tgt-ue[]=a", "val-tgt-ue[valUserid]=a", "val-tgt-ue[valUserId]x=a",
        "val-tgt-ue[valUserId][]=a", "val-tgt-ue={\"valUserId\":\"a\",\"valUserId\":\"b\"}"}) {
    EXPECT_EQ(fault_of("val-service-id=s&" + std::string(query)), "val-tgt-ue") << query;
  }
  EXPECT_EQ(fault_of("val-service-id=s&valUserId="), "valUserId");
  EXPECT_EQ(fault_of("val-service-id=s&val-tgt-ue={\"valUserId\":7}"), "valUserId");
  EXPECT_EQ(fault_of("val-service-id=s&val-tgt-ue={\"valUeId\":\"\"}"), "valUeId");
  EXPECT_EQ(fault_of("val-service-id=s&valUserId=" + std::string(256, 'a')), "valUserId");
}

TEST(KeyQuery, WhatIsNotAQueryIsRefused) {
  EXPECT_EQ(fault_of("val-service-id=%GG"), "query");
  EXPECT_EQ(fault_of("val-service-id=s&x=" + std::string(kQueryBytesMax, 'x')), "query");
  EXPECT_TRUE(parse("val-service-id=s&supported-features=0").query.has_value());
}

}  // namespace
}  // namespace claviger::seal_keys
