// The access control policy of a CAPIF core function (TS 29.222 clause 8.6; spec (keys) 9.3, step 7).
#include "broker/seal_keys/policy_guard.h"

#include "broker/seal_keys/capif_messages.h"
#include "broker/seal_keys/invoker.h"
#include "tests/broker/seal_keys/testbed.h"

namespace claviger::seal_keys {
namespace {

using http::Method;

const std::string kV2x = std::string(kRecords) + "?val-service-id=v2x";
constexpr std::string_view kNotify = "/idms/v1/alpha/capif-notifications/v1";

std::string list_of(std::string_view members) {
  return R"({"apiInvokerPolicies":[{"apiInvokerId":"inv-1")" + std::string(members) + "}]}";
}

TEST(AccessControlPolicy, IsReadAsItIsWritten) {
  const auto policy = read_access_control_policy(list_of(
      R"(,"allowedTotalInvocations":7,"allowedInvocationsPerSecond":2,"allowedInvocationTimeRangeList":)"
      R"([{"startTime":"2023-11-14T22:00:00Z","stopTime":"2023-11-15T00:30:00+01:00"},{"stopTime":"2020-01-01T00:00:00Z"}])"));
  ASSERT_TRUE(policy.has_value());
  const InvokerPolicy& one = policy->at("inv-1");
  EXPECT_EQ(one.total, 7U);
  EXPECT_EQ(one.per_second, 2U);
  EXPECT_FALSE(one.is_open_at(1'699'999'199));
  EXPECT_TRUE(one.is_open_at(1'699'999'200));
  EXPECT_TRUE(one.is_open_at(1'700'004'599));
  EXPECT_FALSE(one.is_open_at(1'700'004'600));
  EXPECT_TRUE(one.is_open_at(0));
  const auto plain = read_access_control_policy(list_of(R"(,"allowedInvocationTimeRangeList":[])"));
  ASSERT_TRUE(plain.has_value());
  EXPECT_TRUE(plain->at("inv-1").is_open_at(0));
  EXPECT_FALSE(plain->at("inv-1").total.has_value());
  EXPECT_TRUE(read_access_control_policy("{}")->empty());
}

TEST(AccessControlPolicy, OneBadEntrySpoilsTheList) {
  for (
      const std::string& json :
      {std::string(""), std::string("[]"), std::string(R"({"apiInvokerPolicies":{}})"),
       std::string(R"({"apiInvokerPolicies":[{}]})"), std::string(R"({"apiInvokerPolicies":[{"apiInvokerId":"a b"}]})"),
       list_of(R"(,"allowedTotalInvocations":-1)"), list_of(R"(,"allowedTotalInvocations":1.5)"),
       list_of(R"(,"allowedInvocationsPerSecond":"3")"),
       list_of(R"(,"allowedInvocationTimeRangeList":[{"startTime":"soon"}])"),
       list_of(
           R"(,"allowedInvocationTimeRangeList":[{"startTime":"2024-01-01T00:00:00Z","stopTime":"2023-01-01T00:00:00Z"}])"),
       std::string(R"({"apiInvokerPolicies":[{"apiInvokerId":"i"},{"apiInvokerId":"i"}]})")}) {
    EXPECT_FALSE(read_access_control_policy(json).has_value()) << json;
  }
  std::string many = R"({"apiInvokerPolicies":[{"apiInvokerId":"inv-1","allowedInvocationTimeRangeList":[{})";
  for (std::size_t i = 0; i < kTimeRangesMax; ++i) many += ",{}";
  EXPECT_TRUE(read_access_control_policy(many + "]}]}").failed_with(Code::TooMany));
}

class PolicyGuardTest : public ::testing::Test {
 protected:
  PolicyGuardTest() {
    bed.add_core();
    bed.create("v2x");
  }
  ~PolicyGuardTest() override { bed.run_turns(4); }  // what is given back of the turns
  std::shared_ptr<PolicyGuard> guard(PolicyMode mode) {
    auto made = std::make_shared<PolicyGuard>(*bed.context(), turns, "alpha", mode);
    bed.wait(loaded(made));
    return made;
  }
  static runtime::Task<bool> loaded(std::shared_ptr<PolicyGuard> one) {
    co_await PolicyGuard::load(one);
    co_return true;
  }
  void renew(const std::shared_ptr<PolicyGuard>& one, std::string_view members) {
    EXPECT_TRUE(bed.wait(PolicyGuard::renew(one, list_of(members))).has_value());
  }
  Result<Admission> admit(const std::shared_ptr<PolicyGuard>& one, std::string invoker = "inv-1") {
    return bed.wait(PolicyGuard::admit(one, std::move(invoker)));
  }
  void pass(Seconds time) {
    bed.clock().advance(time);
    bed.run_turns(1);  // the shard's time is that of its turn
  }
  // The tenant's core function with a policy, at an address where nobody listens.
  void set_core(PolicyMode mode) {
    CapifDraft draft = bed.core_draft();
    draft.open_services = {"v2x"};
    draft.url = "https://127.0.0.1:1";
    draft.policy_mode = mode;
    ASSERT_TRUE(bed.wait(bed.capif.set_core("alpha", std::move(draft))).has_value());
  }
  identity::Reply ask() { return bed.ask_as(bed.capif_bearer(bed.invoker_claims()), Method::Get, kV2x); }
  identity::Reply notify(std::string authorization, std::string body) {
    return bed.ask_as(std::move(authorization), Method::Post, kNotify, std::move(body));
  }

  SealBed bed;
  runtime::Turns turns{bed.shard()};
};

TEST_F(PolicyGuardTest, CountsTheCallsOfASecond) {
  const auto one = guard(PolicyMode::Lenient);
  renew(one, R"(,"allowedInvocationsPerSecond":2)");
  EXPECT_EQ(*admit(one), Admission::Admitted);
  EXPECT_EQ(*admit(one), Admission::Admitted);
  EXPECT_EQ(*admit(one), Admission::TooFast);
  EXPECT_EQ(*admit(one, "inv-2"), Admission::Admitted);  // who has no policy
  pass(Seconds{1});
  EXPECT_EQ(*admit(one), Admission::Admitted);
  renew(one, R"(,"allowedInvocationsPerSecond":0)");
  EXPECT_EQ(*admit(one), Admission::TooFast);
}

TEST_F(PolicyGuardTest, CountsAllCallsAcrossRestarts) {
  auto one = guard(PolicyMode::Lenient);
  renew(one, R"(,"allowedTotalInvocations":3)");
  EXPECT_EQ(*admit(one), Admission::Admitted);
  EXPECT_EQ(*admit(one), Admission::Admitted);
  one = guard(PolicyMode::Lenient);  // of another process: it knows what is in the store
  ASSERT_EQ(one->invokers(), 1U);
  EXPECT_EQ(*admit(one), Admission::Admitted);
  EXPECT_EQ(*admit(one), Admission::QuotaExceeded);
  EXPECT_EQ(bed.wait(find_invoker(bed.context(), "alpha", "inv-1"))->invocations, 3U);
  renew(one, R"(,"allowedTotalInvocations":4)");  // the core function gives one more
  EXPECT_EQ(*admit(one), Admission::Admitted);
  EXPECT_EQ(*admit(one), Admission::QuotaExceeded);
  // What an operator does with the invoker does not give him new calls.
  ASSERT_TRUE(bed.wait(allow_invoker(bed.context(), "alpha", "inv-1", {"v2x"})).has_value());
  EXPECT_EQ(*admit(one), Admission::QuotaExceeded);
}

TEST_F(PolicyGuardTest, OpensAtItsHours) {
  const auto one = guard(PolicyMode::Lenient);
  const std::int64_t now = numeric_date(bed.shard().wall());
  InvokerPolicy policy;
  policy.hours = {{now + 10, now + 20}};
  EXPECT_FALSE(policy.is_open_at(now));
  renew(one, R"(,"allowedInvocationTimeRangeList":[{"stopTime":"1999-01-01T00:00:00Z"}],"allowedTotalInvocations":1)");
  EXPECT_EQ(*admit(one), Admission::OutOfHours);
  renew(one, R"(,"allowedInvocationTimeRangeList":[{"startTime":"1999-01-01T00:00:00Z"}],"allowedTotalInvocations":1)");
  EXPECT_EQ(*admit(one), Admission::Admitted) << "what was refused is not counted";
}

TEST_F(PolicyGuardTest, StrictRefusesWhoHasNone) {
  const auto one = guard(PolicyMode::Strict);
  EXPECT_TRUE(admit(one).failed_with(Code::DeadlinePassed)) << "nothing is known yet";
  renew(one, "");
  EXPECT_EQ(*admit(one), Admission::Admitted);
  EXPECT_EQ(*admit(one, "inv-2"), Admission::NoPolicy);
}

TEST_F(PolicyGuardTest, WhatIsKnownHoldsWhileTheCoreFunctionIsAway) {
  const auto strict = guard(PolicyMode::Strict);
  renew(strict, R"(,"allowedInvocationsPerSecond":1)");
  pass(kPolicyStale - Seconds{1});
  EXPECT_EQ(*admit(strict), Admission::Admitted);
  pass(Seconds{1});
  EXPECT_TRUE(admit(strict).failed_with(Code::DeadlinePassed));
  const auto again = guard(PolicyMode::Strict);
  EXPECT_TRUE(admit(again).failed_with(Code::DeadlinePassed)) << "a restart makes nothing newer";
  const auto lenient = guard(PolicyMode::Lenient);
  pass(Seconds{100'000});
  EXPECT_EQ(*admit(lenient), Admission::Admitted);
  EXPECT_EQ(*admit(lenient), Admission::TooFast);
}

TEST_F(PolicyGuardTest, ABadListLeavesTheFormerOne) {
  const auto one = guard(PolicyMode::Lenient);
  renew(one, R"(,"allowedInvocationsPerSecond":0)");
  EXPECT_FALSE(bed.wait(PolicyGuard::renew(one, list_of(R"(,"allowedTotalInvocations":-5)"))).has_value());
  EXPECT_EQ(*admit(one), Admission::TooFast);
  EXPECT_EQ(*admit(guard(PolicyMode::Lenient)), Admission::TooFast);
}

TEST_F(PolicyGuardTest, AnswersSayWhichBound) {
  const auto said = [this](std::string_view members) {
    renew(guard(PolicyMode::Lenient), members);
    set_core(PolicyMode::Lenient);
    return ask();
  };
  EXPECT_EQ(said("").status, 200);
  const auto fast = said(R"(,"allowedInvocationsPerSecond":0)");
  EXPECT_EQ(fast.status, 429);
  EXPECT_EQ(fast.header("retry-after"), "1");
  const auto quota = said(R"(,"allowedTotalInvocations":0)");
  EXPECT_EQ(quota.status, 403);
  EXPECT_EQ(quota.member("cause"), "QUOTA_EXCEEDED");
  const auto hours = said(R"(,"allowedInvocationTimeRangeList":[{"stopTime":"1999-01-01T00:00:00Z"}])");
  EXPECT_EQ(hours.status, 403);
  EXPECT_EQ(hours.member("cause"), "INVOCATION_TIME_NOT_ALLOWED");
  // VAL servers with tokens of ours are no API invokers.
  EXPECT_EQ(bed.ask("val-service-id=v2x").status, 200);
}

TEST_F(PolicyGuardTest, TheModeIsTheOperators) {
  set_core(PolicyMode::Strict);
  const auto refused = ask();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  set_core(PolicyMode::Lenient);
  EXPECT_EQ(ask().status, 200);
  renew(guard(PolicyMode::Lenient), R"(,"allowedInvocationsPerSecond":0)");
  set_core(PolicyMode::Lenient);
  EXPECT_EQ(ask().status, 429);
  set_core(PolicyMode::Ignored);
  EXPECT_EQ(ask().status, 200);
  CapifDraft draft = bed.core_draft();
  draft.policy_mode = PolicyMode::Strict;
  EXPECT_TRUE(bed.wait(bed.capif.set_core("alpha", std::move(draft))).failed_with(Code::BadValue)) << "asked where?";
}

TEST_F(PolicyGuardTest, AnotherCoreFunctionsPolicyIsForgotten) {
  set_core(PolicyMode::Lenient);
  renew(guard(PolicyMode::Lenient), R"(,"allowedInvocationsPerSecond":0)");
  ASSERT_TRUE(bed.wait(bed.capif.remove_core("alpha")).has_value());
  set_core(PolicyMode::Lenient);
  EXPECT_EQ(ask().status, 200);
  EXPECT_FALSE(guard(PolicyMode::Lenient)->invokers().has_value());
}

TEST_F(PolicyGuardTest, OnlyTheCoreFunctionTellsOfEvents) {
  set_core(PolicyMode::Lenient);
  const std::string event = R"({"subscriptionId":"s-1","events":"ACCESS_CONTROL_POLICY_UPDATE"})";
  partners::ClaimTexts claims = bed.invoker_claims();
  EXPECT_EQ(notify("", event).status, 401);
  EXPECT_EQ(notify(bed.capif_bearer(claims), event).status, 403);
  EXPECT_EQ(notify(bed.bearer("vs1-client"), event).status, 401);
  claims["client_id"] = claims["scope"] = "";
  const std::string core = bed.capif_bearer(claims);
  EXPECT_EQ(notify(core, event).status, 204);
  EXPECT_EQ(notify(core, R"({"subscriptionId":"s-1","events":"API_INVOKER_OFFBOARDED"})").status, 204);
  EXPECT_EQ(notify(core, R"({"subscriptionId":"s-1"})").status, 400);
  EXPECT_EQ(notify(core, R"({"subscriptionId":1,"events":"x"})").status, 400);
  EXPECT_EQ(notify(core, "{").status, 400);
  EXPECT_EQ(bed.ask_as(core, Method::Post, kNotify, event, {{http::Field::ContentType, "text/plain"}}).status, 415);
}

TEST(CapifMessages, ASubscriptionIsNamedByItsLocation) {
  EXPECT_EQ(*read_subscription_location("https://ccf.example/capif-events/v1/aef-1/subscriptions/s-1"), "s-1");
  for (const std::string_view bad : {"", "https://ccf.example/x/", "/a/b%2Fc", "/a/b?c", "/a/b c"}) {
    EXPECT_TRUE(read_subscription_location(bad).failed_with(Code::BadValue)) << bad;
  }
}

}  // namespace
}  // namespace claviger::seal_keys
