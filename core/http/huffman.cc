#include "core/http/huffman.h"

#include <array>
#include <cstdint>

namespace claviger::http {
namespace {

constexpr unsigned kSymbols = 256;
constexpr unsigned kLongest = 30;
// A table of 32 KiB, of which a text's characters use a tenth.
constexpr unsigned kBits = 13;

// RFC 7541 appendix B: bits of each octet's code. The code is canonical: the codes of a length follow one another in the
// order of their octets, and the next length goes on from there. EOS has the last one of kLongest bits.
constexpr std::array<std::uint8_t, kSymbols> kLengths{
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,
    7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
    7,  8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,
    5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24,
    24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22,
    23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26,
    27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23,
    22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26};

// What the next kBits bits begin with: one whole code, or two.
struct Entry {
  std::uint8_t first = 0;
  std::uint8_t second = 0;
  std::uint8_t first_bits = 0;  // 0: a code longer than kBits
  std::uint8_t bits = 0;        // of both, or of the one
};

// Codes of one length.
struct Length {
  std::uint32_t first_code = 0;
  std::uint16_t first_index = 0;  // in the order of codes
  std::uint16_t count = 0;
};

struct Code {
  std::array<Length, kLongest + 1> lengths;
  std::array<std::uint8_t, kSymbols> in_order{};
  std::array<Entry, 1U << kBits> table;

  Code() {
    std::uint32_t next_code = 0;
    std::uint16_t next_index = 0;
    for (unsigned bits = 1; bits <= kLongest; ++bits) {
      next_code <<= 1U;
      lengths[bits] = {next_code, next_index, 0};
      for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
        if (kLengths[symbol] != bits) continue;
        in_order[next_index++] = static_cast<std::uint8_t>(symbol);
        ++lengths[bits].count;
        ++next_code;
      }
    }
    for (unsigned index = 0; index < table.size(); ++index) fill(index);
  }

  // The octet of a code of at most `most` bits that stands at the top of `bits`; its length, or 0.
  unsigned find(std::uint64_t bits, unsigned most, std::uint8_t& symbol) const {
    for (unsigned length = 5; length <= most; ++length) {
      const auto code = static_cast<std::uint32_t>(bits >> (64U - length));
      const Length& of = lengths[length];
      if (code < of.first_code || code - of.first_code >= of.count) continue;
      symbol = in_order[of.first_index + (code - of.first_code)];
      return length;
    }
    return 0;
  }

 private:
  void fill(unsigned index) {
    const std::uint64_t bits = std::uint64_t{index} << (64U - kBits);
    Entry& entry = table[index];
    entry.first_bits = static_cast<std::uint8_t>(find(bits, kBits, entry.first));
    if (entry.first_bits == 0) return;
    const unsigned more = find(bits << entry.first_bits, kBits - entry.first_bits, entry.second);
    entry.bits = static_cast<std::uint8_t>(entry.first_bits + more);
  }
};

const Code& code() {
  static const Code kCode;
  return kCode;
}

}  // namespace

std::optional<std::size_t> huffman_decode(Bytes coded, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() >= huffman_decoded_max(coded.size()));
  const Code& codes = code();
  const std::uint8_t* in = as_uchar(coded);
  const std::uint8_t* const end = in + coded.size();
  std::byte* to = out.data();
  std::uint64_t top = 0;  // the next bits from the top down, zeros behind them
  unsigned valid = 0;     // so many
  for (;;) {
    // At least 32 bits, more than the longest code, or all there are.
    if (end - in >= 4) {
      if (valid < 32) {
        top |= std::uint64_t{load_be<std::uint32_t>(Bytes(reinterpret_cast<const std::byte*>(in), 4))} << (32 - valid);
        valid += 32;
        in += 4;
      }
    } else {
      for (; in != end && valid <= 56; valid += 8) top |= std::uint64_t{*in++} << (56 - valid);
    }
    const Entry entry = codes.table[top >> (64U - kBits)];
    if (entry.bits <= valid && entry.bits > entry.first_bits) {
      to[0] = static_cast<std::byte>(entry.first);
      to[1] = static_cast<std::byte>(entry.second);
      to += 2;
      top <<= entry.bits;
      valid -= entry.bits;
      continue;
    }
    std::uint8_t symbol = entry.first;
    const unsigned length = entry.first_bits != 0 ? entry.first_bits : codes.find(top, kLongest, symbol);
    if (length == 0 || length > valid) break;
    *to++ = static_cast<std::byte>(symbol);
    top <<= length;
    valid -= length;
  }
  // Padding (clause 5.2): fewer than eight bits, the most significant ones of EOS.
  if (in != end || valid > 7) return std::nullopt;
  if (valid > 0 && top >> (64U - valid) != (1U << valid) - 1) return std::nullopt;
  return static_cast<std::size_t>(to - out.data());
}

}  // namespace claviger::http
