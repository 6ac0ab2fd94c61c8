// Numbers as 64-bit words, the least significant first, for arithmetic that takes the same time for all values.
//
// Pure, any thread. No function here branches on a word or indexes by one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/secret.h"
#include "core/crypto/vector_intrinsics.h"

// A loop in a chain of carries keeps the carry nowhere: it has to be laid out.
#if defined(__clang__)
#define CLAVIGER_UNROLL_WORDS _Pragma("unroll")
#else
#define CLAVIGER_UNROLL_WORDS _Pragma("GCC unroll 16")
#endif

namespace claviger::mikey {

template <std::size_t N>
using Words = std::array<std::uint64_t, N>;

__extension__ typedef unsigned __int128 DoubleWord;

// All ones for true, else zero. The empty assembly keeps the compiler from finding out that it is one of two values, and
// so from making a branch of it.
inline std::uint64_t mask_if(std::uint64_t bit) {
  std::uint64_t mask = 0 - bit;
  asm("" : "+r"(mask));
  return mask;
}
// 1 when the word is zero, else 0.
inline std::uint64_t is_zero_word(std::uint64_t word) { return ((word | (0 - word)) >> 63U) ^ 1U; }

// b where the mask is all ones, a where it is zero.
template <std::size_t N>
Words<N> choose(std::uint64_t mask, const Words<N>& a, const Words<N>& b) {
  Words<N> out;
  for (std::size_t i = 0; i < N; ++i) out[i] = a[i] ^ (mask & (a[i] ^ b[i]));
  return out;
}

// a + b + carry, and a - b - borrow, with the carry or borrow out in the last argument. g++ makes no chain of carries of
// sums of 128 bits, so the processor's own function is asked where there is one.
inline std::uint64_t add_word(std::uint64_t a, std::uint64_t b, unsigned char& carry) {
#if defined(__x86_64__)
  unsigned long long sum = 0;
  carry = _addcarry_u64(carry, a, b, &sum);
  return sum;
#else
  const DoubleWord sum = DoubleWord{a} + b + carry;
  carry = static_cast<unsigned char>(sum >> 64U);
  return static_cast<std::uint64_t>(sum);
#endif
}
inline std::uint64_t subtract_word(std::uint64_t a, std::uint64_t b, unsigned char& borrow) {
#if defined(__x86_64__)
  unsigned long long difference = 0;
  borrow = _subborrow_u64(borrow, a, b, &difference);
  return difference;
#else
  const DoubleWord difference = DoubleWord{a} - b - borrow;
  borrow = static_cast<unsigned char>(difference >> 64U) & 1U;
  return static_cast<std::uint64_t>(difference);
#endif
}

// The carry out.
template <std::size_t N>
std::uint64_t add(Words<N>& out, const Words<N>& a, const Words<N>& b) {
  unsigned char carry = 0;
  CLAVIGER_UNROLL_WORDS for (std::size_t i = 0; i < N; ++i) out[i] = add_word(a[i], b[i], carry);
  return carry;
}
// The borrow out.
template <std::size_t N>
std::uint64_t subtract(Words<N>& out, const Words<N>& a, const Words<N>& b) {
  unsigned char borrow = 0;
  CLAVIGER_UNROLL_WORDS for (std::size_t i = 0; i < N; ++i) out[i] = subtract_word(a[i], b[i], borrow);
  return borrow;
}

// 1 or 0.
template <std::size_t N>
std::uint64_t is_less(const Words<N>& a, const Words<N>& b) {
  Words<N> difference;
  return subtract(difference, a, b);
}
template <std::size_t N>
std::uint64_t is_zero(const Words<N>& a) {
  std::uint64_t any = 0;
  for (const std::uint64_t word : a) any |= word;
  return is_zero_word(any);
}
template <std::size_t N>
std::uint64_t is_equal(const Words<N>& a, const Words<N>& b) {
  std::uint64_t any = 0;
  for (std::size_t i = 0; i < N; ++i) any |= a[i] ^ b[i];
  return is_zero_word(any);
}

template <std::size_t N>
Words<N> from_word(std::uint64_t word) {
  Words<N> out{};
  out[0] = word;
  return out;
}

// At most 8 N octets, the most significant first.
template <std::size_t N>
Words<N> words_from_octets(Bytes octets) {
  CLAVIGER_ASSERT(octets.size() <= 8 * N);
  Words<N> out{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    out[i / 8] |= std::to_integer<std::uint64_t>(octets[octets.size() - 1 - i]) << (8 * (i % 8));
  }
  return out;
}
template <std::size_t N>
void words_to_octets(const Words<N>& words, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() == 8 * N);
  for (std::size_t i = 0; i < N; ++i) store_be(out.subspan(8 * i, 8), words[N - 1 - i]);
}

// Wipes a thing made of plain words when its scope ends.
template <typename T>
class WipeAtEnd {
 public:
  explicit WipeAtEnd(T& thing) : thing_(&thing) {}
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;
  ~WipeAtEnd() { wipe(std::as_writable_bytes(std::span(thing_, 1))); }

 private:
  static_assert(std::is_trivially_copyable_v<T>);
  T* thing_;
};

static_assert(std::endian::native == std::endian::little);

}  // namespace claviger::mikey
