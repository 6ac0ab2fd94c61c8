#include "core/codec/base64_kernels.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace claviger::codec::kernels {
namespace {

constexpr std::uint8_t kForeign = 0xFF;

constexpr std::array<std::uint8_t, 256> decode_table(char value_62, char value_63) {
  std::array<std::uint8_t, 256> table{};
  table.fill(kForeign);
  for (std::uint8_t i = 0; i < 26; ++i) {
    table[static_cast<std::size_t>('A' + i)] = i;
    table[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(26 + i);
  }
  for (std::uint8_t i = 0; i < 10; ++i) table[static_cast<std::size_t>('0' + i)] = static_cast<std::uint8_t>(52 + i);
  table[static_cast<std::uint8_t>(value_62)] = 62;
  table[static_cast<std::uint8_t>(value_63)] = 63;
  return table;
}

constexpr std::array<std::uint8_t, 256> kUrlTable = decode_table('-', '_');
constexpr std::array<std::uint8_t, 256> kStandardTable = decode_table('+', '/');

const std::array<std::uint8_t, 256>& table_of(Alphabet alphabet) {
  return alphabet == Alphabet::Url ? kUrlTable : kStandardTable;
}

// All ones when left < right; both below 2^31.
constexpr std::uint32_t mask_below(std::uint32_t left, std::uint32_t right) { return 0U - ((left - right) >> 31U); }

}  // namespace

std::uint8_t decode_character(Alphabet alphabet, std::uint8_t character) { return table_of(alphabet)[character]; }

bool decode_groups(Alphabet alphabet, const std::uint8_t* text, std::size_t groups, std::uint8_t* out) {
  const auto& table = table_of(alphabet);
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < groups; ++i, text += 4, out += 3) {
    const std::uint32_t a = table[text[0]];
    const std::uint32_t b = table[text[1]];
    const std::uint32_t c = table[text[2]];
    const std::uint32_t d = table[text[3]];
    seen |= a | b | c | d;
    out[0] = static_cast<std::uint8_t>(a << 2U | b >> 4U);
    out[1] = static_cast<std::uint8_t>(b << 4U | c >> 2U);
    out[2] = static_cast<std::uint8_t>(c << 6U | d);
  }
  return (seen & 0x80U) == 0;  // values are below 64, kForeign is not
}

std::uint8_t encode_value(Alphabet alphabet, std::uint32_t value) {
  const std::uint32_t last = alphabet == Alphabet::Url ? '_' - 63U : '/' - 63U;
  const std::uint32_t last_but_one = alphabet == Alphabet::Url ? '-' - 62U : '+' - 62U;
  const std::uint32_t upper = mask_below(value, 26);
  const std::uint32_t lower = mask_below(value, 52) & ~upper;
  const std::uint32_t digit = mask_below(value, 62) & ~(upper | lower);
  const std::uint32_t sign = mask_below(value, 63) & ~(upper | lower | digit);
  const std::uint32_t rest = ~(upper | lower | digit | sign);
  const std::uint32_t offset = (upper & std::uint32_t{'A'}) | (lower & ('a' - 26U)) | (digit & ('0' - 52U)) |
                               (sign & last_but_one) | (rest & last);
  return static_cast<std::uint8_t>(value + offset);
}

void encode_groups(Alphabet alphabet, const std::uint8_t* bytes, std::size_t groups, std::uint8_t* out) {
  for (std::size_t i = 0; i < groups; ++i, bytes += 3, out += 4) {
    const std::uint32_t bits = std::uint32_t{bytes[0]} << 16U | std::uint32_t{bytes[1]} << 8U | bytes[2];
    out[0] = encode_value(alphabet, bits >> 18U);
    out[1] = encode_value(alphabet, bits >> 12U & 63U);
    out[2] = encode_value(alphabet, bits >> 6U & 63U);
    out[3] = encode_value(alphabet, bits & 63U);
  }
}

#if defined(__x86_64__)

bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }

