#include "core/runtime/mailbox.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <thread>
#include <vector>

namespace claviger::runtime {
namespace {

TEST(Mailbox, KeepsTheOrderOfEachSender) {
  std::atomic<int> wakes{0};
  Mailbox mailbox([&] { ++wakes; });
  constexpr int kEach = 2000;
  std::array<int, 3> next{};
  std::vector<std::thread> senders;
  for (std::size_t sender = 0; sender < next.size(); ++sender) {
    senders.emplace_back([&mailbox, &next, sender] {
      for (int i = 0; i < kEach; ++i) {
        mailbox.post_control([&next, sender, i] {
          EXPECT_EQ(next[sender], i);
          ++next[sender];
        });
      }
    });
  }
  while (next[0] + next[1] + next[2] < 3 * kEach) mailbox.drain();
  for (auto& sender : senders) sender.join();
  EXPECT_GE(wakes.load(), 1);
}

TEST(Mailbox, RefusesOrdinaryMessagesAtItsBoundButNotControl) {
  Mailbox mailbox([] {});
  for (std::size_t i = 0; i < Mailbox::kOrdinaryMax; ++i) ASSERT_TRUE(mailbox.post([] {}));
  bool ran = false;
  Message refused([&ran] { ran = true; });
  EXPECT_FALSE(mailbox.post(std::move(refused)));
  EXPECT_TRUE(static_cast<bool>(refused));  // NOLINT(bugprone-use-after-move): refused means not moved from
  mailbox.post_control([&ran] { ran = true; });
  while (!mailbox.rest()) mailbox.drain();
  EXPECT_TRUE(ran);
  EXPECT_TRUE(mailbox.post([] {}));
}

TEST(Mailbox, WakesOnceUntilItRests) {
  int wakes = 0, handled = 0;
  Mailbox mailbox([&] { ++wakes; });
  mailbox.post_control([&] { ++handled; });
  mailbox.post_control([&] {
    ++handled;
    mailbox.post_control([&] { ++handled; });
  });
  EXPECT_EQ(wakes, 1);
  mailbox.drain();
  EXPECT_EQ(handled, 3);
  mailbox.post_control([&] { ++handled; });
  EXPECT_EQ(wakes, 1) << "it has not gone to rest";
  EXPECT_FALSE(mailbox.rest());
  mailbox.drain();
  EXPECT_EQ(handled, 4);
  EXPECT_TRUE(mailbox.rest());
  mailbox.post_control([&] { ++handled; });
  EXPECT_EQ(wakes, 2);
}

TEST(Mailbox, WakesNobodyWhoIsAwake) {
  int wakes = 0, handled = 0;
  Mailbox mailbox([&] { ++wakes; });
  mailbox.stay_awake();
  mailbox.post_control([&] { ++handled; });
  EXPECT_EQ(wakes, 0);
  EXPECT_FALSE(mailbox.rest());
  mailbox.drain();
  EXPECT_EQ(handled, 1);
  EXPECT_TRUE(mailbox.rest());
}

// A reader that sleeps unless it was woken: a wake-up that is lost ends this test by its time limit.
TEST(Mailbox, LosesNoWakeUp) {
  std::atomic<int> wakes{0};
  Mailbox mailbox([&] {
    wakes.fetch_add(1);
    wakes.notify_one();
  });
  constexpr int kEach = 20000;
  int handled = 0;
  std::vector<std::thread> senders;
  for (int sender = 0; sender < 3; ++sender) {
    senders.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) mailbox.post_control([&] { ++handled; });
    });
  }
  int seen = 0;
  while (handled < 3 * kEach) {
    wakes.wait(seen);
    seen = wakes.load();
    mailbox.stay_awake();
    do {
      mailbox.drain();
    } while (!mailbox.rest());
  }
  for (auto& sender : senders) sender.join();
}

TEST(Mailbox, FreesWhatWasNeverRead) {
  auto owned = std::make_shared<int>(1);
  {
    Mailbox mailbox([] {});
    mailbox.post_control([owned] {});
    EXPECT_EQ(owned.use_count(), 2);
  }
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace claviger::runtime
