#include "broker/migration/trace.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/migration/binding_cache.h"

namespace claviger::migration {
namespace {

TEST(Trace, KeepsTheLastStepsInOrder) {
  Trace trace;
  for (std::size_t i = 0; i < Trace::kStepsMax + 5; ++i) trace.add().result = static_cast<std::uint32_t>(i);
  std::uint32_t expected = 5;
  trace.for_each([&](const TraceStep& step) { EXPECT_EQ(step.result, expected++); });
  EXPECT_EQ(expected, Trace::kStepsMax + 5);
}

TEST(Trace, TextsThatAreTooLongLoseTheirEnd) {
  FixedText<4> text;
  text = "abcdef";
  EXPECT_EQ(text.view(), "abcd");
  EXPECT_TRUE(text.is("abcdef"));
  EXPECT_FALSE(text.is("abc"));
  text = "";
  EXPECT_FALSE(text.is(""));
}

TEST(BindingCache, KeepsNothingThatChangedWhileItWasRead) {
  BindingCache cache;
  const std::uint64_t before = cache.generation();
  cache.forget("k");
  EXPECT_FALSE(cache.keep("k", std::make_shared<const Binding>(), before));
  EXPECT_EQ(cache.find("k"), nullptr);
  EXPECT_TRUE(cache.keep("k", std::make_shared<const Binding>(), cache.generation()));
  EXPECT_NE(cache.find("k"), nullptr);
  cache.forget("k");
  EXPECT_EQ(cache.find("k"), nullptr);
}

TEST(BindingCache, IsBounded) {
  BindingCache cache;
  const auto binding = std::make_shared<const Binding>();
  for (std::size_t i = 0; i < BindingCache::kBindingsMax + 10; ++i) cache.keep(std::to_string(i), binding, 0);
  EXPECT_EQ(cache.size(), BindingCache::kBindingsMax);
}

}  // namespace
}  // namespace claviger::migration
