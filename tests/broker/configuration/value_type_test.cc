#include "broker/configuration/value_type.h"

#include <gtest/gtest.h>

namespace claviger::configuration {
namespace {

TEST(ValueType, NumbersHaveTheirBounds) {
  EXPECT_TRUE(has_type(ValueType::Byte, " 255\n"));
  EXPECT_FALSE(has_type(ValueType::Byte, "256"));
  EXPECT_FALSE(has_type(ValueType::Byte, "-1"));
  EXPECT_FALSE(has_type(ValueType::Byte, ""));
  EXPECT_TRUE(has_type(ValueType::Short, "65535"));
  EXPECT_FALSE(has_type(ValueType::Short, "65536"));
  EXPECT_TRUE(has_type(ValueType::Count, "0"));
  EXPECT_FALSE(has_type(ValueType::Positive, "0"));
  EXPECT_FALSE(has_type(ValueType::Positive, "1.5"));
  EXPECT_FALSE(has_type(ValueType::Count, "99999999999999999999999"));
  EXPECT_TRUE(has_type(ValueType::Tac, "35875810"));
  EXPECT_FALSE(has_type(ValueType::Tac, "358758101"));
  EXPECT_TRUE(has_type(ValueType::Serial, "123456"));
  EXPECT_FALSE(has_type(ValueType::Serial, "12345a"));
}

TEST(ValueType, Durations) {
  for (const char* good : {"PT5S", "PT0.5S", "P1D", "-P1Y2M3DT4H5M6.7S", "PT1H30S", "P2M"}) {
    EXPECT_TRUE(has_type(ValueType::Duration, good)) << good;
  }
  for (const char* bad :
       {"", "5", "5S", "P", "PT", "P5S", "PT5", "PT5.S", "PT.5S", "P1DT", "PT5S6", "PT1S1H", "P-1D"}) {
    EXPECT_FALSE(has_type(ValueType::Duration, bad)) << bad;
  }
}

TEST(ValueType, TheRest) {
  EXPECT_TRUE(has_type(ValueType::Boolean, " 1 "));
  EXPECT_FALSE(has_type(ValueType::Boolean, "TRUE"));
  EXPECT_TRUE(has_type(ValueType::Empty, " \n"));
  EXPECT_FALSE(has_type(ValueType::Empty, "x"));
  EXPECT_TRUE(has_type(ValueType::AnyUri, "alpha.example"));
  EXPECT_FALSE(has_type(ValueType::AnyUri, "a b"));
  EXPECT_TRUE(has_type(ValueType::Uri, "tel:+15550100"));
  EXPECT_FALSE(has_type(ValueType::Uri, "patrol"));
  EXPECT_FALSE(has_type(ValueType::Uri, ":x"));
  EXPECT_TRUE(has_type(ValueType::Hex, "00fF"));
  EXPECT_FALSE(has_type(ValueType::Hex, "00f"));
  EXPECT_TRUE(has_type(ValueType::Hex6, "0123456789ab"));
  EXPECT_FALSE(has_type(ValueType::Hex6, "0123456789"));
  EXPECT_TRUE(has_type(ValueType::EntryInfo, "DedicatedGroup"));
  EXPECT_FALSE(has_type(ValueType::EntryInfo, "dedicatedgroup"));
}

}  // namespace
}  // namespace claviger::configuration
