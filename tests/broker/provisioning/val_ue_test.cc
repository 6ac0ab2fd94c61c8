// VAL UE IDs (TS 23.434 clause 7.3; spec 2.1, 2.3, 2.6): a UE that a VAL server provisioned, in the tokens of who is on it.
#include "broker/identity/ue_naming.h"
#include "broker/identity/ue_procedures.h"
#include "tests/broker/provisioning/testbed.h"

namespace claviger::provisioning {
namespace {

using http::Method;
using identity::claims_of;
using identity::member_of;
using identity::Reply;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string body_with_ue(std::string_view service, std::string_view ue, std::string_view user = {}) {
  std::string ids = R"({"valUeId":")" + std::string(ue) + R"("})";
  if (!user.empty()) ids += R"(,{"valUserId":")" + std::string(user) + R"("})";
  return R"({"valServerId":"vs1","valSvcConf":[{"valServiceId":")" + std::string(service) + R"(","idList":[)" + ids +
         "]}]}";
}

struct ValUe : ::testing::Test {
  static constexpr std::string_view kUe = "urn:ue:station-7";
  ProvisioningBed bed;
  identity::User ann = bed.add_val_user("ann", {"ann@v2x"});

  void SetUp() override {
    bed.peer().certificate_digest.emplace().fill(std::byte{7});
    identity::UeChange change;
    change.ue_class = identity::UeClass::Gateway;
    change.certificates = std::vector<std::string>{identity::ue_certificate(bed.peer()).thumbprint};
    ASSERT_TRUE(bed.wait(identity::create_ue(bed.context(), "alpha", std::string(kUe), std::move(change))));
  }
  std::string create(const std::string& body) {
    const Reply reply = bed.ask(Method::Post, kAt, body);
    EXPECT_EQ(reply.status, 201) << reply.body;
    return std::string(kAt) + reply.header("location").substr(reply.header("location").rfind('/'));
  }
};

TEST_F(ValUe, ATokenNamesTheUeAndItsServices) {
  create(body_with_ue("v2x", kUe));
  const Reply tokens = bed.val_tokens("openid");
  for (const char* which : {"access_token", "id_token"}) {
    const std::string claims = claims_of(tokens.member(which));
    EXPECT_EQ(member_of(claims, "val_ue_id"), kUe) << which;
    EXPECT_TRUE(has(claims, R"("val_service_ids":["v2x"])")) << which;
  }
  // As the user's own, each once.
  create(body_with_ue("mcx", kUe, "ann@v2x"));
  EXPECT_TRUE(has(claims_of(bed.val_tokens("openid").member("access_token")), R"("val_service_ids":["mcx","v2x"])"));
}

TEST_F(ValUe, GrantsTheScopeOfItsService) {
  EXPECT_EQ(bed.val_tokens("openid val:v2x").member("scope"), "openid");
  create(body_with_ue("v2x", kUe));
  EXPECT_EQ(bed.val_tokens("openid val:v2x").member("scope"), "openid val:v2x");
}

// RFC 8141 clause 3.1: the VAL server may write `urn` and the namespace as it likes.
TEST_F(ValUe, IsKnownInAnotherWriting) {
  const std::string one = create(body_with_ue("v2x", "URN:Ue:station-7"));
  const Reply tokens = bed.val_tokens("openid val:v2x");
  EXPECT_EQ(tokens.member("scope"), "openid val:v2x");
  EXPECT_EQ(member_of(claims_of(tokens.member("access_token")), "val_ue_id"), kUe);
  EXPECT_TRUE(has(bed.ask(Method::Get, one, {}).body, "URN:Ue:station-7")) << "its configuration is as it wrote it";
}

TEST_F(ValUe, IsNotNamedOnAnotherUe) {
  create(body_with_ue("v2x", kUe));
  bed.peer().certificate_digest->fill(std::byte{8});
  const Reply elsewhere = bed.val_tokens("openid val:v2x");
  EXPECT_FALSE(has(claims_of(elsewhere.member("access_token")), "val_ue_id"));
  EXPECT_EQ(elsewhere.member("scope"), "openid");
}

TEST_F(ValUe, IsNotNamedWhenNobodyProvisionedIt) {
  create(body_with_ue("v2x", "urn:ue:another"));
  EXPECT_FALSE(has(claims_of(bed.val_tokens("openid").member("access_token")), "val_ue_id"));
}

TEST_F(ValUe, TakingItOutEndsTheSessionsOnIt) {
  const std::string one = create(body_with_ue("v2x", kUe));
  const Reply tokens = bed.val_tokens("openid val:v2x");
  ASSERT_TRUE(bed.is_good(tokens.member("access_token")));
  EXPECT_EQ(bed.ask(Method::Put, one, body_with_ue("v2x", "urn:ue:another")).status, 200);
  EXPECT_FALSE(bed.is_good(tokens.member("access_token")));
  EXPECT_EQ(bed.refresh(tokens.member("refresh_token")).status, 400);
}

}  // namespace
}  // namespace claviger::provisioning
