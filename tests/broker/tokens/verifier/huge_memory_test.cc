#include "broker/tokens/verifier/huge_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <utility>

namespace claviger::tokens {
namespace {

TEST(HugeMemory, IsZeroedWritableAndBeginsOnAHugePage) {
  auto memory = HugeMemory::take(3 * 1024 * 1024 + 7);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->size(), 3u * 1024 * 1024 + 7);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory->data()) % (2 * 1024 * 1024), 0u);
  for (std::size_t at = 0; at < memory->size(); at += 4096) EXPECT_EQ(memory->data()[at], std::byte{0});
  memory->data()[memory->size() - 1] = std::byte{1};
}

TEST(HugeMemory, MovesWithItsOwner) {
  auto memory = HugeMemory::take(4096);
  ASSERT_TRUE(memory);
  std::byte* const data = memory->data();
  HugeMemory moved = std::move(*memory);
  EXPECT_EQ(moved.data(), data);
  EXPECT_EQ(memory->data(), nullptr);
  moved.data()[0] = std::byte{1};
}

TEST(HugeMemory, SaysNoSpaceRatherThanGuess) {
  EXPECT_TRUE(HugeMemory::take(0).failed_with(Code::NoSpace));
  EXPECT_TRUE(HugeMemory::take(std::numeric_limits<std::size_t>::max()).failed_with(Code::NoSpace));
  EXPECT_TRUE(HugeMemory::take(std::size_t{1} << 60U).failed_with(Code::NoSpace));
}

}  // namespace
}  // namespace claviger::tokens
