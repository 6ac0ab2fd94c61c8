#include "core/net/source_table.h"

#include <gtest/gtest.h>

#include <memory>

namespace claviger::net {
namespace {

TEST(SourceTable, CountsUpToItsBoundAndDown) {
  const auto table = std::make_unique<SourceTable>(SipKey{1, 2});
  const std::size_t bucket = table->bucket_of(7);
  EXPECT_TRUE(table->enter(bucket, 2));
  EXPECT_TRUE(table->enter(bucket, 2));
  EXPECT_FALSE(table->enter(bucket, 2));
  EXPECT_FALSE(table->enter(bucket, 2));  // the refused one was not counted
  table->leave(bucket);
  EXPECT_TRUE(table->enter(bucket, 2));
}

TEST(SourceTable, TheKeyDecidesWhoMeets) {
  const auto one = std::make_unique<SourceTable>(SipKey{1, 2});
  const auto other = std::make_unique<SourceTable>(SipKey{3, 4});
  std::size_t same = 0;
  for (std::uint64_t source = 0; source < 1000; ++source) {
    if (one->bucket_of(source) == other->bucket_of(source)) ++same;
  }
  EXPECT_LT(same, 10U);
}

}  // namespace
}  // namespace claviger::net
