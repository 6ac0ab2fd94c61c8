#include "core/http/spare_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace claviger::http {
namespace {

TEST(SpareMemory, ABlockThatWasGivenBackIsTheNextOfItsSize) {
  void* const first = take_spare(100);
  give_back_spare(first);
  void* const second = take_spare(80);
  if (kKeepsSpareMemory) {
    EXPECT_EQ(second, first);  // both of 128 with their header
  }
  void* const other = take_spare(300);
  EXPECT_NE(other, second);
  give_back_spare(second);
  give_back_spare(other);
}

TEST(SpareMemory, EverySizeHasItsRoomAndItsAlignment) {
  std::vector<void*> blocks;
  for (std::size_t size = 0; size <= 2 * kSpareBlockBytesMax; size += 37) {
    void* const block = take_spare(size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U);
    std::memset(block, 0x5A, size);
    blocks.push_back(block);
  }
  for (void* block : blocks) give_back_spare(block);
  give_back_spare(nullptr);
  EXPECT_EQ(take_spare(SIZE_MAX), nullptr);
}

TEST(SpareMemory, Nghttp2GrowsAndClearsIt) {
  const nghttp2_mem& memory = *spare_nghttp2_memory();
  auto* text = static_cast<char*>(memory.malloc(40, nullptr));
  std::memcpy(text, "kept", 5);
  auto* const larger = static_cast<char*>(memory.realloc(text, 5000, nullptr));
  EXPECT_STREQ(larger, "kept");
  memory.free(larger, nullptr);
  auto* const numbers = static_cast<unsigned char*>(memory.calloc(30, 7, nullptr));
  for (int i = 0; i < 210; ++i) EXPECT_EQ(numbers[i], 0);
  memory.free(numbers, nullptr);
  EXPECT_EQ(memory.calloc(SIZE_MAX / 2, 3, nullptr), nullptr);
  void* const fresh = memory.realloc(nullptr, 10, nullptr);
  EXPECT_NE(fresh, nullptr);
  memory.free(fresh, nullptr);
}

// Tokens and keys stood there: whoever takes it next finds nothing but the link that kept it.
TEST(SpareMemory, WhatWasGivenBackIsWiped) {
  const nghttp2_mem& memory = *spare_nghttp2_memory();
  for (const std::size_t size : {48U, 100U, 600U, 4000U}) {
    void* const before = memory.malloc(size, nullptr);
    std::memset(before, 0xA5, size);
    memory.free(before, nullptr);
    const auto* again = static_cast<const unsigned char*>(memory.malloc(size, nullptr));
    if (again == before) {  // under a sanitizer it is the heap's, and perhaps another
      for (std::size_t i = sizeof(void*); i < size; ++i) ASSERT_EQ(again[i], 0) << size << " " << i;
    }
    memory.free(const_cast<unsigned char*>(again), nullptr);
  }
  // Growing leaves a block behind.
  void* const small = memory.malloc(100, nullptr);
  std::memset(small, 0xA5, 100);
  void* const larger = memory.realloc(small, 1000, nullptr);
  const auto* left = static_cast<const unsigned char*>(memory.malloc(100, nullptr));
  if (left == small) {
    for (std::size_t i = sizeof(void*); i < 100; ++i) ASSERT_EQ(left[i], 0) << i;
  }
  memory.free(const_cast<unsigned char*>(left), nullptr);
  memory.free(larger, nullptr);
}

TEST(SpareMemory, ABlockMayEndOnAnotherThread) {
  void* const block = take_spare(200);
  std::thread([block] { give_back_spare(block); }).join();
  void* const mine = take_spare(200);
  EXPECT_NE(mine, nullptr);
  give_back_spare(mine);
}

}  // namespace
}  // namespace claviger::http
