// SEAL KM request/response and key provisioning: spec (keys) 2.2 and 2.3, row 35 of section 11.
#include "broker/seal_keys/km_endpoint.h"

#include "broker/identity/val_identity.h"
#include "broker/seal_keys/km_message.h"
#include "tests/broker/seal_keys/testbed.h"

namespace claviger::seal_keys {
namespace {

using http::Method;
using identity::Reply;

constexpr std::string_view kRequests = "/idms/v1/alpha/seal-km/v1/key-requests";
constexpr std::string_view kProvisionings = "/idms/v1/alpha/seal-km/v1/provisionings";
// 32 octets 00 01 02 ..
const std::string kKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

std::string kp(std::string_view service, std::string_view rest = {}) {
  return R"({"valService":")" + std::string(service) + R"(","key":")" + kKey + "\"" + std::string(rest) + "}";
}

class KmTest : public ::testing::Test {
 protected:
  KmTest() { bed.add_server("pusher", "https://vs2.example", {"v2x"}, {std::string(identity::kSealKeyScope)}, true); }
  Reply request(std::string body) {
    return bed.ask_as(bed.bearer("vs1-client"), Method::Post, kRequests, std::move(body));
  }
  Reply push(std::string body, std::string_view client = "pusher") {
    return bed.ask_as(bed.bearer(client), Method::Post, kProvisionings, std::move(body));
  }
  SealBed bed;
};

TEST_F(KmTest, AKeyIsAskedForAndGiven) {
  bed.create("v2x", {TargetKind::User, "sip:ann@v2x.example"});
  const Reply reply =
      request(R"({"userUri":"sip:ann@v2x.example","valService":"v2x","valTgtUe":{"valUserId":"sip:ann@v2x.example"}})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.cache_control, "no-store");
  EXPECT_EQ(reply.member("userUri"), "sip:ann@v2x.example");
  EXPECT_EQ(SealBed::kid_of(reply).size(), 32U);
}

TEST_F(KmTest, WhatIsWrongWithARequestHasACode) {
  const Reply missing = request("{}");
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.member("errorCode"), "1001");
  EXPECT_NE(missing.body.find(R"("param":"/valService","reason":"is missing")"), std::string::npos);
  EXPECT_EQ(request("x").member("cause"), "INVALID_MSG_FORMAT");
  EXPECT_EQ(request(R"({"valService":"v2x","valTgtUe":{"valUserId":"a","valUeId":"b"}})").status, 400);
  EXPECT_EQ(request(R"({"valService":"theirs"})").member("errorCode"), "1102");
  EXPECT_EQ(request(R"({"valService":"v2x"})").member("errorCode"), "1201");
  EXPECT_EQ(bed.ask_as("", Method::Post, kRequests, R"({"valService":"v2x"})").member("errorCode"), "1101");
}

TEST_F(KmTest, AKeyThatIsBroughtIsGivenOut) {
  const Reply pushed = push(kp("v2x"));
  EXPECT_EQ(pushed.status, 201) << pushed.body;
  EXPECT_EQ(pushed.member("generation"), "1");
  EXPECT_EQ(pushed.body.find(kKey), std::string::npos);
  const Reply reply = bed.ask("val-service-id=v2x");
  EXPECT_EQ(SealBed::kid_of(reply), pushed.member("kid"));
  EXPECT_EQ(identity::member_of(SealBed::info_of(reply), "key"), kKey);
}

TEST_F(KmTest, Row35WithoutSKeyProvIs403WhateverItSays) {
  const Reply refused = push(kp("v2x"), "vs1-client");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.member("cause"), "SKEYPROV_MISSING");
  EXPECT_EQ(push("rubbish", "vs1-client").status, 403);
  EXPECT_EQ(bed.ask_as("", Method::Post, kProvisionings, kp("v2x")).status, 401);
}

