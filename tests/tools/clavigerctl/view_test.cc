#include "tools/clavigerctl/view.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::ctl {
namespace {

TEST(PagesAsJson, AreOneDocument) {
  std::string text;
  PagesAsJson document([&text](std::string_view part) { text += part; });
  EXPECT_EQ(document.add(R"({"items":[{"a":[1,-2,1.5],"b":null},{"c":"\u00e9\"","d":{"e":true}}],"next":"x"})"), "x");
  EXPECT_EQ(document.add(R"({"items":[],"next":"y"})"), "y");
  EXPECT_EQ(document.add(R"({"items":[3]})"), "");
  document.end();
  EXPECT_EQ(text, "{\"items\":[{\"a\":[1,-2,1.5],\"b\":null},{\"c\":\"é\\\"\",\"d\":{\"e\":true}},3]}\n");
}

TEST(PagesAsJson, OfNothingAreAnEmptyList) {
  std::string text;
  PagesAsJson document([&text](std::string_view part) { text += part; });
  EXPECT_EQ(document.add(R"({"items":[]})"), "");
  document.end();
  EXPECT_EQ(text, "{\"items\":[]}\n");
}

TEST(PagesAsJson, RefuseWhatIsNoPage) {
  PagesAsJson document([](std::string_view) {});
  for (const char* bad : {"", "[]", "{}", R"({"items":1})", R"({"items":[)"}) EXPECT_FALSE(document.add(bad)) << bad;
}

}  // namespace
}  // namespace claviger::ctl
