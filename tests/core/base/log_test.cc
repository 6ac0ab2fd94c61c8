#include "core/base/log.h"

#include <gtest/gtest.h>

namespace claviger {
namespace {

TEST(Log, APeersTextCannotForgeALine) {
  EXPECT_EQ(format_event(false, "login.fail", {{"user", "a\nb\"c\x80"}}), "login.fail user=\"a\\u000ab\\\"c\\u0080\"");
}

TEST(Log, WritesJsonFields) {
  EXPECT_EQ(format_event(true, "token.issue", {{"count", 3}, {"client", "x"}}),
            "\"event\":\"token.issue\",\"count\":3,\"client\":\"x\"");
}

TEST(Log, LevelDecides) {
  Logger logger;
  logger.set_level(LogLevel::Warning);
  EXPECT_FALSE(logger.wants(LogLevel::Info));
  EXPECT_TRUE(logger.wants(LogLevel::Error));
}

}  // namespace
}  // namespace claviger
