#include "tools/clavigerctl/import/import_reader.h"

#include <gtest/gtest.h>

#include "tests/tools/clavigerctl/text_source.h"

namespace claviger::ctl {
namespace {

struct Lines {
  std::string header;
  std::vector<ImportLine> lines;
};
Lines read_all(std::string text, ImportFormat format, std::size_t step = 7) {
  ImportReader reader(std::make_unique<TextSource>(std::move(text), step), format);
  Lines all;
  const auto header = reader.start();
  EXPECT_TRUE(header);
  all.header = *header;
  if (!all.header.empty()) return all;
  for (;;) {
    auto next = reader.next();
    EXPECT_TRUE(next);
    if (!*next) return all;
    all.lines.push_back(std::move(**next));
  }
}
std::string numbers(const Lines& all) {
  std::string text;
  for (const ImportLine& line : all.lines) {
    text += (text.empty() ? "" : " ") + std::to_string(line.line) + (line.is_bad() ? "!" : "");
  }
  return text;
}

TEST(ImportReader, TurnsRowsIntoObjects) {
  const Lines all = read_all("login,display_name,scopes,enabled\r\nalice,\"Alice, \"\"A\"\"\",openid  3gpp:mcptt:ptt_server,\r\nbob,,,false\r\n",
                             ImportFormat::Csv);
  ASSERT_EQ(all.lines.size(), 2U);
  EXPECT_EQ(all.lines[0].json, R"({"login":"alice","display_name":"Alice, \"A\"","scopes":["openid","3gpp:mcptt:ptt_server"]})");
  EXPECT_EQ(all.lines[1].json, R"({"login":"bob","enabled":false})");
  EXPECT_EQ(numbers(all), "2 3");
}

TEST(ImportReader, NamesEachBadLineAndLosesNoGoodOne) {
  const std::string text =
      "login,display_name\n"
      "a,1\n"
      "b\n"              // a field too few
      "c,3\n"
      "\"never closed\n"
      "d,4\n"
      "e,\xff\n"         // not UTF-8
      "\n"
      "f,\"two\nlines\"\n"
      "g\"x,6\n"
      "h,7";
  for (const std::size_t step : {1U, 7U, 4096U}) {
    const Lines all = read_all(text, ImportFormat::Csv, step);
    EXPECT_EQ(numbers(all), "2 3! 4 5! 6 7! 9 11! 12") << step;
  }
}

TEST(ImportReader, RefusesHeadersItDoesNotKnow) {
  EXPECT_NE(read_all("login,colour\n", ImportFormat::Csv).header.find("colour"), std::string::npos);
  EXPECT_NE(read_all("\x1b[2J\xff,login\n", ImportFormat::Csv).header.find("\"?[2J?\""), std::string::npos);
  EXPECT_NE(read_all("login,login\n", ImportFormat::Csv).header.find("twice"), std::string::npos);
  EXPECT_NE(read_all("display_name\n", ImportFormat::Csv).header.find("login"), std::string::npos);
  EXPECT_FALSE(read_all("", ImportFormat::Csv).header.empty());
  EXPECT_FALSE(read_all("\"x", ImportFormat::Csv).header.empty());
  EXPECT_TRUE(read_all("\xEF\xBB\xBFlogin\nx\n", ImportFormat::Csv).header.empty());
}

TEST(ImportReader, RefusesValuesThatAreNone) {
  const Lines all = read_all("login,enabled\na,yes\n", ImportFormat::Csv);
  EXPECT_EQ(all.lines[0].reason, "enabled: neither true nor false");
}

TEST(ImportReader, PassesNdjsonLinesOn) {
  const Lines all = read_all("{\"login\":\"a\"}\r\n\n  \n{\"login\":\"b\"}", ImportFormat::Ndjson);
  ASSERT_EQ(all.lines.size(), 2U);
  EXPECT_EQ(all.lines[0].json, R"({"login":"a"})");
  EXPECT_EQ(numbers(all), "1 4");
}

TEST(ImportReader, SkipsALineThatIsTooLong) {
  const std::string giant(3 * kImportLineBytesMax, 'x');
  EXPECT_EQ(numbers(read_all("{\"a\":1}\n" + giant + "\n{\"b\":1}\n", ImportFormat::Ndjson, 100'000)), "1 2! 3");
  EXPECT_EQ(numbers(read_all("{\"a\":1}\n" + giant, ImportFormat::Ndjson, 100'000)), "1 2!");
  EXPECT_EQ(numbers(read_all("login\n" + giant + "\nb\n", ImportFormat::Csv, 100'000)), "2! 3");
  EXPECT_EQ(numbers(read_all("login\n\"" + giant + "\nb\n", ImportFormat::Csv, 100'000)), "2! 3");
}

TEST(ImportReader, ResumesAtEveryLine) {
  const std::string text = "login,display_name\na,1\nb\n\"c\nc\",3\n\nd,4\n";
  const Lines all = read_all(text, ImportFormat::Csv);
  for (std::size_t done = 0; done < all.lines.size(); ++done) {
    ImportReader reader(std::make_unique<TextSource>(text), ImportFormat::Csv);
    ASSERT_TRUE(reader.start());
    ASSERT_TRUE(reader.resume(all.lines[done].end_offset, all.lines[done].next_line));
    for (std::size_t i = done + 1; i < all.lines.size(); ++i) {
      const auto next = reader.next();
      ASSERT_TRUE(next && *next);
      EXPECT_EQ((*next)->line, all.lines[i].line);
      EXPECT_EQ((*next)->json, all.lines[i].json);
    }
    const auto end = reader.next();
    ASSERT_TRUE(end);
    EXPECT_FALSE(*end);
  }
}

TEST(ImportReader, KnowsFormatsByName) {
  EXPECT_EQ(format_of("a.csv"), ImportFormat::Csv);
  EXPECT_EQ(format_of("a.ndjson"), ImportFormat::Ndjson);
  EXPECT_EQ(format_of("a.jsonl"), ImportFormat::Ndjson);
  EXPECT_FALSE(format_of("a.txt"));
  EXPECT_FALSE(format_of("-"));
}

}  // namespace
}  // namespace claviger::ctl
