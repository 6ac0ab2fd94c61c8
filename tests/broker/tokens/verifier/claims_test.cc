#include "broker/tokens/verifier/claims.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/codec/json_reader.h"

namespace claviger::tokens {
namespace {

class ClaimsTest : public ::testing::Test {
 protected:
  std::optional<Code> read(std::string_view json) {
    const auto value = reader_.parse(json);
    EXPECT_TRUE(value) << json;
    const auto read = claims_.read(*value, json);
    if (read) return std::nullopt;
    return read.error().code;
  }

  codec::JsonReader reader_;
  Claims claims_;
};

TEST_F(ClaimsTest, KnowTheirTypes) {
  ASSERT_EQ(
      read(R"({"iss":"i","sub":"s","aud":"a","client_id":"c","scope":"x y","jti":"j","sid":"d","acr":"r","exp":4,)"
           R"("iat":1.9,"nbf":2e0,"auth_time":3,"mcptt_id":"p","mcvideo_id":"v","mcdata_id":"t","other":[{}]})"),
      std::nullopt);
  EXPECT_EQ(claims_.issuer, "i");
  EXPECT_EQ(claims_.subject, "s");
  EXPECT_EQ(claims_.client_id, "c");
  EXPECT_EQ(claims_.scope, "x y");
  EXPECT_EQ(claims_.jti, "j");
  EXPECT_EQ(claims_.sid, "d");
  EXPECT_EQ(claims_.acr, "r");
  EXPECT_EQ(claims_.expires, 4);
  EXPECT_EQ(claims_.issued_at, 1);
  EXPECT_EQ(claims_.not_before, 2);
  EXPECT_EQ(claims_.auth_time, 3);
  EXPECT_EQ(claims_.mc_id(McService::Ptt), "p");
  EXPECT_EQ(claims_.mc_id(McService::Video), "v");
  EXPECT_EQ(claims_.mc_id(McService::Data), "t");
  EXPECT_EQ(claims_.mc_id(McService::None), "");
  EXPECT_TRUE(claims_.all->contains("other"));
}

TEST_F(ClaimsTest, OfTheWrongTypeAreRefusedByTheirOwnCode) {
  const std::vector<std::pair<std::string, Code>> faults{
      {"iss", Code::TokenIssuer},       {"sub", Code::TokenSubject},      {"aud", Code::TokenAudience},
      {"cnf", Code::TokenBinding},      {"exp", Code::TokenClaims},       {"iat", Code::TokenClaims},
      {"nbf", Code::TokenClaims},       {"auth_time", Code::TokenClaims}, {"jti", Code::TokenClaims},
      {"sid", Code::TokenClaims},       {"acr", Code::TokenClaims},       {"scope", Code::TokenClaims},
      {"client_id", Code::TokenClaims}, {"mcptt_id", Code::TokenClaims},  {"mcvideo_id", Code::TokenClaims},
      {"mcdata_id", Code::TokenClaims}};
  for (const auto& [name, code] : faults) {
    for (const char* value : {"true", "null", "{\"x\":1}", "[7]"}) {
      if (name == "cnf" && value[0] == '{') continue;
      EXPECT_EQ(read("{\"" + name + "\":" + value + "}"), code) << name << ' ' << value;
      EXPECT_FALSE(claims_.all) << "half read";
    }
  }
  EXPECT_EQ(read("[]"), Code::TokenClaims);
  EXPECT_EQ(read("\"x\""), Code::TokenClaims);
}

TEST_F(ClaimsTest, DatesAreNumbersBelowTwoToThe53) {
  EXPECT_EQ(read(R"({"exp":0})"), std::nullopt);
  EXPECT_EQ(read(R"({"exp":9007199254740991})"), std::nullopt);
  EXPECT_EQ(read(R"({"exp":9007199254740992})"), Code::TokenClaims);
  EXPECT_EQ(read(R"({"exp":-1})"), Code::TokenClaims);
  EXPECT_EQ(read(R"({"exp":-0.5})"), Code::TokenClaims);
  EXPECT_EQ(read(R"({"exp":1e300})"), Code::TokenClaims);
  EXPECT_EQ(read(R"({"exp":"5"})"), Code::TokenClaims);
}

TEST_F(ClaimsTest, LengthsAreBounded) {
  const auto of = [](std::string_view name, std::size_t size) {
    return "{\"" + std::string(name) + "\":\"" + std::string(size, 'x') + "\"}";
  };
  for (const char* name : {"sub", "client_id", "jti", "sid", "acr"}) {
    EXPECT_EQ(read(of(name, 255)), std::nullopt) << name;
    EXPECT_NE(read(of(name, 256)), std::nullopt) << name;
  }
  for (const char* name : {"iss", "mcptt_id", "mcvideo_id", "mcdata_id"}) {
    EXPECT_EQ(read(of(name, 512)), std::nullopt) << name;
    EXPECT_NE(read(of(name, 513)), std::nullopt) << name;
  }
}

TEST_F(ClaimsTest, AudiencesAreOneOrMany) {
  ASSERT_EQ(read(R"({"aud":"a"})"), std::nullopt);
  EXPECT_EQ(claims_.audiences.size(), 1u);
  EXPECT_TRUE(claims_.audiences.contains("a"));
  EXPECT_FALSE(claims_.audiences.contains(""));
  ASSERT_EQ(read(R"({"aud":["a","b\u0041",""]})"), std::nullopt);
  std::string all;
  claims_.audiences.for_each([&](std::string_view audience) { all += std::string(audience) + ';'; });
  EXPECT_EQ(all, "a;bA;;");
  EXPECT_TRUE(claims_.audiences.contains("bA"));
  EXPECT_FALSE(claims_.audiences.contains("b"));
  ASSERT_EQ(read(R"({"aud":[]})"), std::nullopt);
  EXPECT_TRUE(claims_.audiences.empty());
  EXPECT_EQ(read(R"({"aud":["a",["b"]]})"), Code::TokenAudience);
}

TEST_F(ClaimsTest, ConfirmationsAreThumbprints) {
  const std::string zeros(43, 'A');
  ASSERT_EQ(read("{\"cnf\":{\"x5t#S256\":\"" + zeros + "\",\"jkt\":\"" + zeros + "\"}}"), std::nullopt);
  EXPECT_EQ(*claims_.confirmation->certificate, Confirmation::Thumbprint{});
  EXPECT_EQ(*claims_.confirmation->key, Confirmation::Thumbprint{});
  ASSERT_EQ(read(R"({"cnf":{"unknown":7}})"), std::nullopt);
  EXPECT_TRUE(claims_.confirmation);
  EXPECT_FALSE(claims_.confirmation->certificate || claims_.confirmation->key);
  for (const std::string& bad :
       {zeros.substr(1), zeros + "A", zeros.substr(1) + "B", zeros.substr(1) + "=", std::string()}) {
    EXPECT_EQ(read("{\"cnf\":{\"jkt\":\"" + bad + "\"}}"), Code::TokenBinding) << bad;
    EXPECT_EQ(read("{\"cnf\":{\"x5t#S256\":\"" + bad + "\"}}"), Code::TokenBinding) << bad;
  }
}

TEST_F(ClaimsTest, NothingStaysFromTheOneBefore) {
  ASSERT_EQ(read(R"({"sub":"s","exp":1,"aud":"a","cnf":{}})"), std::nullopt);
  ASSERT_EQ(read("{}"), std::nullopt);
  EXPECT_TRUE(claims_.subject.empty());
  EXPECT_FALSE(claims_.expires);
  EXPECT_TRUE(claims_.audiences.empty());
  EXPECT_FALSE(claims_.confirmation);
}

TEST_F(ClaimsTest, ScopesAreWholeWords) {
  ASSERT_EQ(read(R"({"scope":"openid 3gpp:mc:ptt_service2 a  b"})"), std::nullopt);
  EXPECT_TRUE(claims_.has_scope("openid"));
  EXPECT_TRUE(claims_.has_scope("a"));
  EXPECT_TRUE(claims_.has_scope("b"));
  EXPECT_FALSE(claims_.has_scope("3gpp:mc:ptt_service"));
  EXPECT_FALSE(claims_.has_scope("open"));
  EXPECT_FALSE(claims_.has_scope(""));
  EXPECT_FALSE(claims_.has_scope("openid 3gpp:mc:ptt_service2"));
}

}  // namespace
}  // namespace claviger::tokens
