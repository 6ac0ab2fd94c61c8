#include "core/codec/cbor_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/codec/hex.h"

namespace claviger::codec {
namespace {

std::vector<std::byte> bytes_of(std::string_view hex) {
  std::vector<std::byte> bytes(hex.size() / 2);
  EXPECT_TRUE(hex_decode(hex, bytes));
  return bytes;
}
Code code_of_skip(std::string_view hex) {
  const auto bytes = bytes_of(hex);
  const auto skipped = CborReader(bytes).skip();
  return skipped ? Code::NotFound : skipped.error().code;
}
constexpr Code kFine = Code::NotFound;

// RFC 8949 appendix A.
TEST(CborReader, ReadsIntegersOfTheAppendix) {
  const std::vector<std::pair<std::string, std::int64_t>> rows{{"00", 0},
                                                               {"17", 23},
                                                               {"1818", 24},
                                                               {"1864", 100},
                                                               {"1903e8", 1000},
                                                               {"1a000f4240", 1'000'000},
                                                               {"1b000000e8d4a51000", 1'000'000'000'000},
                                                               {"20", -1},
                                                               {"3863", -100},
                                                               {"3903e7", -1000}};
  for (const auto& [hex, value] : rows) {
    const auto bytes = bytes_of(hex);
    CborReader reader(bytes);
    const auto read = reader.integer();
    ASSERT_TRUE(read) << hex;
    EXPECT_EQ(*read, value);
    EXPECT_TRUE(reader.is_at_end());
  }
}

TEST(CborReader, ReadsStringsAndContainers) {
  const auto bytes = bytes_of("a26161016162820203");  // {"a": 1, "b": [2, 3]}
  CborReader reader(bytes);
  ASSERT_EQ(*reader.map(), 2U);
  EXPECT_EQ(*reader.text(), "a");
  EXPECT_EQ(*reader.integer(), 1);
  EXPECT_EQ(*reader.text(), "b");
  ASSERT_EQ(*reader.array(), 2U);
  EXPECT_EQ(*reader.integer(), 2);
  EXPECT_EQ(*reader.kind(), CborKind::Integer);
  EXPECT_TRUE(reader.skip());
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(reader.kind().error().code, Code::Truncated);
  const auto octets = bytes_of("4401020304");
  EXPECT_EQ(CborReader(octets).byte_string()->size(), 4U);
}

TEST(CborReader, RefusesLongerHeadsThanNeeded) {  // clause 4.2.1
  for (const auto* hex : {"1817", "190017", "1900ff", "1a0000ffff", "1b00000000ffffffff", "580161", "7801 61"}) {
    std::string text(hex);
    std::erase(text, ' ');
    EXPECT_EQ(code_of_skip(text), Code::BadValue) << hex;
  }
  for (const auto* hex : {"1818", "18ff", "190100", "1a00010000", "1b0000000100000000"}) {
    EXPECT_EQ(code_of_skip(hex), kFine) << hex;
  }
}

TEST(CborReader, RefusesWhatCtapDoesNotWrite) {
  for (const auto* hex : {"9fff", "bfff", "5f4101ff", "c001", "f97e00", "fa47c35000", "fb3ff199999999999a", "f7", "f0",
                          "f818", "1c", "ff"}) {
    EXPECT_EQ(code_of_skip(hex), Code::BadValue) << hex;
  }
  for (const auto* hex : {"f4", "f5", "f6"}) EXPECT_EQ(code_of_skip(hex), kFine) << hex;
  EXPECT_EQ(code_of_skip("61ff"), Code::Utf8Invalid);
  const auto big = bytes_of("1bffffffffffffffff");
  EXPECT_EQ(CborReader(big).integer().error().code, Code::OutOfRange);
  const auto text = bytes_of("6161");
  EXPECT_EQ(CborReader(text).byte_string().error().code, Code::BadValue);
  EXPECT_EQ(CborReader(text).integer().error().code, Code::BadValue);
  EXPECT_EQ(CborReader(text).map().error().code, Code::BadValue);
}

TEST(CborReader, RefusesEveryTruncation) {
  const std::string whole = "a401020326200121582000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  EXPECT_EQ(code_of_skip(whole), kFine);
  for (std::size_t size = 0; size < whole.size(); size += 2) {
    EXPECT_EQ(code_of_skip(whole.substr(0, size)), Code::Truncated) << size;
  }
}

TEST(CborReader, CountsThatLieCostNothing) {
  for (const auto* hex :
       {"9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff", "bb7fffffffffffffff00", "9a7fffffff00"}) {
    EXPECT_EQ(code_of_skip(hex), Code::Truncated) << hex;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "81";
  EXPECT_EQ(code_of_skip(deep), Code::Truncated);
  EXPECT_EQ(code_of_skip(deep + "00"), kFine);
}

}  // namespace
}  // namespace claviger::codec
