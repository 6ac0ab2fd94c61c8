#include "broker/tokens/verifier/revocation_feed.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::tokens {
namespace {

constexpr std::string_view kFeed =
    R"({"next":1043,"changes":[{"kind":"jti","issuer":"https://idms.example","id":"tq3hD2","exp":1764000300},)"
    R"({"kind":"sid","issuer":"https://idms.example","id":"s1","exp":1764000301},)"
    R"({"kind":"kid","issuer":"https://idms.example","id":"NzbLs","exp":1764000302},)"
    R"({"kind":"sub","issuer":"https://idms.example","id":"user-17","not_before":1764000001,"exp":1764003601}]})";

TEST(RevocationFeed, ReadsEachKind) {
  const auto delta = parse_revocation_feed(kFeed);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->next, 1043u);
  ASSERT_EQ(delta->changes.size(), 4u);
  EXPECT_EQ(delta->changes[0].kind, RevocationKind::Jti);
  EXPECT_EQ(delta->changes[0].issuer, "https://idms.example");
  EXPECT_EQ(delta->changes[0].id, "tq3hD2");
  EXPECT_EQ(delta->changes[0].expires, 1764000300);
  EXPECT_EQ(delta->changes[1].kind, RevocationKind::Sid);
  EXPECT_EQ(delta->changes[3].kind, RevocationKind::Subject);
  EXPECT_EQ(delta->changes[2].kind, RevocationKind::Key);
  EXPECT_EQ(delta->changes[3].not_before, 1764000001);
}

TEST(RevocationFeed, IsWrittenAsItIsRead) {
  const auto delta = parse_revocation_feed(kFeed);
  ASSERT_TRUE(delta);
  std::string written;
  write_revocation_feed(*delta, written);
  EXPECT_EQ(written, kFeed);
}

TEST(RevocationFeed, AnEmptyPollMovesOn) {
  const auto delta = parse_revocation_feed(R"({"next":18446744073709551615,"changes":[]})");
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->next, 18446744073709551615u);
  EXPECT_TRUE(delta->changes.empty());
}

TEST(RevocationFeed, EveryTruncationIsRefused) {
  for (std::size_t size = 0; size < kFeed.size(); ++size) EXPECT_FALSE(parse_revocation_feed(kFeed.substr(0, size)));
}

TEST(RevocationFeed, AFaultInOneChangeRefusesTheWhole) {
  const auto code_of = [](std::string_view change) {
    const auto parsed = parse_revocation_feed(std::string(R"({"next":1,"changes":[)") + std::string(change) + "]}");
    return parsed ? Code::Internal : parsed.error().code;
  };
  EXPECT_EQ(code_of(R"({"kind":"client","issuer":"i","id":"x","exp":1})"), Code::BadValue);
  EXPECT_EQ(code_of(R"({"kind":"JTI","issuer":"i","id":"x","exp":1})"), Code::BadValue);
  EXPECT_EQ(code_of(R"({"issuer":"i","id":"x","exp":1})"), Code::JsonMissing);
  EXPECT_EQ(code_of(R"({"kind":"jti","id":"x","exp":1})"), Code::JsonMissing);
  EXPECT_EQ(code_of(R"({"kind":"jti","issuer":"","id":"x","exp":1})"), Code::BadValue);
  EXPECT_EQ(code_of(R"({"kind":"jti","issuer":"i","id":"","exp":1})"), Code::BadValue);
  EXPECT_EQ(code_of(R"({"kind":"jti","issuer":"i","id":")" + std::string(256, 'x') + R"(","exp":1})"), Code::BadValue);
  EXPECT_EQ(code_of(R"({"kind":"jti","issuer":"i","id":"x"})"), Code::JsonMissing);
  EXPECT_EQ(code_of(R"({"kind":"jti","issuer":"i","id":"x","exp":-1})"), Code::OutOfRange);
  EXPECT_EQ(code_of(R"({"kind":"jti","issuer":"i","id":"x","exp":"1"})"), Code::JsonType);
  EXPECT_EQ(code_of(R"({"kind":"sub","issuer":"i","id":"x","exp":1})"), Code::JsonMissing);
  EXPECT_EQ(code_of(R"({"kind":"jti","kind":"sid","issuer":"i","id":"x","exp":1})"), Code::JsonDuplicate);
  EXPECT_EQ(code_of("7"), Code::JsonType);
  EXPECT_TRUE(parse_revocation_feed(R"({"next":-1,"changes":[]})").failed_with(Code::OutOfRange));
  EXPECT_TRUE(parse_revocation_feed(R"({"changes":[]})").failed_with(Code::JsonMissing));
  EXPECT_TRUE(parse_revocation_feed("[]").failed_with(Code::JsonType));
}

TEST(RevocationFeed, HoldsItsBounds) {
  RevocationDelta delta;
  for (std::size_t i = 0; i < kFeedChangesMax; ++i) {
    // The longest names, every character escaped but in the issuer.
    delta.changes.push_back({RevocationKind::Subject, std::string(256, 'i'), std::string(kTokenIdMax, 'd'), 1, 2});
  }
  std::string written;
  write_revocation_feed(delta, written);
  ASSERT_LE(written.size(), kFeedBytesMax);
  const auto read = parse_revocation_feed(written);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->changes.size(), kFeedChangesMax);

  std::string one_more = written.substr(0, written.size() - 2) + R"(,{"kind":"jti","issuer":"i","id":"x","exp":1}]})";
  EXPECT_TRUE(parse_revocation_feed(one_more).failed_with(Code::TooMany));
  EXPECT_TRUE(parse_revocation_feed(std::string(kFeedBytesMax + 1, ' ')).failed_with(Code::TooLarge));
}

}  // namespace
}  // namespace claviger::tokens
