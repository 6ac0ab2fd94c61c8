#include "storage/outbox_row.h"

#include <gtest/gtest.h>

namespace claviger::storage {
namespace {

constexpr TableId kTable{0};

// The example of the header.
TEST(OutboxRow, HasTheDocumentedLayout) {
  Transaction change;
  put_outbox_attempt(change, kTable, {"n1", 1'700'000'000, 1'699'999'990, 1, "hi"});
  ASSERT_EQ(change.writes().size(), 1U);
  EXPECT_EQ(change.writes()[0].key, std::string("\0\0\0\0\x65\x53\xf1\0n1", 10));
  EXPECT_EQ(change.writes()[0].value, std::string("\0\1\0\0\0\0\x65\x53\xf0\xf6hi", 12));
}

TEST(OutboxRow, ReadsWhatItWrote) {
  Transaction change;
  put_outbox_row(change, kTable, 1'700'000'000, "id", as_bytes("payload"));
  const auto row = decode_outbox_row(change.writes()[0].key, as_bytes(change.writes()[0].value));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->id, "id");
  EXPECT_EQ(row->due, 1'700'000'000);
  EXPECT_EQ(row->due_first, 1'700'000'000);
  EXPECT_EQ(row->attempts, 0);
  EXPECT_EQ(row->payload, "payload");
}

TEST(OutboxRow, RefusesWhatDoesNotFollowTheGrammar) {
  const std::string key = outbox_key(1'700'000'000, "id");
  const std::string value("\0\1\0\0\0\0\x65\x53\xf0\xf6hi", 12);
  EXPECT_TRUE(decode_outbox_row(key, as_bytes(value)));
  EXPECT_TRUE(decode_outbox_row(key.substr(0, 8), as_bytes(value)).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_outbox_row(key + std::string(kOutboxIdBytesMax, 'x'), as_bytes(value)).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_outbox_row(key, as_bytes(value).first(9)).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_outbox_row(key, as_bytes("")).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_outbox_row(outbox_key(1, "id"), as_bytes(value)).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_outbox_row("\xff" + key.substr(1), as_bytes(value)).failed_with(Code::Corrupt));
}

TEST(OutboxRow, TakingBackExpectsItThere) {
  Transaction change;
  erase_outbox_row(change, kTable, 1'700'000'000, "id", 5);
  ASSERT_EQ(change.expectations().size(), 1U);
  EXPECT_EQ(change.expectations()[0].version, 5U);
  EXPECT_TRUE(change.writes()[0].is_erase);
}

}  // namespace
}  // namespace claviger::storage
