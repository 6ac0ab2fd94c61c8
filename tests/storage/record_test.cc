#include "storage/record.h"

#include <gtest/gtest.h>

#include "tests/storage/record_test_generated.h"

namespace claviger::storage {
namespace {

constexpr RecordSchema kFirst{"test.first", 1};

std::string first(std::uint16_t version, const char* name) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(testing::CreateFirst(builder, version, builder.CreateString(name)));
  return std::string(as_text(finished_bytes(builder)));
}

Result<std::string> split_name(std::uint16_t from, Bytes stored) {
  EXPECT_EQ(from, 1);
  CLAVIGER_TRY(old, FlatRecord<testing::First>::open(stored, kFirst));
  const std::string name = old->name()->str();
  const auto space = name.find(' ');
  if (space == std::string::npos) return Error{Code::Corrupt, "test.second"};
  flatbuffers::FlatBufferBuilder builder;
  const auto given = builder.CreateString(name.substr(0, space));
  const auto family = builder.CreateString(name.substr(space + 1));
  builder.Finish(testing::CreateSecond(builder, 2, given, family));
  return std::string(as_text(finished_bytes(builder)));
}
constexpr RecordSchema kSecond{"test.second", 2, &split_name};

TEST(FlatRecord, ReadsFromAnyAlignment) {
  const std::string stored = first(1, "Ada Lovelace");
  for (std::size_t shift = 0; shift < 8; ++shift) {
    const std::string shifted = std::string(shift, 'x') + stored;
    const auto record = FlatRecord<testing::First>::open(as_bytes(shifted).subspan(shift), kFirst);
    ASSERT_TRUE(record);
    EXPECT_EQ((*record)->name()->str(), "Ada Lovelace");
  }
}

TEST(FlatRecord, MovesWithItsBuffer) {
  auto record = FlatRecord<testing::First>::open(as_bytes(first(1, "Ada Lovelace")), kFirst);
  const FlatRecord<testing::First> moved = *std::move(record);
  EXPECT_EQ(moved->name()->str(), "Ada Lovelace");
}

TEST(FlatRecord, CutOffAnywhereIsCorrupt) {
  const std::string stored = first(1, "Ada Lovelace");
  for (std::size_t size = 0; size + 1 < stored.size(); ++size) {
    const auto record = FlatRecord<testing::First>::open(as_bytes(stored).first(size), kFirst);
    if (record) continue;  // trailing padding may go
    EXPECT_EQ(record.error().code, Code::Corrupt);
    EXPECT_EQ(record.error().where, "test.first");
  }
  EXPECT_TRUE(FlatRecord<testing::First>::open(as_bytes(stored).first(stored.size() / 2), kFirst).failed_with(Code::Corrupt));
}

TEST(FlatRecord, AFlippedBitIsReadOrRefusedNeverACrash) {
  const std::string stored = first(1, "Ada Lovelace");
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    std::string flipped = stored;
    flipped[bit / 8] = static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ (1U << (bit % 8)));
    const auto record = FlatRecord<testing::First>::open(as_bytes(flipped), kFirst);
    if (record) {
      EXPECT_LE((*record)->name()->size(), stored.size());
    }
  }
}

TEST(FlatRecord, VersionsAreChecked) {
  EXPECT_TRUE(FlatRecord<testing::First>::open(as_bytes(first(0, "a")), kFirst).failed_with(Code::Corrupt));
  EXPECT_TRUE(FlatRecord<testing::First>::open(as_bytes(first(2, "a")), kFirst).failed_with(Code::SchemaTooNew));
}

TEST(FlatRecord, AnAddedFieldHasItsDefaultInOldRecords) {
  const auto record = FlatRecord<testing::Grown>::open(as_bytes(first(1, "a b")), kFirst);
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->size(), 7);
}

TEST(FlatRecord, WhatALaterReleaseWroteIsTooNewWhateverItsForm) {
  flatbuffers::FlatBufferBuilder builder;
  const auto given = builder.CreateString("Ada");
  builder.Finish(testing::CreateSecond(builder, 2, given, given));
  EXPECT_TRUE(FlatRecord<testing::First>::open(finished_bytes(builder), kFirst).failed_with(Code::SchemaTooNew));
}

TEST(FlatRecord, AMigrationMayChangeTheForm) {
  const auto record = FlatRecord<testing::Second>::open(as_bytes(first(1, "Ada Lovelace")), kSecond);
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->family()->str(), "Lovelace");
  EXPECT_TRUE(FlatRecord<testing::Second>::open(as_bytes(first(1, "Ada")), kSecond).failed_with(Code::Corrupt));
}

TEST(FlatRecord, ReadsFromAValue) {
  const Value value = Value::owned(first(1, "a"), 3, 0);
  EXPECT_TRUE(FlatRecord<testing::First>::open(value, kFirst, "key"));
}

}  // namespace
}  // namespace claviger::storage
