// Errors are values: Result<T> with std::expected's member names (std::expected itself needs C++23).
//
// What a peer can cause is an Error; what only we can cause is an assertion (core/base/assert.h). Owned by whoever
// holds it, any thread.
#pragma once

#include <string_view>
#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/base/code.h"

namespace claviger {

struct Unit {
  bool operator==(const Unit&) const = default;
};

struct [[nodiscard]] Error {
  Code code;               // one enumerator per reason that anyone could want to tell apart
  std::string_view where;  // a literal such as "jwt.exp": never a peer's bytes, never a secret
};

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, error) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

  const Error& error() const {
    CLAVIGER_ASSERT(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }
  // True when this is an error with that code.
  bool failed_with(Code code) const { return !has_value() && error().code == code; }

 private:
  T& checked() {
    CLAVIGER_ASSERT(state_.index() == 0);
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

#define CLAVIGER_TRY_WITH(leave, name, ...)   \
  auto name##_or = (__VA_ARGS__);             \
  if (!name##_or) leave name##_or.error();    \
  [[maybe_unused]] auto name = *std::move(name##_or)
#define CLAVIGER_TRY(name, ...) CLAVIGER_TRY_WITH(return, name, __VA_ARGS__)
#define CLAVIGER_CO_TRY(name, ...) CLAVIGER_TRY_WITH(co_return, name, __VA_ARGS__)

}  // namespace claviger
