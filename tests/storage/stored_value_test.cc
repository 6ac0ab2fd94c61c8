#include "storage/stored_value.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::storage {
namespace {

std::string stored(StoredHeader header, std::string_view payload) {
  return std::string(EncodedHeader(header).text()) + std::string(payload);
}

// The example of the header.
TEST(StoredValue, HasTheDocumentedLayout) {
  EXPECT_EQ(stored({258, 1'700'000'000}, "hi"), std::string("\x02\0\0\0\0\0\0\x01\x02\0\0\0\0\x65\x53\xf1\0hi", 19));
  EXPECT_EQ(stored({1, 0}, ""), std::string("\x01\0\0\0\0\0\0\0\x01", 9));
}

TEST(StoredValue, ReadsWhatItWrote) {
  for (const StoredHeader header : {StoredHeader{1, 0}, StoredHeader{~std::uint64_t{0}, 1}, StoredHeader{7, 1LL << 62}}) {
    const std::string bytes = stored(header, "payload");
    const auto value = decode_stored(as_bytes(bytes));
    ASSERT_TRUE(value);
    EXPECT_EQ(value->header.version, header.version);
    EXPECT_EQ(value->header.expires_at, header.expires_at);
    EXPECT_EQ(as_text(value->payload), "payload");
  }
}

TEST(StoredValue, RefusesWhatDoesNotFollowTheGrammar) {
  const std::string expiring = stored({258, 1'700'000'000}, "");
  for (std::size_t size = 0; size < expiring.size(); ++size) {
    EXPECT_TRUE(decode_stored(as_bytes(expiring).first(size)).failed_with(Code::Corrupt)) << size;
  }
  std::string changed = expiring;
  changed[0] = 0;
  EXPECT_TRUE(decode_stored(as_bytes(changed)).failed_with(Code::Corrupt));
  changed[0] = 3;
  EXPECT_TRUE(decode_stored(as_bytes(changed)).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_stored(as_bytes(std::string("\x01\0\0\0\0\0\0\0\0", 9))).failed_with(Code::Corrupt));
  const std::string no_expiry = expiring.substr(0, 9) + std::string(8, '\0');
  EXPECT_TRUE(decode_stored(as_bytes(no_expiry)).failed_with(Code::Corrupt));
  const std::string negative = expiring.substr(0, 9) + std::string(8, '\xff');
  EXPECT_TRUE(decode_stored(as_bytes(negative)).failed_with(Code::Corrupt));
}

TEST(StoredValue, ExpiresWithTheSecond) {
  EXPECT_FALSE(is_expired(0, 1'700'000'000));
  EXPECT_FALSE(is_expired(1'700'000'001, 1'700'000'000));
  EXPECT_TRUE(is_expired(1'700'000'000, 1'700'000'000));
}

}  // namespace
}  // namespace claviger::storage
