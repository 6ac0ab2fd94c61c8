#include "core/codec/hex.h"

#include <cstdint>

#include "core/codec/base64_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace claviger::codec {
namespace {

// All ones when first <= value <= last; the arguments are bytes.
constexpr std::uint32_t mask_between(std::uint32_t value, std::uint32_t first, std::uint32_t last) {
  return ((value - first) >> 31U | (last - value) >> 31U) - 1U;
}

// The digit's value, or a number of at least 0x100 for anything else.
constexpr std::uint32_t digit_value(std::uint32_t character) {
  const std::uint32_t decimal = mask_between(character, '0', '9');
  const std::uint32_t upper = mask_between(character, 'A', 'F');
  const std::uint32_t lower = mask_between(character, 'a', 'f');
  return (decimal & (character - '0')) | (upper & (character - 'A' + 10)) | (lower & (character - 'a' + 10)) |
         (~(decimal | upper | lower) & 0x100U);
}

constexpr std::uint32_t digit_of(std::uint32_t value) {
  return value + '0' + (mask_between(value, 10, 15) & ('a' - '0' - 10U));
}

// Eight digits at a time in one register, first digit on top, each octet on its own: no sum reaches its neighbour.
constexpr std::size_t kDigitsAtOnce = 8;
constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kTops = 0x80 * kOnes;

// The top bit of each octet that is at least `least`; all of them below 0x80.
constexpr std::uint64_t tops_from(std::uint64_t octets, std::uint64_t least) {
  return ((octets | kTops) - least * kOnes) & kTops;
}

struct Four {
  std::uint32_t octets;
  std::uint64_t wrong;  // not zero: one of the digits is none
};
Four decode_eight(std::uint64_t digits) {
  const std::uint64_t seven_bits = digits & ~kTops;
  const std::uint64_t lower = seven_bits | 0x20 * kOnes;
  const std::uint64_t decimals = tops_from(seven_bits, '0') & ~tops_from(seven_bits, '9' + 1);
  const std::uint64_t letters = tops_from(lower, 'a') & ~tops_from(lower, 'f' + 1);
  std::uint64_t values = (seven_bits & 0x0F * kOnes) + (letters >> 7U) * 9;
  values = (values | values >> 4U) & 0x00FF00FF00FF00FF;
  values = (values | values >> 8U) & 0x0000FFFF0000FFFF;
  return {static_cast<std::uint32_t>(values | values >> 16U), (digits & kTops) | ((decimals | letters) ^ kTops)};
}

std::uint64_t encode_four(std::uint32_t octets) {
  std::uint64_t values = octets;
  values = (values | values << 16U) & 0x0000FFFF0000FFFF;
  values = (values | values << 8U) & 0x00FF00FF00FF00FF;
  values = (values | values << 4U) & 0x0F * kOnes;
  return values + '0' * kOnes + (tops_from(values, 10) >> 7U) * ('a' - '0' - 10);
}

#if defined(__x86_64__)
// Sixteen octets at a time. Call only where has_avx2().
constexpr std::size_t kOctetsAtOnce = 16;
constexpr bool kHasKernel = true;

// False: a digit is none.
__attribute__((target("avx2"))) bool decode_sixteen(const std::uint8_t* text, std::uint8_t* out) {
  const __m256i digits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  const __m256i decimal = _mm256_sub_epi8(digits, _mm256_set1_epi8('0'));
  const __m256i letter = _mm256_sub_epi8(_mm256_or_si256(digits, _mm256_set1_epi8(0x20)), _mm256_set1_epi8('a'));
  const __m256i is_decimal = _mm256_cmpeq_epi8(_mm256_min_epu8(decimal, _mm256_set1_epi8(9)), decimal);
  const __m256i is_letter = _mm256_cmpeq_epi8(_mm256_min_epu8(letter, _mm256_set1_epi8(5)), letter);
  const __m256i values = _mm256_or_si256(
      _mm256_and_si256(is_decimal, decimal),
      _mm256_andnot_si256(is_decimal, _mm256_and_si256(is_letter, _mm256_add_epi8(letter, _mm256_set1_epi8(10)))));
  // High digit times 16 and low digit, pair by pair.
  const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0110));
  const __m256i octets = _mm256_permute4x64_epi64(_mm256_packus_epi16(pairs, pairs), 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(octets));
  return _mm256_movemask_epi8(_mm256_or_si256(is_decimal, is_letter)) == -1;
}

