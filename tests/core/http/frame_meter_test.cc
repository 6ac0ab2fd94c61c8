#include "core/http/frame_meter.h"

#include <gtest/gtest.h>

#include "tests/core/http/frames.h"

namespace claviger::http {
namespace {

using namespace std::chrono_literals;

constexpr Monotonic kStart{100s};

struct FrameMeterTest : testing::Test {
  FrameMeterTest() { EXPECT_TRUE(meter.feed(as_bytes(frames::kPreface), kStart)); }
  std::int32_t cost_of(const std::string& bytes) {
    const std::int32_t before = meter.allowance();
    EXPECT_TRUE(meter.feed(as_bytes(bytes), kStart));
    return before - meter.allowance();
  }
  FrameMeter meter{kStart};
};

TEST_F(FrameMeterTest, CountsWhatCarriesNoWork) {
  EXPECT_EQ(cost_of(frames::settings()), 1);
  EXPECT_EQ(cost_of(frames::ping()), 1);
  EXPECT_EQ(cost_of(frames::priority(1)), 1);
  EXPECT_EQ(cost_of(frames::window_update(0, 1)), 1);
  EXPECT_EQ(cost_of(frames::reset(1)), 1);
  EXPECT_EQ(cost_of(frames::data(1, "", 0)), 1);
  EXPECT_EQ(cost_of(frames::data(1, "x", 0)), 1);
  EXPECT_EQ(cost_of(frames::frame(frames::kContinuation, 0, 1, "abc")), 1);
  EXPECT_EQ(cost_of(frames::frame(0xFA, 0, 1, std::string(1000, 'x'))), 1);
}

TEST_F(FrameMeterTest, WorkIsFree) {
  EXPECT_EQ(cost_of(frames::data(1, "")), 0);  // ends a stream
  EXPECT_EQ(cost_of(frames::data(1, std::string(FrameMeter::kSmallData, 'x'), 0)), 0);
}

TEST_F(FrameMeterTest, RequestsAnswersAndTimeRenewTheAllowance) {
  for (int i = 0; i < 100; ++i) cost_of(frames::ping());
  EXPECT_EQ(cost_of(frames::get(1, "/")), -FrameMeter::kPerRequest);
  const std::int32_t before = meter.allowance();
  meter.data_sent();
  EXPECT_EQ(meter.allowance(), before + FrameMeter::kPerDataSent);
  EXPECT_TRUE(meter.feed({}, kStart + 2s));
  EXPECT_EQ(meter.allowance(), before + FrameMeter::kPerDataSent + 2 * FrameMeter::kPerSecond);
  EXPECT_TRUE(meter.feed({}, kStart + 24h));
  EXPECT_EQ(meter.allowance(), FrameMeter::kAllowanceMax);
}

TEST_F(FrameMeterTest, EndsWhenTheAllowanceIsUsedUp) {
  std::string flood;
  for (int i = 0; i < FrameMeter::kAllowanceMax; ++i) flood += frames::data(1, "", 0);
  EXPECT_TRUE(meter.feed(as_bytes(flood), kStart));
  EXPECT_FALSE(meter.feed(as_bytes(frames::data(1, "", 0)), kStart));
}

TEST_F(FrameMeterTest, SeesTheSameHoweverTheBytesAreCut) {
  const std::string bytes = frames::settings() + frames::data(1, "abc", 0) + frames::get(3, "/") + frames::ping() +
                            frames::data(1, std::string(300, 'x'), 0) + frames::window_update(0, 7);
  FrameMeter whole(kStart);
  EXPECT_TRUE(whole.feed(as_bytes(std::string(frames::kPreface) + bytes), kStart));
  for (std::size_t step = 1; step < 20; ++step) {
    FrameMeter cut(kStart);
    const std::string all = std::string(frames::kPreface) + bytes;
    for (std::size_t at = 0; at < all.size(); at += step) {
      EXPECT_TRUE(cut.feed(as_bytes(std::string_view(all).substr(at, step)), kStart));
    }
    EXPECT_EQ(cut.allowance(), whole.allowance()) << step;
  }
}

}  // namespace
}  // namespace claviger::http
