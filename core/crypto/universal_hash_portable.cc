// POLYVAL without special instructions, and the powers of the key for all kernels.
#include <bit>

#include "core/crypto/universal_hash_kernels.h"

static_assert(std::endian::native == std::endian::little, "POLYVAL's blocks are loaded as they stand");

namespace claviger::crypto::kernels {
namespace {

// The low 64 bits of a carry-less product, in constant time: integer products of numbers with three zeros
// after each bit, whose carries fall into the holes.
std::uint64_t multiply_low(std::uint64_t x, std::uint64_t y) {
  constexpr std::uint64_t kEvery4th = 0x1111111111111111U;
  std::uint64_t result = 0;
  for (unsigned out = 0; out < 4; ++out) {
    std::uint64_t column = 0;
    for (unsigned in = 0; in < 4; ++in) {
      column ^= (x & (kEvery4th << in)) * (y & (kEvery4th << ((out - in) & 3U)));
    }
    result |= column & (kEvery4th << out);
  }
  return result;
}

std::uint64_t reverse_bits(std::uint64_t x) {
  x = (x >> 1U & 0x5555555555555555U) | (x & 0x5555555555555555U) << 1U;
  x = (x >> 2U & 0x3333333333333333U) | (x & 0x3333333333333333U) << 2U;
  x = (x >> 4U & 0x0F0F0F0F0F0F0F0FU) | (x & 0x0F0F0F0F0F0F0F0FU) << 4U;
  return __builtin_bswap64(x);
}

Hash128 multiply(std::uint64_t x, std::uint64_t y) {
  return {multiply_low(x, y), reverse_bits(multiply_low(reverse_bits(x), reverse_bits(y))) >> 1U};
}

}  // namespace

Hash128 dot(Hash128 a, Hash128 b) {
  const Hash128 low = multiply(a.low, b.low);
  const Hash128 high = multiply(a.high, b.high);
  const Hash128 cross = multiply(a.low ^ a.high, b.low ^ b.high);  // Karatsuba
  const std::uint64_t x0 = low.low;
  const std::uint64_t x1 = low.high ^ cross.low ^ low.low ^ high.low;
  const std::uint64_t x2 = high.low ^ cross.high ^ low.high ^ high.high;
  const std::uint64_t x3 = high.high;
  // Division by x^128, 64 bits at a time: the polynomial without its ends is x^127 + x^126 + x^121.
  constexpr std::uint64_t kPolynomial = 0xC200000000000000U;
  const Hash128 first = multiply(x0, kPolynomial);
  const std::uint64_t folded = x1 ^ first.low;
  const Hash128 second = multiply(folded, kPolynomial);
  return {x2 ^ x0 ^ first.high ^ second.low, x3 ^ folded ^ second.high};
}

HashPowers powers_of(Hash128 key) {
  HashPowers powers;
  powers.descending[kPowersMax - 1] = key;
  for (std::size_t i = kPowersMax - 1; i-- > 0;) powers.descending[i] = dot(powers.descending[i + 1], key);
  return powers;
}

Hash128 hash_portable(const HashPowers& powers, Bytes message) {
  const Hash128 key = powers.descending.back();
  Hash128 sum;
  const auto absorb = [&](const Hash128& block) { sum = dot({sum.low ^ block.low, sum.high ^ block.high}, key); };
  Bytes rest = message;
  for (; rest.size() >= sizeof(Hash128); rest = rest.subspan(sizeof(Hash128))) {
    Hash128 block;
    std::memcpy(&block, rest.data(), sizeof block);
    absorb(block);
  }
  if (!rest.empty()) {
    Hash128 block;
    std::memcpy(&block, rest.data(), rest.size());
    absorb(block);
  }
  absorb({message.size() * 8, 0});  // in bits, as in GCM-SIV
  return sum;
}

}  // namespace claviger::crypto::kernels
