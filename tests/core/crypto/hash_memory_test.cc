#include "core/crypto/hash_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <thread>

namespace claviger::crypto {
namespace {

constexpr std::size_t kUsual = 19U << 20U;

TEST(HashMemory, KeepsTheBlockForTheNextHashOfThisThread) {
  std::uint8_t* first = nullptr;
  ASSERT_EQ(take_hash_memory(&first, kUsual), 0);
  std::memset(first, 0xA5, kUsual);
  give_hash_memory(first, kUsual);
  std::uint8_t* second = nullptr;
  ASSERT_EQ(take_hash_memory(&second, kUsual / 2), 0);
  EXPECT_EQ(second, first);
  give_hash_memory(second, kUsual / 2);
}

TEST(HashMemory, GrowsForAHashThatWantsMore) {
  std::uint8_t* memory = nullptr;
  ASSERT_EQ(take_hash_memory(&memory, kUsual), 0);
  give_hash_memory(memory, kUsual);
  ASSERT_EQ(take_hash_memory(&memory, 2 * kUsual), 0);
  std::memset(memory, 0xA5, 2 * kUsual);
  give_hash_memory(memory, 2 * kUsual);
}

TEST(HashMemory, GivesTwoAtOnceTwoBlocks) {
  std::uint8_t* first = nullptr;
  std::uint8_t* second = nullptr;
  ASSERT_EQ(take_hash_memory(&first, 4096), 0);
  ASSERT_EQ(take_hash_memory(&second, 4096), 0);
  EXPECT_NE(first, second);
  std::memset(first, 1, 4096);
  std::memset(second, 2, 4096);
  EXPECT_EQ(first[4095], 1);
  give_hash_memory(second, 4096);
  give_hash_memory(first, 4096);
}

TEST(HashMemory, DoesNotKeepAnImportedHashsGiant) {
  std::uint8_t* usual = nullptr;
  ASSERT_EQ(take_hash_memory(&usual, 4096), 0);
  give_hash_memory(usual, 4096);
  std::uint8_t* giant = nullptr;
  ASSERT_EQ(take_hash_memory(&giant, kHashMemoryKeptMax + 1), 0);
  giant[kHashMemoryKeptMax] = 1;
  EXPECT_NE(giant, usual);
  give_hash_memory(giant, kHashMemoryKeptMax + 1);
  std::uint8_t* again = nullptr;
  ASSERT_EQ(take_hash_memory(&again, 4096), 0);
  EXPECT_EQ(again, usual);
  give_hash_memory(again, 4096);
}

TEST(HashMemory, SaysThatThereIsNone) {
  std::uint8_t* memory = nullptr;
  EXPECT_NE(take_hash_memory(&memory, std::numeric_limits<std::size_t>::max() / 2), 0);
  ASSERT_EQ(take_hash_memory(&memory, 4096), 0);
  give_hash_memory(memory, 4096);
}

TEST(HashMemory, IsAThreadsOwn) {
  std::uint8_t* mine = nullptr;
  ASSERT_EQ(take_hash_memory(&mine, 4096), 0);
  std::uint8_t* other = nullptr;
  std::thread([&other] {
    ASSERT_EQ(take_hash_memory(&other, 4096), 0);
    give_hash_memory(other, 4096);
  }).join();
  EXPECT_NE(mine, other);
  give_hash_memory(mine, 4096);
}

}  // namespace
}  // namespace claviger::crypto
