// RFC 8141 clause 3.1, RFC 9562 clause 4.
#include "core/codec/urn.h"

#include <gtest/gtest.h>

namespace claviger::codec {
namespace {

TEST(Urn, WritingsOfOneUuidAreOne) {
  constexpr std::string_view kOne = "urn:uuid:2f1c2a34-5b6d-4e7f-8091-a2b3c4d5e6f7";
  for (const std::string_view other : {kOne, std::string_view("urn:uuid:2F1C2A34-5B6D-4E7F-8091-A2B3C4D5E6F7"),
                                       std::string_view("URN:UUID:2f1c2a34-5b6d-4e7f-8091-a2b3c4d5e6f7"),
                                       std::string_view("Urn:Uuid:2F1c2a34-5b6d-4e7f-8091-a2b3c4d5e6F7")}) {
    EXPECT_EQ(canonical_urn(other), kOne);
  }
}

TEST(Urn, OthersKeepTheCaseOfTheirOwnPart) {
  EXPECT_EQ(canonical_urn("URN:Example:aBc"), "urn:example:aBc");
  EXPECT_EQ(canonical_urn("urn:example:A%2fb%3X%c"), "urn:example:A%2Fb%3X%c");
  EXPECT_EQ(canonical_urn("urn:uuid:AB?+Res#Frag"), "urn:uuid:ab?+Res#Frag");
}

TEST(Urn, WhatIsNoneStaysAsItIs) {
  for (const std::string_view text :
       {"", "URN", "URN:", "URN:UUID", "device-AbC", "URNS:UUID:A", "sip:U@Home.example"}) {
    EXPECT_EQ(canonical_urn(text), text);
  }
}

}  // namespace
}  // namespace claviger::codec
