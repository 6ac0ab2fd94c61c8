// Policies over the admin API: what is named changes, what is not stays, all in one commit, and the audit log says what.
#include <gtest/gtest.h>

#include "broker/identity/authenticators/policy.h"
#include "tests/broker/admin/admin_bed.h"

namespace claviger::admin {
namespace {

using http::Method;
using identity::Reply;

constexpr const char* kPolicy = "/tenants/alpha/policy";

struct Policies : ::testing::Test {
  AdminBed bed;

  Reply patch(const std::string& body, const std::string& target = kPolicy) {
    return bed.ask(Method::Patch, target, body);
  }
  Reply put(const std::string& body) { return bed.ask(Method::Put, kPolicy, body); }
};

TEST_F(Policies, ChangeOnlyWhatIsNamed) {
  EXPECT_EQ(put(R"({"methods":["password","totp"],"second_factor":"required","enrolment":"admin"})").status, 200);
  const Reply longer = patch(R"({"password_length":12})");
  EXPECT_EQ(longer.member("second_factor"), "required") << longer.body;
  EXPECT_EQ(longer.member("password_length"), "12");
  const Reply enrols = patch(R"({"enrolment":"self"})");
  EXPECT_EQ(enrols.member("second_factor"), "required");
  EXPECT_EQ(enrols.member("enrolment"), "self");
  EXPECT_EQ(enrols.member("password_length"), "12") << "not eight again";
  EXPECT_NE(enrols.body.find("totp"), std::string::npos);
  EXPECT_EQ(bed.show(kPolicy).body, enrols.body);
}

TEST_F(Policies, WhatIsEmptyIsSaidNoMore) {
  EXPECT_EQ(put(R"({"second_factor":"required","enrolment":"self","password_length":12})").status, 200);
  EXPECT_EQ(patch(R"({"second_factor":""})").member("enrolment"), "self");
  EXPECT_EQ(bed.show(kPolicy).member("second_factor"), "");
  const Reply usual = patch(R"({"password_length":0})");
  EXPECT_EQ(usual.body.find("password_length"), std::string::npos) << usual.body;
  EXPECT_EQ(patch(R"({"enrolment":""})").status, 200);
  EXPECT_TRUE(bed.wait(bed.store().get(broker::tables::kAuthenticators, identity::policy_key("alpha", {})))
                  .failed_with(Code::NotFound))
      << "a policy that says nothing is none";
  EXPECT_EQ(patch(R"({"enrolment":"admin"})").member("enrolment"), "admin") << "and one can be said again";
}

TEST_F(Policies, TheWholeIsReplaced) {
  EXPECT_EQ(put(R"({"second_factor":"required","password_length":12})").status, 200);
  const Reply whole = put(R"({"enrolment":"self"})");
  EXPECT_EQ(whole.member("second_factor"), "");
  EXPECT_EQ(whole.body.find("password_length"), std::string::npos);
}

TEST_F(Policies, ARefusedPasswordIsToldTheLengthThatIsWanted) {
  const auto refused = [&] {
    return bed.post("/tenants/alpha/users", R"({"login":"eve","password":"seven.."})").member("detail");
  };
  EXPECT_NE(refused().find("at least 8 characters"), std::string::npos) << refused();
  EXPECT_EQ(put(R"({"password_length":12})").status, 200);
  EXPECT_NE(refused().find("at least 12 characters"), std::string::npos) << refused();
  bed.add_user();
  const Reply other = bed.ask(Method::Put, "/tenants/alpha/users/ann/password", R"({"password":"eleven chrs"})");
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(other.member("code"), "PasswordInvalid");
  EXPECT_NE(other.member("detail").find("at least 12 characters"), std::string::npos) << other.body;
  const Reply imported = bed.ask(Method::Post, "/tenants/alpha/user-import", R"({"login":"eve","password":"short"})",
                                 "application/x-ndjson");
  EXPECT_NE(imported.body.find("at least 12 characters"), std::string::npos) << imported.body;
}

// One that is refused changes nothing of either record.
TEST_F(Policies, AreOneWithTheirPasswordLength) {
  EXPECT_EQ(put(R"({"second_factor":"required","password_length":12})").status, 200);
  const std::string before = bed.show(kPolicy).body;
  for (const char* wrong :
       {R"({"methods":["totp"],"password_length":20})", R"({"second_factor":"on-request","password_length":65})",
        R"({"second_factor":"on-request","password_length":-1})", R"({"second_factor":"maybe","password_length":20})",
        R"({"password_length":20,"length":1})"}) {
    EXPECT_EQ(patch(wrong).status, 400) << wrong;
    EXPECT_EQ(bed.show(kPolicy).body, before) << wrong;
  }
  bed.store().set_full(true);
  EXPECT_NE(patch(R"({"second_factor":"on-request","password_length":20})").status, 200);
  bed.store().set_full(false);
  EXPECT_EQ(bed.show(kPolicy).body, before);
}

TEST_F(Policies, OfAClientHaveNoPasswordLength) {
  ASSERT_EQ(bed.post("/tenants/alpha/clients", R"({"client_id":"app","redirect_uris":["https://a.example/"]})").status,
            200);
  const std::string target = "/tenants/alpha/clients/app/policy";
  EXPECT_EQ(patch(R"({"password_length":12})", target).status, 400);
  EXPECT_EQ(patch(R"({"browser_session":"off"})", target).member("browser_session"), "off");
  EXPECT_EQ(bed.show(kPolicy).member("browser_session"), "");
}

// Newcomers could not tell from the log that somebody had switched off the second factor.
TEST_F(Policies, AreInTheAuditLogWithTheirValues) {
  EXPECT_EQ(put(R"({"second_factor":"required","methods":["password","totp"]})").status, 200);
  EXPECT_EQ(patch(R"({"second_factor":"","password_length":12})").status, 200);
  const std::string text = bed.audit_text();
  EXPECT_NE(text.find("\"detail\":\"methods=password,totp second_factor=required"), std::string::npos) << text;
  EXPECT_NE(text.find("\"detail\":\"second_factor=unsaid password_length=12 of="), std::string::npos) << text;
}

TEST(AuditDetail, NamesWhatWasSetAndNoValue) {
  AdminBed bed;
  EXPECT_EQ(bed.post("/tenants/alpha/users", R"({"login":"ann","password":"correct horse"})").status, 200);
  EXPECT_EQ(bed.ask(Method::Patch, "/tenants/alpha/users/ann", R"({"display_name":"Ann","scopes":["openid"]})").status,
            200);
  const std::string text = bed.audit_text();
  EXPECT_NE(text.find("set=login,password of="), std::string::npos) << text;
  EXPECT_NE(text.find("set=display_name,scopes of="), std::string::npos) << text;
  EXPECT_EQ(text.find("correct horse"), std::string::npos);
  // What is no name of ours is refused, and not written down.
  EXPECT_EQ(bed.post("/tenants/alpha/users", R"({"login":"bob","The Secret":1})").status, 400);
  EXPECT_EQ(bed.audit_text().find("The Secret"), std::string::npos);
}

}  // namespace
}  // namespace claviger::admin
