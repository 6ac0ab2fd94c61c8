#include "core/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace claviger {
namespace {

Result<int> positive(int number) {
  if (number <= 0) return Error{Code::OutOfRange, "test.positive"};
  return number;
}
Result<int> twice(int number) {
  CLAVIGER_TRY(value, positive(number));
  return value * 2;
}

TEST(Result, PassesValuesAndErrorsOn) {
  EXPECT_EQ(*twice(4), 8);
  ASSERT_FALSE(twice(0).has_value());
  EXPECT_EQ(twice(0).error().code, Code::OutOfRange);
  EXPECT_EQ(twice(0).error().where, "test.positive");
}

TEST(Result, HoldsWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> inner = *std::move(result);
  EXPECT_EQ(*inner, 7);
}

TEST(Result, EveryCodeHasAName) { EXPECT_EQ(name_of(Code::TokenExpired), "TokenExpired"); }

}  // namespace
}  // namespace claviger
