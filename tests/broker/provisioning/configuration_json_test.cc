#include "broker/provisioning/configuration_json.h"

#include <gtest/gtest.h>

#include "broker/identity/val_identity.h"

namespace claviger::provisioning {
namespace {

// TS 29.549 V18.4.0: VALServicesConfig, VALServiceParams, ValTargetUe.
constexpr std::string_view kGood =
    R"({"valServerId":"vs1.example","valSvcConf":[)"
    R"({"valServiceId":"v2x","idList":[{"valUserId":"sip:ann@example"},{"valUeId":"ue-7"}]},)"
    R"({"valServiceId":"uas","idList":[{"valUserId":"bob"}]}],"suppFeat":"0","later":{"x":[1]}})";

std::string fault_of(std::string_view json) {
  const auto parsed = parse_configuration(json);
  if (parsed.body) return "";
  return parsed.fault.member + ": " + std::string(parsed.fault.reason);
}

std::string in_service(std::string_view service) {
  return R"({"valServerId":"vs1","valSvcConf":[)" + std::string(service) + "]}";
}

std::string with_identity(std::string_view identity) {
  return in_service(R"({"valServiceId":"v2x","idList":[)" + std::string(identity) + "]}");
}

TEST(ConfigurationJson, ReadsWhatTheApiDescribes) {
  const auto parsed = parse_configuration(kGood);
  ASSERT_TRUE(parsed.body) << parsed.fault.member << parsed.fault.reason;
  EXPECT_EQ(parsed.body->val_server_id, "vs1.example");
  EXPECT_TRUE(parsed.body->has_features);
  ASSERT_EQ(parsed.body->services.size(), 2U);
  EXPECT_EQ(parsed.body->services[0], (ValService{"v2x", {"sip:ann@example"}, {"ue-7"}}));
  EXPECT_EQ(parsed.body->services[1], (ValService{"uas", {"bob"}, {}}));
}

TEST(ConfigurationJson, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < kGood.size(); ++size) EXPECT_NE(fault_of(kGood.substr(0, size)), "") << size;
}

TEST(ConfigurationJson, NamesTheMemberThatIsWrong) {
  EXPECT_EQ(fault_of(""), ": is empty");
  EXPECT_EQ(fault_of("[]"), ": must be an object");
  EXPECT_EQ(fault_of(R"({"valServerId":"a","valServerId":"b"})"), ": repeats a member");
  EXPECT_EQ(fault_of(R"({"valSvcConf":[]})"), "/valServerId: is missing");
  EXPECT_EQ(fault_of(R"({"valServerId":"a"})"), "/valSvcConf: is missing");
  EXPECT_EQ(fault_of(R"({"valServerId":"a","valSvcConf":[]})"), "/valSvcConf: must be an array of at least one");
  EXPECT_EQ(fault_of(R"({"valServerId":"a b","valSvcConf":[{}]})"), "/valServerId: must be 1 to 255 characters without blanks");
  EXPECT_EQ(fault_of(in_service("7")), "/valSvcConf/0: must be an object");
  EXPECT_EQ(fault_of(in_service(R"({"valServiceId":"v2x"})")), "/valSvcConf/0/idList: is missing");
  EXPECT_EQ(fault_of(in_service(R"({"valServiceId":"v2x","idList":[]})")),
            "/valSvcConf/0/idList: must be an array of at least one");
  EXPECT_EQ(fault_of(in_service(R"({"valServiceId":"v 2","idList":[{"valUserId":"a"}]})")),
            "/valSvcConf/0/valServiceId: must be 1 to 128 characters that a scope may have");
  EXPECT_EQ(fault_of(with_identity("{}")), "/valSvcConf/0/idList/0: must have one of valUserId and valUeId");
  EXPECT_EQ(fault_of(with_identity(R"({"valUserId":"a","valUeId":"b"})")),
            "/valSvcConf/0/idList/0: must have one of valUserId and valUeId");
  EXPECT_EQ(fault_of(with_identity(R"({"valUserId":"a\u0000b"})")),
            "/valSvcConf/0/idList/0/valUserId: must be 1 to 255 characters without blanks");
  EXPECT_EQ(fault_of(with_identity(R"({"valUserId":"a"},{"valUserId":"a"})")), "/valSvcConf/0/idList: names an identity twice");
  EXPECT_EQ(fault_of(in_service(R"({"valServiceId":"s","idList":[{"valUserId":"a"}]},)"
                                R"({"valServiceId":"s","idList":[{"valUserId":"b"}]})")),
            "/valSvcConf/1: names a service twice");
  EXPECT_EQ(fault_of(R"({"valServerId":"a","valSvcConf":[{"valServiceId":"s","idList":[{"valUserId":"a"}]}],"suppFeat":"xyz"})"),
            "/suppFeat: must be hexadecimal digits");
}

TEST(ConfigurationJson, HoldsItsBounds) {
  const auto of_length = [](std::size_t length) { return with_identity(R"({"valUserId":")" + std::string(length, 'a') + "\"}"); };
  EXPECT_EQ(fault_of(of_length(identity::kValIdentityBytesMax)), "");
  EXPECT_NE(fault_of(of_length(identity::kValIdentityBytesMax + 1)), "");
  std::string many;
  for (std::size_t i = 0; i < identity::kValServicesMax; ++i) {
    many += (i == 0 ? "" : ",") + (R"({"valServiceId":"s)" + std::to_string(i) + R"(","idList":[{"valUeId":"u"}]})");
  }
  EXPECT_EQ(fault_of(in_service(many)), "");
  EXPECT_EQ(fault_of(in_service(many + R"(,{"valServiceId":"x","idList":[{"valUeId":"u"}]})")),
            "/valSvcConf: more than 64 services in one configuration");
  EXPECT_EQ(fault_of(kGood.substr(0, kGood.size() - 1).data() + std::string(kBodyBytesMax, ' ') + "}"), ": larger than 256 KiB");
}

// RFC 7396: what is absent stays; null would remove what is required.
TEST(ConfigurationJson, ReadsAMergePatch) {
  const auto nothing = parse_patch("{}");
  ASSERT_TRUE(nothing.body);
  EXPECT_FALSE(nothing.body->services || nothing.body->val_server_id);
  const auto services = parse_patch(R"({"valSvcConf":[{"valServiceId":"v2x","idList":[{"valUserId":"a"}]}]})");
  ASSERT_TRUE(services.body && services.body->services);
  EXPECT_EQ(services.body->services->size(), 1U);
  EXPECT_FALSE(parse_patch(R"({"valSvcConf":null})").body);
  EXPECT_FALSE(parse_patch(R"({"valServerId":null})").body);
  EXPECT_FALSE(parse_patch("null").body);
}

TEST(ConfigurationJson, WritesWhatItReads) {
  Configuration configuration;
  configuration.val_server_id = "vs\"1";
  configuration.services = {{"v2x", {"sip:ann@example"}, {"ue-7"}}, {"uas", {"bob"}, {}}};
  const auto parsed = parse_configuration(write_configuration(configuration, true));
  ASSERT_TRUE(parsed.body);
  EXPECT_EQ(parsed.body->services, configuration.services);
  EXPECT_EQ(parsed.body->val_server_id, configuration.val_server_id);
  EXPECT_EQ(write_configurations({}), "[]");
}

}  // namespace
}  // namespace claviger::provisioning
