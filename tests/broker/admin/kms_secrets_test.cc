// What comes in shares is in no memory that was given back, however the request ends.
//
// An executable of its own: it replaces operator delete and looks into every block.
#include <gtest/gtest.h>
#include <malloc.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "broker/keys/kms.h"
#include "tests/broker/admin/admin_bed.h"

namespace {

// In no block of the heap: 'S' without end is what is looked for.
constexpr std::size_t kMarkBytes = 64;
std::atomic<bool> is_looking{false};
std::atomic<int> found_in_freed{0};

void look_into(void* block) {
  if (block == nullptr || !is_looking.load(std::memory_order_relaxed)) return;
  std::array<char, kMarkBytes> mark{};
  mark.fill('S');
  if (memmem(block, malloc_usable_size(block), mark.data(), mark.size()) != nullptr) ++found_in_freed;
}

}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) std::abort();
  return block;
}
void operator delete(void* block) noexcept {
  look_into(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

namespace claviger::admin {
namespace {

class KmsSecrets : public ::testing::Test {
 protected:
  KmsSecrets() : kms(bed.context()->all, 1, {}) {
    bed.services.kms = &kms;
    EXPECT_TRUE(bed.wait(kms.start()).has_value());
  }
  ~KmsSecrets() {
    is_looking = false;
    kms.close();
    bed.run_turns(4);
  }
  // The text escaped, so that the request itself has no mark in it.
  static std::string escaped(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "\\u0053";
    return text;
  }
  int found_after(const std::string& body, std::uint16_t status) {
    found_in_freed = 0;
    is_looking = true;
    const auto reply = bed.post("/tenants/alpha/kms", body);
    is_looking = false;
    EXPECT_EQ(reply.status, status) << reply.body;
    return found_in_freed;
  }

  AdminBed bed;
  keys::Kms kms;
};

TEST_F(KmsSecrets, SharesAreWipedWhicheverWayInitEnds) {
  const std::string shares = R"("shares":[")" + escaped(200) + R"(","claviger-share:2:)" + escaped(200) + R"("])";
  EXPECT_EQ(found_after(R"({"uri":"kms.alpha.example","period":0,)" + shares + "}", 400), 0)
      << "a number out of bounds";
  EXPECT_EQ(found_after(R"({"uri":"kms.alpha.example","trk_wrap":"no",)" + shares + "}", 400), 0) << "a wrong word";
  EXPECT_EQ(found_after(R"({"uri":"kms.alpha.example","nonsense":1,)" + shares + "}", 400), 0) << "a member too many";
  EXPECT_EQ(found_after(R"({"uri":"kms.alpha.example",)" + shares + "}", 400), 0) << "shares that are none";
  EXPECT_EQ(found_after(R"({"uri":"kms.alpha.example",)" + shares, 400), 0) << "no JSON";
}

// The look finds what is left behind.
TEST_F(KmsSecrets, WhatIsNotWipedIsFound) {
  is_looking = true;
  found_in_freed = 0;
  { const std::string left(2 * kMarkBytes, 'S'); }
  EXPECT_GT(found_in_freed.load(), 0);
}

}  // namespace
}  // namespace claviger::admin
