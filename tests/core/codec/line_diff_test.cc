#include "core/codec/line_diff.h"

#include <gtest/gtest.h>

namespace claviger::codec {
namespace {

TEST(LineDiff, SaysWhatIsOnlyInOne) {
  EXPECT_EQ(line_diff("a\nb\nc\nd\ne\n", "a\nb\nx\nd\ne\n"), " b\n-c\n+x\n d\n");
  EXPECT_EQ(line_diff("a\n", "a\nb\n"), " a\n+b\n");
  EXPECT_EQ(line_diff("a\nb\n", "b\n"), "-a\n b\n");
  EXPECT_EQ(line_diff("same\n", "same\n"), "");
  EXPECT_EQ(line_diff("", ""), "");
  EXPECT_EQ(line_diff("", "a\n"), "+a\n");
}

TEST(LineDiff, TakesXmlOnOneLineApart) {
  EXPECT_EQ(line_diff("<a><b>1</b><c/></a>", "<a><b>2</b><c/></a>"), " <a>\n-<b>1</b>\n+<b>2</b>\n <c/>\n");
}

// What a peer can make it do is bounded: two large texts without a common line are shown whole.
TEST(LineDiff, ShowsWhatIsTooLargeWhole) {
  std::string left, right;
  for (int i = 0; i < 3000; ++i) {
    left += "l" + std::to_string(i) + "\n";
    right += "r" + std::to_string(i) + "\n";
  }
  const std::string diff = line_diff(left, right);
  EXPECT_TRUE(diff.starts_with("-l0\n-l1\n"));
  EXPECT_TRUE(diff.ends_with("+r2998\n+r2999\n"));
}

}  // namespace
}  // namespace claviger::codec
