#include "broker/tokens/verifier/compact_token.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::tokens {
namespace {

TEST(CompactToken, SplitsAtItsTwoDots) {
  const auto parts = split_compact("aa.bbb.c");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->header, "aa");
  EXPECT_EQ(parts->payload, "bbb");
  EXPECT_EQ(parts->signature, "c");
  EXPECT_EQ(as_text(parts->signed_bytes), "aa.bbb");
}

TEST(CompactToken, AnEmptySignatureIsForTheKeyToRefuse) {
  const auto parts = split_compact("a.b.");
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->signature.empty());
}

TEST(CompactToken, AnyOtherNumberOfSegmentsIsRefused) {
  for (const char* token :
       {"", "a", ".", "a.b", "..", ".b.c", "a..c", "a.b.c.", "a.b.c.d", "a.b..d", "a.b.c.d.e", "...."}) {
    EXPECT_TRUE(split_compact(token).failed_with(Code::TokenSegments)) << token;
  }
}

TEST(CompactToken, TheBoundIsExact) {
  EXPECT_TRUE(split_compact("a.b." + std::string(kTokenBytesMax - 4, 'x')));
  EXPECT_TRUE(split_compact("a.b." + std::string(kTokenBytesMax - 3, 'x')).failed_with(Code::TokenTooLong));
}

}  // namespace
}  // namespace claviger::tokens