namespace {

__attribute__((target("avx2"))) inline __m256i load(const std::uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// A table of 16 bytes in both halves of a register, for _mm256_shuffle_epi8.
__attribute__((target("avx2"))) inline __m256i both_halves(const std::array<std::int8_t, 16>& table) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

// A character is foreign when the classes of its two nibbles share a bit (W. Mula, D. Lemire, "Faster Base64
// Encoding and Decoding using AVX2 Instructions", 2018; the tables are ours, for the alphabet with '-' and
// '_').
//   high nibble 2: only '-' (0x01)   3: '0'..'9' (0x02)   4, 6: all but low 0 (0x04)
//   5: 'P'..'Z' and '_' (0x08)       7: 'p'..'z' (0x10)   others: none (0x20, in every low nibble's class)
constexpr std::array<std::int8_t, 16> kHighClass = {0x20, 0x20, 0x01, 0x02, 0x04, 0x08, 0x04, 0x10,
                                                    0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20};
constexpr std::array<std::int8_t, 16> low_classes() {
  std::array<std::int8_t, 16> classes{};
  for (int low = 0; low < 16; ++low) {
    int bits = 0x20;
    if (low != 0xD) bits |= 0x01;
    if (low > 9) bits |= 0x02;
    if (low == 0) bits |= 0x04;
    if (low > 0xA && low != 0xF) bits |= 0x08;
    if (low > 0xA) bits |= 0x10;
    classes[static_cast<std::size_t>(low)] = static_cast<std::int8_t>(bits);
  }
  return classes;
}
constexpr std::array<std::int8_t, 16> kLowClass = low_classes();
// What to add to a character of that high nibble to get its value; '_' stands apart from 'P'..'Z' by
// kUnderscoreMore.
constexpr std::array<std::int8_t, 16> kToValue = {0, 0, 62 - '-', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a',
                                                  0, 0, 0,        0,        0,    0,    0,        0};
constexpr char kUnderscoreMore = 63 - '_' + 'A';

// Four 6-bit values in each 32-bit lane become three bytes, moved together at the front of each half.
constexpr std::array<std::int8_t, 16> kTakeThree = {2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1};

}  // namespace

__attribute__((target("avx2"))) Progress decode_url_avx2(const std::uint8_t* text, std::size_t size,
                                                         std::uint8_t* out) {
  const __m256i high_class = both_halves(kHighClass);
  const __m256i low_class = both_halves(kLowClass);
  const __m256i to_value = both_halves(kToValue);
  const __m256i take_three = both_halves(kTakeThree);
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  const __m256i underscore = _mm256_set1_epi8('_');
  const __m256i underscore_more = _mm256_set1_epi8(kUnderscoreMore);
  const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
  __m256i foreign = _mm256_setzero_si256();
  std::size_t done = 0;
  for (; size - done >= 32; done += 32, out += 24) {
    const __m256i characters = load(text + done);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(characters, 4), nibble);
    const __m256i low = _mm256_and_si256(characters, nibble);
    foreign = _mm256_or_si256(
        foreign, _mm256_and_si256(_mm256_shuffle_epi8(high_class, high), _mm256_shuffle_epi8(low_class, low)));
    const __m256i more = _mm256_and_si256(_mm256_cmpeq_epi8(characters, underscore), underscore_more);
    const __m256i values = _mm256_add_epi8(characters, _mm256_add_epi8(_mm256_shuffle_epi8(to_value, high), more));
    const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
    const __m256i lanes = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(lanes, take_three), together);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(bytes));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 16), _mm256_extracti128_si256(bytes, 1));
  }
  return {done, _mm256_testz_si256(foreign, foreign) != 0};
}

__attribute__((target("avx2"))) std::size_t encode_avx2(Alphabet alphabet, const std::uint8_t* bytes, std::size_t size,
                                                        std::uint8_t* out) {
  // Each half of the register takes 12 bytes; the second load starts at byte 12 and reads to byte 28.
  const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                          1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  // Index: 0 for 'a'..'z', 1..10 for digits, 11 for '-' or '+', 12 for '_' or '/', 13 for 'A'..'Z'.
  const bool is_url = alphabet == Alphabet::Url;
  const auto value_62 = static_cast<std::int8_t>((is_url ? '-' : '+') - 62);
  const auto value_63 = static_cast<std::int8_t>((is_url ? '_' : '/') - 63);
  const __m256i to_character = both_halves({'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                            '0' - 52, '0' - 52, '0' - 52, '0' - 52, value_62, value_63, 'A', 0, 0});
  std::size_t done = 0;
  for (; size - done >= 28; done += 24, out += 32) {
    const __m128i front = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + done));
    const __m128i back = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + done + 12));
    const __m256i in = _mm256_shuffle_epi8(_mm256_set_m128i(back, front), spread);
    const __m256i first =
        _mm256_mulhi_epu16(_mm256_and_si256(in, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
    const __m256i second =
        _mm256_mullo_epi16(_mm256_and_si256(in, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
    const __m256i values = _mm256_or_si256(first, second);
    const __m256i above = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
    const __m256i upper = _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), values), _mm256_set1_epi8(13));
    const __m256i characters =
        _mm256_add_epi8(values, _mm256_shuffle_epi8(to_character, _mm256_or_si256(above, upper)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), characters);
  }
  return done;
}

#else  // other processors: the portable code alone

bool has_avx2() { return false; }
Progress decode_url_avx2(const std::uint8_t*, std::size_t, std::uint8_t*) { return {0, true}; }
std::size_t encode_avx2(Alphabet, const std::uint8_t*, std::size_t, std::uint8_t*) { return 0; }

#endif

}  // namespace claviger::codec::kernels
