// A number or a key of a table (SipKey), drawn when its owner is made: peers must not foresee it, and it is no secret to
// be wiped.
//
// Any thread. Without entropy there is no process: fill_random()'s failure ends it.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "core/base/assert.h"
#include "core/base/siphash.h"
#include "core/crypto/random.h"

namespace claviger::crypto {

template <typename T>
requires std::same_as<T, SipKey> || std::unsigned_integral<T> T fresh_value() {
  T value{};
  const auto filled = fill_random(std::as_writable_bytes(std::span(&value, 1)));
  CLAVIGER_ASSERT(filled.has_value());
  return value;
}

}  // namespace claviger::crypto
