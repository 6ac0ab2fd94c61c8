#include <gtest/gtest.h>

#include <functional>

#include "tests/broker/migration/samples.h"

namespace claviger::migration {
namespace {

TEST(Binding, KeepsEveryField) {
  Binding one = good_binding();
  one.mode = Mode::Dynamic;
  one.state = BindingState::Suspended;
  one.is_configured_by_procedure = true;
  one.sub = "s";
  one.hosts = {"mms.home.example"};
  one.realm = "home.example";
  one.grant = "a.b.c";
  one.not_before = 1;
  one.not_after = 2;
  one.access = {"r", "p", {"n"}};
  one.created_at = 3;
  one.changed_at = 4;
  const std::string bytes = encode_binding(one);
  const auto read = decode_binding(storage::Value::owned(bytes, 9, 0), "x");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(encode_binding(*read), bytes);
  EXPECT_EQ(read->version, 9U);
  EXPECT_TRUE(decode_binding(storage::Value::owned("", 1, 0), "x").failed_with(Code::Corrupt));
}

TEST(Binding, RefusesWhatTheAgreementDoesNotAllow) {
  EXPECT_TRUE(check_binding(good_binding(), good_agreement()).has_value());
  EXPECT_TRUE(check_binding(good_outbound(), good_agreement()).has_value());
  const std::vector<std::pair<std::string_view, std::function<void(Binding&, Agreement&)>>> spoilt{
      {"binding.partner", [](Binding& one, Agreement&) { one.partner_impi = "v1@elsewhere.example"; }},
      {"binding.partner", [](Binding& one, Agreement&) { one.partner_impus = {}; }},
      {"binding.partner", [](Binding& one, Agreement&) { one.partner_impus = {"sip:v@home.example"}; }},
      {"binding.partner", [](Binding& one, Agreement&) { one.partner_impus.assign(2, one.partner_impus[0]); }},
      {"binding.partner",
       [](Binding& one, Agreement&) { one.partner_impus.assign(kPublicIdentitiesMax + 1, "tel:+1"); }},
      {"binding.primary", [](Binding& one, Agreement&) { one.primary_impi = "u1@here.example"; }},
      {"binding.primary", [](Binding& one, Agreement&) { one.primary_impus = {"mailto:u@home.example"}; }},
      {"binding.mode", [](Binding&, Agreement& agreed) { agreed.inbound = Inbound::Dynamic; }},
      {"binding.mode",
       [](Binding& one, Agreement& agreed) { one.mode = Mode::Dynamic, agreed.inbound = Inbound::Static; }},
      {"binding.state", [](Binding& one, Agreement&) { one.state = BindingState::Prepared; }},
      {"binding.hosts", [](Binding& one, Agreement&) { one.hosts = {"A"}; }},
      {"binding.realm", [](Binding& one, Agreement&) { one.realm = "a b"; }},
      {"binding.grant", [](Binding& one, Agreement&) { one.grant.assign(kGrantMax + 1, 'x'); }},
      {"binding.not_after", [](Binding& one, Agreement&) { one.not_before = 2, one.not_after = 2; }},
  };
  for (const auto& [where, spoil] : spoilt) {
    Binding one = good_binding();
    Agreement agreed = good_agreement();
    spoil(one, agreed);
    const auto checked = check_binding(one, agreed);
    ASSERT_TRUE(checked.failed_with(Code::BindingInvalid)) << where;
    EXPECT_EQ(checked.error().where, where);
  }
  Binding away = good_outbound();
  away.mode = Mode::Static;
  EXPECT_TRUE(check_binding(away, good_agreement()).failed_with(Code::BindingInvalid));
  Agreement closed = good_agreement();
  closed.outbound = Outbound::None;
  EXPECT_TRUE(check_binding(good_outbound(), closed).failed_with(Code::BindingInvalid));
}

TEST(Binding, HasIdentitiesThatTheAgreementNames) {
  Agreement agreed = good_agreement();
  Binding one = good_binding();
  one.partner_impus.emplace_back("tel:+4930123");
  const auto check = [&](const Binding* present = nullptr) {
    return check_new_identities(one, present, agreed).has_value();
  };
  EXPECT_TRUE(check());  // nothing is said of them
  agreed.identities = {"sip:", "tel:+4930"};
  EXPECT_TRUE(check());
  for (const char* other : {"tel:+4989123", "tel:+493", "tel:+1"}) {
    one.partner_impus.back() = other;
    const auto checked = check_new_identities(one, nullptr, agreed);
    ASSERT_TRUE(checked.failed_with(Code::BindingInvalid)) << other;
    EXPECT_EQ(checked.error().where, "binding.identities");
  }
  // What he has he keeps; nobody else gets it.
  const Binding present = one;
  EXPECT_TRUE(check(&present));
  const Binding without = good_binding();
  EXPECT_FALSE(check(&without));
  agreed.identities = {"tel:+1"};
  EXPECT_TRUE(check(&present));
  EXPECT_FALSE(check());
  one.partner_impus = {"tel:+1"};
  EXPECT_TRUE(check());
  // The other system's own are its own business.
  agreed.identities = {"sip:nobody-"};
  one = good_outbound();
  one.partner_impus = {"tel:+4989123"};
  EXPECT_TRUE(check());
}

TEST(Binding, IsUsableWhileActiveAndValid) {
  Binding one = good_binding();
  one.not_before = 10;
  one.not_after = 20;
  EXPECT_TRUE(check_usable(one, 9).failed_with(Code::BindingInactive));
  EXPECT_TRUE(check_usable(one, 10).has_value());
  EXPECT_TRUE(check_usable(one, 20).failed_with(Code::BindingInactive));
  for (const BindingState state :
       {BindingState::Suspended, BindingState::Revoked, BindingState::Prepared, BindingState::Pending}) {
    one.state = state;
    EXPECT_TRUE(check_usable(one, 15).failed_with(Code::BindingInactive));
  }
}

}  // namespace
}  // namespace claviger::migration
