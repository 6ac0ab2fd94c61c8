// Borrowed bytes and integers on the wire. Views only: valid while what they were cut from lives.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/base/assert.h"

namespace claviger {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline const unsigned char* as_uchar(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* as_uchar(MutableBytes bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

// Big-endian integer at the front of `bytes`, which must hold it: the caller has compared lengths.
template <std::unsigned_integral T>
T load_be(Bytes bytes) {
  CLAVIGER_ASSERT(bytes.size() >= sizeof(T));
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((value << 8U) | std::to_integer<T>(bytes[i]));
  return value;
}

template <std::unsigned_integral T>
void store_be(MutableBytes bytes, T value) {
  CLAVIGER_ASSERT(bytes.size() >= sizeof(T));
  for (std::size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8U)) {
    bytes[i] = static_cast<std::byte>(value & 0xFFU);
  }
}
template <>
inline void store_be<std::uint8_t>(MutableBytes bytes, std::uint8_t value) {
  CLAVIGER_ASSERT(!bytes.empty());
  bytes[0] = static_cast<std::byte>(value);
}

}  // namespace claviger
