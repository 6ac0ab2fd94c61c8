#include <gtest/gtest.h>

#include <functional>

#include "tests/broker/migration/samples.h"

namespace claviger::migration {
namespace {

TEST(Agreement, KeepsEveryField) {
  Agreement one = good_agreement();
  one.not_before = 5;
  one.not_after = 9;
  one.created_at = 3;
  one.is_active = false;
  one.agents = {"dea.example"};
  one.cscfs = {"scscf.here.example"};
  one.server_name = "sip:x.example";
  one.user_data = "<IMSSubscription/>";
  one.wants_grant = true;
  one.grant_vendor = 32473;
  one.grant_code = 7;
  one.access_realm = "visitors.here.example";
  one.access_proxy = "sip:pcscf.here.example";
  one.access_networks = {"mcs"};
  one.identities = {"sip:", "tel:+4930"};
  one.url = "https://home.example/migration/v1/home";
  one.token_endpoint = "https://home.example/token";
  one.client_id = "c";
  one.ca_pem = "ca";
  one.certificate_pem = "cert";
  one.sealed_key = std::string("\0\1k", 3);
  const std::string bytes = encode_agreement(one);
  const auto read = decode_agreement(storage::Value::owned(bytes, 7, 0), one.system);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(encode_agreement(*read), bytes);
  EXPECT_EQ(read->version, 7U);
  EXPECT_EQ(read->sealed_key, one.sealed_key);
  EXPECT_EQ(read->grant_vendor, 32473U);
  EXPECT_EQ(read->grant_code, 7U);
  EXPECT_EQ(read->identities, one.identities);
  EXPECT_TRUE(decode_agreement(storage::Value::owned(bytes.substr(0, 20), 1, 0), "x").failed_with(Code::Corrupt));
}

TEST(Agreement, RefusesWhatIsWrong) {
  EXPECT_TRUE(check_agreement(good_agreement(), false).has_value());
  const std::vector<std::pair<std::string_view, std::function<void(Agreement&)>>> spoilt{
      {"agreement.grant_vendor", [](Agreement& one) { one.wants_grant = true; }},
      {"agreement.grant_vendor", [](Agreement& one) { one.grant_vendor = 10415; }},
      {"agreement.system", [](Agreement& one) { one.system = "MC system"; }},
      {"agreement.own_system", [](Agreement& one) { one.own_system = one.system; }},
      {"agreement.not_after", [](Agreement& one) { one.not_before = 5, one.not_after = 5; }},
      {"agreement.services", [](Agreement& one) { one.services = {"voice"}; }},
      {"agreement.domains", [](Agreement& one) { one.domains.clear(); }},
      {"agreement.ranges", [](Agreement& one) { one.ranges.clear(); }},
      {"agreement.identities", [](Agreement& one) { one.identities = {"4930"}; }},
      {"agreement.identities", [](Agreement& one) { one.identities.assign(kAgreementListMax + 1, "sip:"); }},
      {"agreement.ranges", [](Agreement& one) { one.ranges = {"home.example"}; }},
      {"agreement.ranges", [](Agreement& one) { one.ranges.assign(kAgreementListMax + 1, "a.example"); }},
      {"agreement.realm", [](Agreement& one) { one.realm.clear(); }},
      {"agreement.core_hosts", [](Agreement& one) { one.core_hosts = {"a b"}; }},
      {"agreement.server_name", [](Agreement& one) { one.server_name = "mms"; }},
      {"agreement.user_data", [](Agreement& one) { one.user_data.assign(kUserDataMax + 1, 'x'); }},
      {"agreement.requests_per_second", [](Agreement& one) { one.requests_per_second = 0; }},
      {"agreement.bindings_max", [](Agreement& one) { one.bindings_max = 20'000'000; }},
      {"agreement.access_realm", [](Agreement& one) { one.access_realm = "x y"; }},
      {"agreement.access_proxy", [](Agreement& one) { one.access_proxy = "a\nb"; }},
      {"agreement.url", [](Agreement& one) { one.url = "http://home.example/migration"; }},
      {"agreement.token_endpoint", [](Agreement& one) { one.url = "https://home.example/m"; }},
  };
  for (const auto& [where, spoil] : spoilt) {
    Agreement one = good_agreement();
    spoil(one);
    const auto checked = check_agreement(one, false);
    ASSERT_TRUE(checked.failed_with(Code::AgreementInvalid)) << where;
    EXPECT_EQ(checked.error().where, where);
  }
}

TEST(Agreement, IsInForceBetweenItsTimes) {
  Agreement one = good_agreement();
  EXPECT_TRUE(check_in_force(one, 100).has_value());
  one.not_before = 100;
  one.not_after = 200;
  EXPECT_TRUE(check_in_force(one, 99).failed_with(Code::AgreementEnded));
  EXPECT_TRUE(check_in_force(one, 100).has_value());
  EXPECT_TRUE(check_in_force(one, 199).has_value());
  EXPECT_TRUE(check_in_force(one, 200).failed_with(Code::AgreementEnded));
  one.is_active = false;
  EXPECT_TRUE(check_in_force(one, 150).failed_with(Code::AgreementEnded));
  EXPECT_TRUE(check_service(one, "mcptt").has_value());
  EXPECT_TRUE(check_service(one, "mcdata").failed_with(Code::ServiceNotAuthorised));
}

TEST(Agreement, NamesItselfUpstream) {
  Agreement one = good_agreement();
  EXPECT_EQ(one.own_server_name(), "sip:mms.visitors.here.example");
  one.server_name = "sip:other.example";
  EXPECT_EQ(one.own_server_name(), "sip:other.example");
}

}  // namespace
}  // namespace claviger::migration
