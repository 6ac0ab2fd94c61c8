#include "core/runtime/wake_up.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace claviger::runtime {
namespace {

class WakeUpTest : public testing::Test {
 protected:
  WakeUpTest() { EXPECT_EQ(uv_loop_init(&loop_), 0); }
  ~WakeUpTest() override {
    while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
    }
    EXPECT_EQ(uv_loop_close(&loop_), 0);
  }
  uv_loop_t loop_{};
};

TEST_F(WakeUpTest, WakesOnceForAllThatWasSentBefore) {
  int woken = 0;
  WakeUp wake_up(loop_, [&] { ++woken; });
  uv_run(&loop_, UV_RUN_NOWAIT);
  EXPECT_EQ(woken, 0);
  for (int i = 0; i < 1000; ++i) wake_up.send();
  uv_run(&loop_, UV_RUN_NOWAIT);
  uv_run(&loop_, UV_RUN_NOWAIT);
  EXPECT_EQ(woken, 1);
  wake_up.send();
  uv_run(&loop_, UV_RUN_NOWAIT);
  EXPECT_EQ(woken, 2);
  wake_up.close();
  uv_run(&loop_, UV_RUN_DEFAULT);
}

// Each sender waits until what it announced was seen: a wake that is lost ends in a loop that sleeps for good.
TEST_F(WakeUpTest, NoWakeIsLost) {
  constexpr int kSenders = 4, kEach = 2000;
  std::atomic<int> announced{0}, seen{0};
  WakeUp wake_up(loop_, [&] { seen.store(announced.load()); });
  std::vector<std::thread> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        const int mine = announced.fetch_add(1) + 1;
        wake_up.send();
        while (seen.load() < mine) std::this_thread::yield();
      }
    });
  }
  while (seen.load() < kSenders * kEach) uv_run(&loop_, UV_RUN_ONCE);
  for (std::thread& sender : senders) sender.join();
  wake_up.close();
  uv_run(&loop_, UV_RUN_DEFAULT);
}

}  // namespace
}  // namespace claviger::runtime
