#include "broker/tokens/verifier/claims_memory.h"

#include <gtest/gtest.h>

#include <string>

#include "core/codec/json_reader.h"

namespace claviger::tokens {
namespace {

class ClaimsMemoryTest : public testing::Test {
 protected:
  // As a Verifier's reader gives them: valid until the next.
  const Claims& claims(const std::string& json) {
    text_ = json;
    const auto value = reader_.parse(text_);
    EXPECT_TRUE(value);
    EXPECT_TRUE(claims_.read(*value, text_));
    return claims_;
  }
  static std::string payload(int number, const std::string& more = "") {
    return R"({"iss":"https://idms.example","sub":"user-)" + std::to_string(number) +
           R"(","aud":["https://a.example","https://b.example"],"scope":"openid profile","exp":1700000400,)"
           R"("iat":1700000100,"mcptt_id":"sip:)" +
           std::to_string(number) +
           R"(@mcptt.example","cnf":{"jkt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},)"
           R"("val":{"ids":["x","y"]})" +
           more + "}";
  }
  static TokenDigest digest(std::uint64_t number) { return {number, number * 0x9E3779B97F4A7C15U}; }

  codec::JsonReader reader_;
  Claims claims_;
  std::string text_;
};

TEST_F(ClaimsMemoryTest, GivesWhatWasRememberedWhenTheReaderHasReadAnother) {
  auto memory = ClaimsMemory::create(1 << 16);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->find(digest(1)), nullptr);
  ASSERT_NE(memory->remember(digest(1), claims(payload(1))), nullptr);
  claims(payload(2, R"(,"more":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")"));

  const Claims* known = memory->find(digest(1));
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->issuer, "https://idms.example");
  EXPECT_EQ(known->subject, "user-1");
  EXPECT_EQ(known->mc_id(McService::Ptt), "sip:1@mcptt.example");
  EXPECT_TRUE(known->has_scope("profile"));
  EXPECT_TRUE(known->audiences.contains("https://b.example"));
  EXPECT_FALSE(known->audiences.contains("https://c.example"));
  EXPECT_EQ(known->audiences.size(), 2U);
  EXPECT_EQ(known->expires, 1'700'000'400);
  EXPECT_EQ(known->issued_at, 1'700'000'100);
  ASSERT_TRUE(known->confirmation);
  EXPECT_TRUE(known->confirmation->key.has_value());
  EXPECT_FALSE(known->confirmation->certificate.has_value());
  EXPECT_EQ(known->json, payload(1));
  EXPECT_EQ(known->all->find("val")->as_object()->at("ids")->as_array()->size(), 2U);
}

TEST_F(ClaimsMemoryTest, KeepsDigestsApartThatDifferInOneBit) {
  auto memory = ClaimsMemory::create(1 << 16);
  ASSERT_TRUE(memory);
  memory->remember({5, 5}, claims(payload(5)));
  EXPECT_EQ(memory->find({5, 4}), nullptr);
  EXPECT_EQ(memory->find({4, 5}), nullptr);
  EXPECT_NE(memory->find({5, 5}), nullptr);
}

TEST_F(ClaimsMemoryTest, TheDigestOfAVacantPlaceIsNobodys) {
  auto memory = ClaimsMemory::create(1 << 16);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->find({0, 0}), nullptr);
  EXPECT_EQ(memory->remember({0, 0}, claims(payload(1))), nullptr);
  EXPECT_EQ(memory->find({0, 0}), nullptr);
}

TEST_F(ClaimsMemoryTest, TheSameDigestTakesItsOwnPlace) {
  auto memory = ClaimsMemory::create(0);  // one set
  ASSERT_TRUE(memory);
  ASSERT_EQ(memory->places(), 4U);
  for (std::uint64_t i = 1; i <= 4; ++i)
    ASSERT_NE(memory->remember(digest(i), claims(payload(static_cast<int>(i)))), nullptr);
  ASSERT_NE(memory->remember(digest(2), claims(payload(9))), nullptr);
  EXPECT_EQ(memory->find(digest(2))->subject, "user-9");
  for (const std::uint64_t i : {1U, 3U, 4U}) EXPECT_NE(memory->find(digest(i)), nullptr);
}

TEST_F(ClaimsMemoryTest, ThoseInUseStayWhenANewcomerNeedsAPlace) {
  auto memory = ClaimsMemory::create(0);
  ASSERT_TRUE(memory);
  for (std::uint64_t i = 1; i <= 4; ++i) memory->remember(digest(i), claims(payload(static_cast<int>(i))));
  for (std::uint64_t newcomer = 5; newcomer < 50; ++newcomer) {
    for (const std::uint64_t used : {1U, 2U, 3U}) ASSERT_NE(memory->find(digest(used)), nullptr) << newcomer;
    ASSERT_NE(memory->remember(digest(newcomer), claims(payload(1))), nullptr);
  }
  EXPECT_NE(memory->find(digest(49)), nullptr);
}

TEST_F(ClaimsMemoryTest, WhatDoesNotFitIsNotRememberedNorWhatStoodThere) {
  auto memory = ClaimsMemory::create(0);
  ASSERT_TRUE(memory);
  memory->remember(digest(1), claims(payload(1)));
  for (const std::size_t size : {std::size_t{1400}, std::size_t{3000}, std::size_t{8000}}) {
    const std::string more = R"(,"more":")" + std::string(size, 'a') + "\"";
    EXPECT_EQ(memory->remember(digest(2), claims(payload(2, more))), nullptr) << size;
    EXPECT_EQ(memory->find(digest(2)), nullptr);
  }
  EXPECT_NE(memory->find(digest(1)), nullptr);
  EXPECT_EQ(memory->remember(digest(1), claims(payload(1, R"(,"more":")" + std::string(1400, 'a') + "\""))), nullptr);
}

TEST_F(ClaimsMemoryTest, IsBounded) {
  const auto memory = ClaimsMemory::create(kCachedTokensMax);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->places(), kClaimsPlacesMax);
  EXPECT_LE(memory->bytes(), std::size_t{25} << 20U);
}

}  // namespace
}  // namespace claviger::tokens