__attribute__((target("avx2"))) void encode_sixteen(const std::uint8_t* bytes, std::uint8_t* out) {
  const __m256i octets = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
  const __m256i values = _mm256_and_si256(_mm256_or_si256(_mm256_srli_epi16(octets, 4), _mm256_slli_epi16(octets, 8)),
                                          _mm256_set1_epi8(0x0F));
  const __m256i letters =
      _mm256_and_si256(_mm256_cmpgt_epi8(values, _mm256_set1_epi8(9)), _mm256_set1_epi8('a' - '0' - 10));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_add_epi8(_mm256_add_epi8(values, _mm256_set1_epi8('0')), letters));
}
#else
constexpr std::size_t kOctetsAtOnce = 16;
constexpr bool kHasKernel = false;
bool decode_sixteen(const std::uint8_t*, std::uint8_t*) { return false; }
void encode_sixteen(const std::uint8_t*, std::uint8_t*) {}
#endif

}  // namespace

Result<std::size_t> hex_decode(std::string_view text, MutableBytes out) {
  if (text.size() % 2 != 0) return Error{Code::HexInvalid, "hex"};
  if (out.size() < text.size() / 2) return Error{Code::TooLarge, "hex.out"};
  const std::uint8_t* in = as_uchar(as_bytes(text));
  std::uint64_t wrong = 0;
  std::uint32_t seen = 0;
  std::size_t i = 0;
  if (kHasKernel && text.size() >= 2 * kOctetsAtOnce && kernels::has_avx2()) {
    for (; text.size() - 2 * i >= 2 * kOctetsAtOnce; i += kOctetsAtOnce) {
      wrong |= decode_sixteen(in + 2 * i, as_uchar(out) + i) ? 0U : 1U;
    }
  }
  for (; text.size() - 2 * i >= kDigitsAtOnce; i += kDigitsAtOnce / 2) {
    const Four four = decode_eight(load_be<std::uint64_t>(as_bytes(text).subspan(2 * i)));
    wrong |= four.wrong;
    store_be(out.subspan(i), four.octets);
  }
  for (; i < text.size() / 2; ++i) {
    const std::uint32_t high = digit_value(in[2 * i]);
    const std::uint32_t low = digit_value(in[2 * i + 1]);
    seen |= high | low;
    out[i] = static_cast<std::byte>((high << 4U | low) & 0xFFU);
  }
  if (wrong != 0 || seen >= 0x100U) return Error{Code::HexInvalid, "hex"};
  return text.size() / 2;
}

std::size_t hex_encode(Bytes bytes, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() / 2 >= bytes.size());
  std::size_t i = 0;
  if (kHasKernel && bytes.size() >= kOctetsAtOnce && kernels::has_avx2()) {
    for (; bytes.size() - i >= kOctetsAtOnce; i += kOctetsAtOnce)
      encode_sixteen(as_uchar(bytes) + i, as_uchar(out) + 2 * i);
  }
  for (; bytes.size() - i >= kDigitsAtOnce / 2; i += kDigitsAtOnce / 2) {
    store_be(out.subspan(2 * i), encode_four(load_be<std::uint32_t>(bytes.subspan(i))));
  }
  for (; i < bytes.size(); ++i) {
    const auto value = std::to_integer<std::uint32_t>(bytes[i]);
    out[2 * i] = static_cast<std::byte>(digit_of(value >> 4U));
    out[2 * i + 1] = static_cast<std::byte>(digit_of(value & 0x0FU));
  }
  return bytes.size() * 2;
}

}  // namespace claviger::codec
