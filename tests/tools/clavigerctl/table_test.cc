#include "tools/clavigerctl/table.h"

#include <gtest/gtest.h>

#include "tools/clavigerctl/progress_bar.h"

namespace claviger::ctl {
namespace {

TEST(Table, AlignsColumnsByCodePoints) {
  Table table({"LOGIN", "NAME"});
  table.add({"zoë", "Zoë"});
  table.add({"alice-long", "A"});
  EXPECT_EQ(table.text(), "LOGIN       NAME\nzoë         Zoë\nalice-long  A\n");
}

TEST(Table, KeepsControlCharactersFromTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\n\x7f"), "a?[31mb??");
  EXPECT_EQ(printable("\xC2\x9B" "31m"), "?31m");
  EXPECT_EQ(printable("Zo\xC3\xAB"), "Zo\xC3\xAB");
}

TEST(FieldList, LeavesEmptyValuesOut) {
  FieldList fields;
  fields.add("name", "x");
  fields.add("nothing", "");
  fields.add("longer name", "y");
  EXPECT_EQ(fields.text(), "name         x\nlonger name  y\n");
}

TEST(Words, ForTimesAndSizes) {
  EXPECT_EQ(time_text(1'767'225'600), "2026-01-01 00:00:00Z");
  EXPECT_EQ(time_text(0), "-");
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(61), "1m 1s");
  EXPECT_EQ(duration_text(3600 * 25), "1d 1h");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
}

TEST(ProgressBar, ShowsRateAndTimeLeft) {
  const Monotonic start{};
  ProgressBar bar("users", true, 80, start);
  const std::string text = bar.draw({250, 1000, 500}, start + Seconds(5));
  EXPECT_EQ(text, "\r[##########..............................]  25%  500 users  100/s  15s left");
  EXPECT_EQ(bar.draw({251, 1000, 501}, start + Seconds(5) + Milliseconds(10)), "");
  EXPECT_TRUE(bar.finish({1000, 1000, 2000}, start + Seconds(20)).ends_with("\n"));
}

TEST(ProgressBar, IsAPlainLineNowAndThenElsewhere) {
  const Monotonic start{};
  ProgressBar bar("users", false, 80, start);
  EXPECT_EQ(bar.draw({1, 1000, 1}, start + Seconds(1)), "");
  EXPECT_EQ(bar.draw({500, 1000, 10}, start + Seconds(5)), " 50%  10 users  2/s  5s left\n");
  EXPECT_EQ(bar.draw({501, 1000, 11}, start + Seconds(6)), "");
}

TEST(ProgressBar, AResumedRunCountsOnlyItsOwnWork) {
  const Monotonic start{};
  ProgressBar bar("users", true, 80, start, {500, 1000, 5000});
  EXPECT_NE(bar.draw({600, 1000, 6000}, start + Seconds(1)).find("1000/s  4s left"), std::string::npos);
}

TEST(ProgressBar, FitsNarrowTerminalsAndUnknownTotals) {
  const Monotonic start{};
  ProgressBar narrow("users", true, 30, start);
  EXPECT_EQ(narrow.draw({1, 2, 3}, start + Seconds(1)).find('#'), std::string::npos);
  ProgressBar unknown("users", true, 80, start);
  EXPECT_EQ(unknown.draw({1, std::nullopt, 3}, start + Seconds(1)), "\r3 users  3/s");
}

}  // namespace
}  // namespace claviger::ctl
