#include "tools/clavigerctl/export/user_rows.h"

#include <gtest/gtest.h>

#include "tests/tools/clavigerctl/text_source.h"

namespace claviger::ctl {
namespace {

constexpr std::string_view kPage =
    R"({"items":[{"sub":"x","login":"alice","display_name":"Alice, \"A\"\u00e9","enabled":false,"mc_id":"sip:a@b","mcptt_id":"",)"
    R"("scopes":["openid","x"],"has_password":true,"created_at":5,"password_hash":"$argon2id$v=19$m=1,t=1,p=1$x$y"},)"
    R"({"sub":"y","login":"bob","display_name":"","enabled":true,"mc_id":"","scopes":[]}],"next":"cursor"})";

std::vector<std::string> imported(const std::string& text, ImportFormat format) {
  ImportReader reader(std::make_unique<TextSource>(text, 1000), format);
  const auto header = reader.start();
  EXPECT_TRUE(header && header->empty());
  std::vector<std::string> lines;
  for (auto next = reader.next(); next && *next; next = reader.next()) lines.push_back((*next)->json);
  return lines;
}

TEST(UserRows, WhatGoesOutComesBackIn) {
  const std::vector<std::string> expected{
      "{\"login\":\"alice\",\"display_name\":\"Alice, \\\"A\\\"\xC3\xA9\",\"password_hash\":\"$argon2id$v=19$m=1,t=1,p=1$x$y\","
      "\"enabled\":false,\"mc_id\":\"sip:a@b\",\"scopes\":[\"openid\",\"x\"]}",
      "{\"login\":\"bob\"}"};
  for (const ImportFormat format : {ImportFormat::Csv, ImportFormat::Ndjson}) {
    const auto page = export_page(kPage, format);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->users, 2U);
    EXPECT_EQ(page->next, "cursor");
    EXPECT_EQ(imported(export_header(format) + page->text, format), expected);
  }
}

TEST(UserRows, RefusesAnswersThatAreNone) {
  for (const char* text : {"", "[]", "{}", R"({"items":{}})", R"({"items":[1]})", R"({"items":[{"login":7}]})"}) {
    EXPECT_FALSE(export_page(text, ImportFormat::Ndjson)) << text;
  }
}

TEST(UserRows, TheCursorTellsHowFar) {
  EXPECT_EQ(progress_of_cursor(""), 0U);
  EXPECT_EQ(progress_of_cursor("----"), 0U);
  EXPECT_NEAR(static_cast<double>(progress_of_cursor("V")), 500'000, 16'000);
  EXPECT_GT(progress_of_cursor("zzzz"), 999'000U);
  EXPECT_LT(progress_of_cursor("zzzz"), 1'000'000U);
  EXPECT_LT(progress_of_cursor("Z"), progress_of_cursor("_"));
  EXPECT_LT(progress_of_cursor("_"), progress_of_cursor("a"));
}

}  // namespace
}  // namespace claviger::ctl
