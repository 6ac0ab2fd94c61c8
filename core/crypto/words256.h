// 256-bit numbers as four words, least significant first, and what is fixed about P-256 (SP 800-186 clause 3.2.1.3).
// Pure, any thread. sum_of() and difference_of() have no branch and serve secret numbers, too; is_less() public ones only.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"

namespace claviger::crypto {

inline constexpr std::size_t kP256Bytes = 32;
using Words256 = std::array<std::uint64_t, 4>;

inline constexpr Words256 kP256Prime = {0xFFFFFFFFFFFFFFFF, 0x00000000FFFFFFFF, 0, 0xFFFFFFFF00000001};
inline constexpr Words256 kP256Order = {0xF3B9CAC2FC632551, 0xBCE6FAADA7179E84, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF00000000};
inline constexpr Words256 kP256GeneratorX = {0xF4A13945D898C296, 0x77037D812DEB33A0, 0xF8BCE6E563A440F2,
                                             0x6B17D1F2E12C4247};
inline constexpr Words256 kP256GeneratorY = {0xCBB6406837BF51F5, 0x2BCE33576B315ECE, 0x8EE7EB4A7C0F9E16,
                                             0x4FE342E2FE1A7F9B};

// Of 32 bytes, the most significant first.
inline Words256 words_from(Bytes big_endian) {
  CLAVIGER_ASSERT(big_endian.size() == kP256Bytes);
  Words256 words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[words.size() - 1 - i] = load_be<std::uint64_t>(big_endian.subspan(8 * i, 8));
  }
  return words;
}

constexpr bool is_less(const Words256& a, const Words256& b) {
  for (std::size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return false;
}

// Modulo 2^256.
constexpr Words256 sum_of(const Words256& a, const Words256& b) {
  Words256 sum{};
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::uint64_t partial = a[i] + carry;
    carry = partial < carry ? 1 : 0;
    sum[i] = partial + b[i];
    carry += sum[i] < partial ? 1U : 0U;
  }
  return sum;
}
constexpr Words256 difference_of(const Words256& a, const Words256& b) {
  Words256 difference{};
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::uint64_t partial = a[i] - borrow;
    borrow = partial > a[i] ? 1 : 0;
    difference[i] = partial - b[i];
    borrow += difference[i] > partial ? 1U : 0U;
  }
  return difference;
}

static_assert(std::endian::native == std::endian::little);

}  // namespace claviger::crypto
