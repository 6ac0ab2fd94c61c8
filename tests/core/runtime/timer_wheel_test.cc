#include "core/runtime/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace claviger::runtime {
namespace {

using namespace std::chrono_literals;

struct Alarm {
  explicit Alarm(TimerWheel& owner) : wheel(owner) {}
  TimerWheel& wheel;
  int fired = 0;
  Timer timer{[](void* self) { ++static_cast<Alarm*>(self)->fired; }, this};
};

constexpr Monotonic kStart{1000s};

TEST(TimerWheel, FiresAtTheDueTimeNotBefore) {
  TimerWheel wheel(kStart);
  Alarm alarm(wheel);
  wheel.start(alarm.timer, kStart + 100ms);
  wheel.advance(kStart + 99ms);
  EXPECT_EQ(alarm.fired, 0);
  wheel.advance(kStart + 100ms + TimerWheel::kTick);
  EXPECT_EQ(alarm.fired, 1);
  EXPECT_FALSE(alarm.timer.is_running());
}

TEST(TimerWheel, KeepsTimersOfLaterRounds) {
  TimerWheel wheel(kStart);
  Alarm alarm(wheel);
  wheel.start(alarm.timer, kStart + 60s);
  wheel.advance(kStart + 59s);
  EXPECT_EQ(alarm.fired, 0);
  wheel.advance(kStart + 61s);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(TimerWheel, ADestroyedTimerDoesNotFire) {
  TimerWheel wheel(kStart);
  auto alarm = std::make_unique<Alarm>(wheel);
  wheel.start(alarm->timer, kStart + 10ms);
  alarm.reset();
  EXPECT_EQ(wheel.running(), 0U);
  wheel.advance(kStart + 1s);
  EXPECT_EQ(wheel.sleep_max(kStart + 1s), std::nullopt);
}

struct Chain {
  TimerWheel* wheel;
  Timer* victim = nullptr;
  int fired = 0;
  Timer timer{[](void* self) {
                auto* chain = static_cast<Chain*>(self);
                ++chain->fired;
                if (chain->victim != nullptr) chain->victim->stop();
                if (chain->fired == 1) chain->wheel->start(chain->timer, kStart);
              },
              this};
};

TEST(TimerWheel, ACallbackMayStopOthersAndRestartItself) {
  TimerWheel wheel(kStart);
  Chain first{&wheel};
  Chain second{&wheel};
  first.victim = &second.timer;
  second.victim = &first.timer;
  wheel.start(first.timer, kStart + 8ms);
  wheel.start(second.timer, kStart + 8ms);
  wheel.advance(kStart + 24ms);
  EXPECT_EQ(first.fired + second.fired, 1);  // whoever came first stopped the other and restarted
  wheel.advance(kStart + 48ms);
  EXPECT_EQ(first.fired + second.fired, 2);
}

TEST(TimerWheel, SleepNeverPassesADueTimer) {
  std::mt19937 random(7);
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::vector<Monotonic> due;
  for (int i = 0; i < 500; ++i) {
    alarms.push_back(std::make_unique<Alarm>(wheel));
    due.push_back(kStart + std::chrono::milliseconds(random() % 30'000));
    wheel.start(alarms.back()->timer, due.back());
  }
  Monotonic now = kStart;
  int turns = 0;
  while (const auto sleep = wheel.sleep_max(now)) {
    now += std::max(*sleep, 1ms);
    wheel.advance(now);
    ASSERT_LT(++turns, 100'000);
    for (std::size_t i = 0; i < due.size(); ++i) {
      if (alarms[i]->fired == 1) {
        ASSERT_LE(due[i], now);
      }
      if (alarms[i]->fired == 0) {
        ASSERT_GE(due[i] + 2 * TimerWheel::kTick, now);
      }
    }
  }
  for (const auto& alarm : alarms) EXPECT_EQ(alarm->fired, 1);
}

}  // namespace
}  // namespace claviger::runtime
