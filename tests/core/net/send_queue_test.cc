#include "core/net/send_queue.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "core/net/descriptor.h"

namespace claviger::net {
namespace {

struct Pair {
  Pair() {
    std::array<int, 2> numbers{};
    CLAVIGER_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, numbers.data()) == 0);
    ours = Descriptor(numbers[0]);
    theirs = Descriptor(numbers[1]);
  }
  std::string read_all() const {
    std::string all;
    std::array<char, 4096> piece;
    for (ssize_t count = 0; (count = recv(theirs.number(), piece.data(), piece.size(), 0)) > 0;) {
      all.append(piece.data(), static_cast<std::size_t>(count));
    }
    return all;
  }
  Descriptor ours;
  Descriptor theirs;
};

std::string numbered(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ',';
  text.resize(size);
  return text;
}

TEST(SendQueue, HoldsNoSlabWhenEmpty) {
  SlabPool pool;
  Pair pair;
  SendQueue queue(pool);
  EXPECT_EQ(pool.in_use(), 0U);
  queue.append(as_bytes("abc"));
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(*queue.write_to(pair.ours.number()), 3U);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(SendQueue, KeepsTheOrderOverSlabsAndPartialWrites) {
  SlabPool pool;
  Pair pair;
  SendQueue queue(pool);
  const std::string all = numbered(1'000'000);
  std::string received;
  std::size_t appended = 0;
  for (std::size_t step = 1; appended < all.size() || !queue.empty(); step = step * 7 % 100'003) {
    const std::size_t count = std::min(step, all.size() - appended);
    queue.append(as_bytes(std::string_view(all).substr(appended, count)));
    appended += count;
    ASSERT_TRUE(queue.write_to(pair.ours.number()));
    if (step % 3 == 0) received += pair.read_all();
  }
  received += pair.read_all();
  EXPECT_EQ(received, all);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(SendQueue, BorrowsMemoryOfTheShardForAFlush) {
  SlabPool pool;
  Pair pair;
  SendQueue queue(pool);
  std::array<std::byte, 16> scratch{};
  const SendQueue::Borrowed borrowed(queue, scratch);
  queue.append(as_bytes("abc"));
  queue.append(as_bytes("def"));
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_EQ(*queue.write_to(pair.ours.number()), 6U);
  queue.append(as_bytes("a whole scratch."));
  EXPECT_EQ(pool.in_use(), 0U);
  queue.append(as_bytes("and more"));
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(*queue.write_to(pair.ours.number()), 24U);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_EQ(pair.read_all(), "abcdefa whole scratch.and more");
}

// What the socket did not take must not stand where the next connection's flush writes.
TEST(SendQueue, KeepsTheOrderOverBorrowedMemoryAndPartialWrites) {
  SlabPool pool;
  Pair pair;
  SendQueue queue(pool);
  const std::string all = numbered(3'000'000);
  std::string received;
  std::array<std::byte, 50'000> scratch{};
  std::size_t appended = 0;
  std::size_t left_over = 0;
  for (std::size_t step = 1; appended < all.size() || !queue.empty(); step = step * 7 % 100'003) {
    {
      const SendQueue::Borrowed borrowed(queue, scratch);
      for (const std::size_t part : {step, step / 2, step / 3}) {
        const std::size_t count = std::min(part, all.size() - appended);
        queue.append(as_bytes(std::string_view(all).substr(appended, count)));
        appended += count;
      }
      ASSERT_TRUE(queue.write_to(pair.ours.number()));
      if (step % 5 == 0) {
        ASSERT_TRUE(queue.write_to(pair.ours.number()));
      }
    }
    scratch.fill(std::byte{'#'});
    if (!queue.empty()) ++left_over;
    EXPECT_EQ(pool.in_use() == 0, queue.empty());
    if (step % 3 == 0) received += pair.read_all();
  }
  received += pair.read_all();
  EXPECT_EQ(received, all);
  EXPECT_GT(left_over, 0U);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(SendQueue, RoomIsAsLargeAsAskedFor) {
  SlabPool pool;
  SendQueue queue(pool);
  queue.append(as_bytes(numbered(kSlabBytes - 10)));
  EXPECT_EQ(queue.room(1).size(), 10U);
  EXPECT_EQ(queue.room(11).size(), kSlabBytes);
}

TEST(SendQueue, APeerThatIsGoneIsAnError) {
  SlabPool pool;
  Pair pair;
  SendQueue queue(pool);
  queue.append(as_bytes("abc"));
  pair.theirs.close();
  EXPECT_TRUE(queue.write_to(pair.ours.number()).failed_with(Code::PeerClosed));
}

}  // namespace
}  // namespace claviger::net
