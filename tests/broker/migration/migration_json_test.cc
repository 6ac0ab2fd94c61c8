#include "broker/migration/migration_json.h"

#include <gtest/gtest.h>

#include "broker/migration/outbox_work.h"
#include "tests/broker/migration/samples.h"

namespace claviger::migration {
namespace {

Result<Binding> read(std::string_view text) {
  codec::JsonReader reader;
  const auto value = reader.parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return read_binding_object(*value->as_object());
}

TEST(MigrationJson, WhatIsWrittenIsRead) {
  Binding one = good_binding();
  one.hosts = {"mms.home.example"};
  one.not_after = 99;
  const auto again = read(binding_text(one));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(encode_binding(*again), encode_binding(one));
}

TEST(MigrationJson, TakesTheNamesOfExchangedListsToo) {
  const auto one = read(
      R"({"primary_system_id":"home","mode":"DYNAMIC","state":"SUSPENDED","partner_impi":"v@here","partner_impu":["sip:v@here"],)"
      R"("primary_impi":"a@home","primary_impu":["sip:a@home","tel:+491"]})");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->system, "home");
  EXPECT_EQ(one->mode, Mode::Dynamic);
  EXPECT_EQ(one->state, BindingState::Suspended);
  EXPECT_EQ(one->partner_impus, std::vector<std::string>{"sip:v@here"});
  EXPECT_EQ(one->primary_impus.size(), 2U);
}

TEST(MigrationJson, RefusesOtherTypesAndNames) {
  for (const char* bad :
       {R"({"mode":"fast"})", R"({"partner_impi":5})", R"({"partner_impus":"a"})", R"({"partner_impus":[5]})",
        R"({"not_after":"x"})", R"({"direction":"up"})", R"({"access":[]})", R"({"access":{"networks":1}})",
        R"({"partner_impi":"a\u0000b"})", R"({"state":"gone"})"}) {
    EXPECT_TRUE(read(bad).failed_with(Code::BindingInvalid)) << bad;
  }
}

TEST(MigrationJson, OfOursWithoutIdentitiesThereIsPrepared) {
  const auto one = read(R"({"direction":"outbound","system":"s","mode":"dynamic","primary_impi":"a@b"})");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->state, BindingState::Prepared);
}

TEST(MigrationJson, ServiceRequestsAndResponses) {
  ServiceRequest request{"mcptt", "sip:a@here", "sip:a@home", "1"};
  const auto again = read_service_request(write_service_request(request));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->primary_mc_service_id, "sip:a@home");
  EXPECT_EQ(again->profile, "1");
  const auto granted = read_service_response(write_service_response(request, ""));
  EXPECT_TRUE(granted.has_value() && granted->is_authorised);
  const auto denied = read_service_response(write_service_response(request, "Why"));
  EXPECT_TRUE(denied.has_value() && !denied->is_authorised && denied->cause == "Why");
  EXPECT_FALSE(read_service_response("{}").has_value());
  EXPECT_FALSE(read_service_request("[]").has_value());
}

TEST(OutboxWork, IsReadStrictly) {
  EXPECT_FALSE(read_outbox_work("").has_value());
  EXPECT_FALSE(read_outbox_work(std::string_view("prepare\0a\0b", 11)).has_value());
  EXPECT_FALSE(read_outbox_work(std::string_view("forget\0a\0b\0c", 12)).has_value());
  EXPECT_FALSE(read_outbox_work(std::string_view("revoke\0a\0b\0c\0d", 14)).has_value());
  const auto good = read_outbox_work(std::string_view("revoke\0a\0b\0c", 12));
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->kind, OutboxWork::Kind::Revoke);
  EXPECT_EQ(good->primary_impi, "c");
}

}  // namespace
}  // namespace claviger::migration
