#include "broker/administration/acm_message.h"

#include <gtest/gtest.h>

#include "broker/administration/acm.h"

namespace claviger::administration {
namespace {

const std::string kGood =
    R"({"request_id":"r1","home_system":"alpha.example","home_acmc_id":"sip:chief@alpha.example",)"
    R"("targets":["bravo.example"],"mode":{"partial":true},"users":[{"mc_id":"sip:ann@alpha.example",)"
    R"("mc_service_ids":{"mcptt":"sip:ann.ptt@alpha.example"},"valid_from":"2026-01-01T00:00:00Z",)"
    R"("valid_until":"2027-01-01T00:00:00Z"}]})";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(SetupMessage, IsReadAndWrittenAgain) {
  const auto read = parse_setup(kGood);
  ASSERT_TRUE(read.has_value());
  const administration::Setup& setup = read->setup;
  EXPECT_EQ(setup.home, "alpha.example");
  EXPECT_EQ(read->home_acmc_id, "sip:chief@alpha.example");
  ASSERT_EQ(setup.users.size(), 1U);
  EXPECT_EQ(setup.users[0].service_ids[0], "sip:ann.ptt@alpha.example");
  EXPECT_EQ(setup.users[0].valid_until - setup.users[0].valid_from, 365 * 86'400);
  EXPECT_FALSE(setup.is_all_or_nothing);
  const auto again = parse_setup(write_setup(setup, "alpha.example", "bravo.example", false));
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->home_acmc_id.empty()) << "it goes along only where it is wanted";
  EXPECT_EQ(again->setup.users[0].mc_id, setup.users[0].mc_id);
  EXPECT_EQ(again->setup.users[0].valid_from, setup.users[0].valid_from);
}

// RFC 3261 clause 19.1.4: whoever looks for somebody finds him, however he was written.
TEST(SetupMessage, IdentitiesHaveOneWriting) {
  std::string text = replaced(kGood, "sip:ann@alpha.example", "SIP:%61nn@ALPHA.Example;user=phone");
  text = replaced(text, "sip:ann.ptt@alpha.example", "Sip:ann.ptt@alpha.EXAMPLE");
  const auto read = parse_setup(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->setup.users[0].mc_id, "sip:ann@alpha.example");
  EXPECT_EQ(read->setup.users[0].service_ids[0], "sip:ann.ptt@alpha.example");
  const auto code = [](const std::string& body) { return parse_setup(body).error().code; };
  const std::string twice = R"({"mc_id":"sip:ann@ALPHA.example"},{)";
  EXPECT_EQ(code(replaced(kGood, "\"users\":[{", "\"users\":[" + twice)), Code::BadValue) << "one user twice";
  EXPECT_EQ(code(replaced(kGood, "[\"bravo.example\"]", "[\"bravo.example\",\"Bravo.Example\"]")), Code::BadValue);
  // Who else is called by letters of another case is somebody else.
  const std::string other = R"({"mc_id":"sip:Ann@alpha.example"},{)";
  EXPECT_TRUE(parse_setup(replaced(kGood, "\"users\":[{", "\"users\":[" + other)));
  EXPECT_EQ(one_writing("what an IdMS calls him"), "what an IdMS calls him");
  EXPECT_TRUE(is_in_domains("sip:ann@alpha.example", {"bravo.example", "ALPHA.example"}));
  EXPECT_FALSE(is_in_domains("sip:ann@alpha.example", {"pha.example", "alpha.example.org", "alpha"}));
  EXPECT_FALSE(is_in_domains("sip:ann", {"ann"}));
}

TEST(SetupMessage, SaysWhatIsWrong) {
  const auto code = [](const std::string& text) {
    const auto read = parse_setup(text);
    return read ? Code::Internal : read.error().code;
  };
  EXPECT_EQ(code("{"), Code::JsonSyntax);
  EXPECT_EQ(code("[]"), Code::JsonType);
  EXPECT_EQ(code("{}"), Code::JsonMissing);
  EXPECT_EQ(code(replaced(kGood, "[\"bravo.example\"]", "[]")), Code::BadValue);
  EXPECT_EQ(code(replaced(kGood, "[\"bravo.example\"]", "[\"a\",\"a\"]")), Code::BadValue);
  EXPECT_EQ(code(replaced(kGood, "sip:ann@alpha", "sip:ann @alpha")), Code::BadValue);
  EXPECT_EQ(code(replaced(kGood, "\"mcptt\":", "\"other\":")), Code::BadValue);
  EXPECT_EQ(code(replaced(kGood, "2027-01", "2025-01")), Code::BadValue) << "it ends before it begins";
  EXPECT_EQ(code(replaced(kGood, "2027-01-01T", "soon")), Code::BadValue);
  const std::string bob =
      R"({"mc_id":"sip:bob@alpha.example","mc_service_ids":{"mcvideo":"sip:ann.ptt@alpha.example"}},{)";
  EXPECT_EQ(code(replaced(kGood, "\"users\":[{", "\"users\":[" + bob)), Code::BadValue) << "an identity of two";
  // By the name that it has in the request.
  const auto where = [](const std::string& text) {
    const auto read = parse_setup(text);
    return read ? std::string() : std::string(read.error().where);
  };
  EXPECT_EQ(where(replaced(kGood, "sip:ann@alpha", "sip:ann @alpha")), "acm.mc_id");
  EXPECT_EQ(where(replaced(kGood, "2027-01", "2025-01")), "acm.valid_until");
  EXPECT_EQ(where(replaced(kGood, "2027-01-01T", "soon")), "acm.valid_until");
  EXPECT_EQ(where(replaced(kGood, "sip:chief@", "sip:chief @")), "acm.home_acmc_id");
  std::string many = "{\"targets\":[";
  for (int i = 0; i < 17; ++i) many += (i == 0 ? "\"s" : ",\"s") + std::to_string(i) + "\"";
  EXPECT_EQ(code(many + "],\"users\":[]}"), Code::SetupListTooLong);
}

TEST(Records, ComeBack) {
  const auto value = [](std::string text) { return storage::Value::owned(std::move(text), 3, 0); };
  const administration::Setup setup = parse_setup(kGood)->setup;
  const auto read = decode_setup(value(encode(setup)));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->users[0].valid_until, setup.users[0].valid_until);
  StageRecord stage;
  stage.stage = Stage::Withdrawing;
  stage.reason = "why";
  EXPECT_EQ(decode_stage(value(encode(stage)))->stage, Stage::Withdrawing);
  AcmPartner partner;
  partner.system = "bravo.example";
  partner.domains = {"bravo.example"};
  partner.quota = 7;
  EXPECT_EQ(decode_partner(value(encode(partner)))->quota, 7U);
  Visitor visitor;
  visitor.mc_id = "sip:ann@alpha.example";
  visitor.is_open = true;
  EXPECT_TRUE(decode_visitor(value(encode(visitor)))->is_open);
  EXPECT_EQ(decode_client(value("rubbish")).error().code, Code::SchemaTooNew);
  EXPECT_EQ(decode_client(value("\1{")).error().code, Code::Corrupt);
  EXPECT_EQ(decode_client(value("")).error().code, Code::Corrupt);
}

TEST(Result, IsTrueOnlyWhenEverybodyIsThere) {  // TR 23.700-38 table 7.x.1.2.2-1
  const administration::Setup setup = parse_setup(kGood)->setup;
  const std::vector<UserResult> good{{"sip:ann@alpha.example", "EXISTED"}};
  EXPECT_TRUE(parse_result(write_result("bravo.example", setup, good, ""))->is_good);
  const std::vector<UserResult> bad{{"sip:ann@alpha.example", "REJECTED"}};
  const auto read = parse_result(write_result("bravo.example", setup, bad, "no"));
  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(read->is_good);
  EXPECT_EQ(read->reason, "no");
  EXPECT_FALSE(parse_result("{}").has_value());
  EXPECT_FALSE(
      parse_result(R"({"system":"b","result":true,"users":[{"mc_id":"a","status":"WONDERFUL"}]})").has_value());
}

TEST(SetupView, TellsTheStateOfAll) {
  SetupView view;
  const auto target = [](Stage stage, std::string status) {
    TargetView one;
    one.stage.stage = stage;
    one.users = {{"a", std::move(status)}};
    return one;
  };
  view.targets = {target(Stage::Done, "CREATED"), target(Stage::Waiting, "CREATED")};
  EXPECT_EQ(view.state(), "RUNNING");
  view.targets[1] = target(Stage::Failed, "FAILED");
  EXPECT_EQ(view.state(), "PARTIAL");
  view.targets[1] = target(Stage::Done, "EXISTED");
  EXPECT_EQ(view.state(), "DONE");
  view.targets = {target(Stage::Done, "REJECTED")};
  EXPECT_EQ(view.state(), "FAILED");
  view.targets = {target(Stage::Withdrawn, "CREATED")};
  EXPECT_EQ(view.state(), "WITHDRAWN");
}

}  // namespace
}  // namespace claviger::administration