TEST_F(KmTest, ATokenOutlivesTheRightToProvisionNot) {
  const std::string token = bed.bearer("pusher");
  identity::ClientChange change;
  change.may_push_keys = false;
  ASSERT_TRUE(bed.wait(identity::change_client(bed.context(), "alpha", "pusher", std::move(change))).has_value());
  EXPECT_EQ(bed.ask_as(token, Method::Post, kProvisionings, kp("v2x")).status, 403);
}

TEST_F(KmTest, OnlyForTheServicesOfTheClient) {
  EXPECT_EQ(push(kp("mcx")).status, 403);
  EXPECT_EQ(push(kp("nobodys")).status, 403);
}

TEST_F(KmTest, TheAlgorithmGoesWithTheLengthOfTheKey) {  // RFC 7518 clause 4.4
  const auto of = [](std::size_t digits, const std::string& algorithm) {
    return R"({"valService":"v2x","key":")" + std::string(digits, 'A') + "\"" + algorithm + "}";
  };
  const auto algorithm_now = [this] {
    return identity::member_of(SealBed::info_of(bed.ask("val-service-id=v2x")), "alg");
  };
  EXPECT_EQ(push(of(22, "")).status, 201);  // 16 octets
  EXPECT_EQ(algorithm_now(), "A128KW");
  EXPECT_EQ(push(of(32, R"(,"alg":"A192KW")")).status, 201);
  EXPECT_EQ(algorithm_now(), "A192KW");
  EXPECT_EQ(push(of(86, R"(,"alg":"HS512")")).status, 201);
  EXPECT_EQ(algorithm_now(), "HS512");
  for (const Reply& refused :
       {push(of(22, R"(,"alg":"A256KW")")), push(of(43, R"(,"alg":"A128KW")")), push(of(86, ""))}) {
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find("\"/alg\""), std::string::npos) << refused.body;
  }
  EXPECT_EQ(algorithm_now(), "HS512");
}

TEST_F(KmTest, WhatIsBroughtIsChecked) {
  EXPECT_EQ(push(R"({"valService":"v2x"})").status, 400);
  EXPECT_EQ(push(R"({"valService":"v2x","key":"AAAA"})").status, 400);
  EXPECT_EQ(push(R"({"valService":"v2x","key":"!!"})").status, 400);
  EXPECT_EQ(push(R"({"valService":"v2x","key":")" + std::string(87, 'A') + "\"}").status, 400);
  EXPECT_EQ(push(kp("v2x", R"(,"alg":"a b")")).status, 400);
  EXPECT_EQ(push(kp("v2x", R"(,"nbf":"soon")")).status, 400);
  EXPECT_EQ(push(kp("v2x", R"(,"exp":1)")).status, 400);
  EXPECT_EQ(push(kp("v2x", R"(,"valTgtUe":{})")).status, 400);
  EXPECT_EQ(push(kp("v2x") + "x").status, 400);
  EXPECT_TRUE(bed.wait(find_service_keys(bed.context(), SealBed::name("v2x"))).failed_with(Code::ServiceKeyUnknown));
}

TEST_F(KmTest, AKeyForLaterWaits) {
  ASSERT_EQ(push(kp("v2x")).status, 201);
  const std::int64_t later = numeric_date(bed.shard().wall()) + 600;
  const Reply pushed = push(kp("v2x", R"(,"nbf":)" + std::to_string(later)));
  ASSERT_EQ(pushed.status, 201) << pushed.body;
  EXPECT_NE(SealBed::kid_of(bed.ask("val-service-id=v2x")), pushed.member("kid"));
  EXPECT_NE(SealBed::info_of(bed.ask("val-service-id=v2x")).find(pushed.member("kid")), std::string::npos);
  bed.clock().advance(Seconds{600});
  EXPECT_EQ(SealBed::kid_of(bed.ask("val-service-id=v2x")), pushed.member("kid"));
}

}  // namespace
}  // namespace claviger::seal_keys
