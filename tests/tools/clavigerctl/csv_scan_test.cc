#include "tools/clavigerctl/import/csv_scan.h"

#include <gtest/gtest.h>

namespace claviger::ctl {
namespace {

using Fields = std::vector<std::string>;

TEST(CsvScan, ReadsTheExampleOfItsHeader) {
  const CsvScan scan = scan_csv("a,\"b \"\"c\"\"\"\nd", false);
  EXPECT_EQ(scan.kind, CsvScan::Kind::Record);
  EXPECT_EQ(scan.fields, (Fields{"a", "b \"c\""}));
  EXPECT_EQ(scan.consumed, 12U);
}

TEST(CsvScan, RecordsOfRfc4180) {
  EXPECT_EQ(scan_csv("aaa,bbb,ccc\r\n", true).fields, (Fields{"aaa", "bbb", "ccc"}));
  EXPECT_EQ(scan_csv("aaa,bbb,ccc", true).fields, (Fields{"aaa", "bbb", "ccc"}));
  EXPECT_EQ(scan_csv("\"aaa\",\"b\r\nbb\",\"ccc\"\r\n", true).fields, (Fields{"aaa", "b\r\nbb", "ccc"}));
  EXPECT_EQ(scan_csv(",,\n", true).fields, (Fields{"", "", ""}));
  EXPECT_EQ(scan_csv("\"\",x\n", true).fields, (Fields{"", "x"}));
  EXPECT_EQ(scan_csv(" a , b \n", true).fields, (Fields{" a ", " b "}));
  EXPECT_EQ(scan_csv("\n", true).fields, (Fields{""}));
  EXPECT_EQ(scan_csv("a\r", true).fields, (Fields{"a"}));
}

TEST(CsvScan, AsksForMoreUntilTheRecordIsWhole) {
  const std::string record = "a,\"b\"\"\n,\",c\r\n";
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(scan_csv(record.substr(0, size), false).kind, CsvScan::Kind::NeedMore) << size;
  }
  const CsvScan scan = scan_csv(record + "next", false);
  EXPECT_EQ(scan.fields, (Fields{"a", "b\"\n,", "c"}));
  EXPECT_EQ(scan.consumed, record.size());
}

TEST(CsvScan, ABadRecordCostsItsFirstLineOnly) {
  const auto bad_line = [](std::string_view text) {
    const CsvScan scan = scan_csv(text, true);
    EXPECT_EQ(scan.kind, CsvScan::Kind::Bad) << text;
    EXPECT_FALSE(scan.reason.empty());
    return text.substr(0, scan.consumed);
  };
  EXPECT_EQ(bad_line("a\"b,c\nd,e\n"), "a\"b,c\n");
  EXPECT_EQ(bad_line("\"a\"b,c\nd,e\n"), "\"a\"b,c\n");
  EXPECT_EQ(bad_line("\"never closed\nd,e\nf,g\n"), "\"never closed\n");
  EXPECT_EQ(bad_line("\"a\nb\"c\nd\n"), "\"a\n");
  EXPECT_EQ(bad_line("a\rb\nc\n"), "a\rb\n");
  EXPECT_EQ(bad_line("\"a\" ,b\n"), "\"a\" ,b\n");
  EXPECT_EQ(bad_line(std::string(kCsvFieldsMax, ',').append("\nx\n")).size(), kCsvFieldsMax + 1);
}

TEST(CsvScan, BoundsALine) {
  const std::string fits = std::string(kImportLineBytesMax - 1, 'a').append("\n");
  EXPECT_EQ(scan_csv(fits, false).kind, CsvScan::Kind::Record);
  EXPECT_EQ(scan_csv("b" + fits, false).kind, CsvScan::Kind::Bad);
  const CsvScan endless = scan_csv(std::string(kImportLineBytesMax + 1, 'a'), false);
  EXPECT_EQ(endless.kind, CsvScan::Kind::Bad);
  EXPECT_TRUE(endless.must_skip_line);
  EXPECT_EQ(scan_csv("\"" + std::string(kImportLineBytesMax + 1, 'a'), false).kind, CsvScan::Kind::Bad);
}

}  // namespace
}  // namespace claviger::ctl
