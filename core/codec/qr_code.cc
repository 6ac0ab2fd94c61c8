#include "core/codec/qr_code.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace claviger::codec {

namespace {

constexpr int kVersionMax = 20;
// ISO/IEC 18004 table 9, level M: error correction codewords of a block, and blocks.
constexpr std::array<int, kVersionMax + 1> kCheckBytes{0,  10, 16, 26, 18, 24, 16, 18, 22, 22, 26,
                                                       30, 22, 22, 24, 24, 28, 28, 26, 26, 26};
constexpr std::array<int, kVersionMax + 1> kBlocks{0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16};

constexpr int side_of(int version) { return 17 + 4 * version; }

// Codewords that the symbol has room for, data and check bytes together (ISO/IEC 18004 table 1).
constexpr int codewords_of(int version) {
  int modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const int alignments = version / 7 + 2;
    modules -= (25 * alignments - 10) * alignments - 55;
    if (version >= 7) modules -= 36;
  }
  return modules / 8;
}
constexpr int data_bytes_of(int version) {
  const auto at = static_cast<std::size_t>(version);
  return codewords_of(version) - kCheckBytes[at] * kBlocks[at];
}
// Mode, length and end in front of and behind the text.
constexpr int text_bytes_of(int version) { return data_bytes_of(version) - (version < 10 ? 2 : 3); }
static_assert(text_bytes_of(1) == 14 && text_bytes_of(10) == 213 && text_bytes_of(kVersionMax) == kQrTextBytesMax);

// In GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1.
std::uint8_t multiply(std::uint8_t left, std::uint8_t right) {
  unsigned product = 0;
  for (int bit = 7; bit >= 0; --bit) {
    product = (product << 1U) ^ ((product >> 7U) * 0x11DU);
    product ^= ((static_cast<unsigned>(right) >> static_cast<unsigned>(bit)) & 1U) * left;
  }
  return static_cast<std::uint8_t>(product);
}

using Octets = std::vector<std::uint8_t>;

// Coefficients of (x - 1)(x - 2)...(x - 2^(degree - 1)) without the leading one.
Octets generator_of(int degree) {
  Octets generator(static_cast<std::size_t>(degree));
  generator.back() = 1;
  std::uint8_t root = 1;
  for (int i = 0; i < degree; ++i) {
    for (std::size_t j = 0; j < generator.size(); ++j) {
      generator[j] = multiply(generator[j], root);
      if (j + 1 < generator.size()) generator[j] = static_cast<std::uint8_t>(generator[j] ^ generator[j + 1]);
    }
    root = multiply(root, 2);
  }
  return generator;
}

Octets check_bytes_of(std::span<const std::uint8_t> data, const Octets& generator) {
  Octets rest(generator.size());
  for (const std::uint8_t octet : data) {
    const auto factor = static_cast<std::uint8_t>(octet ^ rest.front());
    std::rotate(rest.begin(), rest.begin() + 1, rest.end());
    rest.back() = 0;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      rest[i] = static_cast<std::uint8_t>(rest[i] ^ multiply(generator[i], factor));
    }
  }
  return rest;
}

// Clause 7.4: mode, length, text, terminator, padding.
Octets data_of(std::string_view text, int version) {
  std::vector<bool> bits;
  const auto put = [&bits](unsigned value, int count) {
    for (int i = count - 1; i >= 0; --i) bits.push_back(((value >> static_cast<unsigned>(i)) & 1U) != 0);
  };
  put(0b0100, 4);  // byte mode
  put(static_cast<unsigned>(text.size()), version < 10 ? 8 : 16);
  for (const char character : text) put(static_cast<unsigned char>(character), 8);
  put(0, 4);
  Octets data(static_cast<std::size_t>(data_bytes_of(version)));
  CLAVIGER_ASSERT(bits.size() <= data.size() * 8);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) data[i / 8] = static_cast<std::uint8_t>(data[i / 8] | (0x80U >> (i % 8)));
  }
  std::uint8_t pad = 0xEC;
  for (std::size_t i = (bits.size() + 7) / 8; i < data.size(); ++i) {
    data[i] = pad;
    pad ^= 0xEC ^ 0x11;
  }
  return data;
}

// Clause 7.6: blocks one byte each in turn, then their check bytes. The last blocks have a byte more.
Octets interleave(const Octets& data, int version) {
  const auto blocks = static_cast<std::size_t>(kBlocks[static_cast<std::size_t>(version)]);
  const Octets generator = generator_of(kCheckBytes[static_cast<std::size_t>(version)]);
  const std::size_t short_bytes = data.size() / blocks;
  const std::size_t short_blocks = blocks - data.size() % blocks;
  std::vector<std::span<const std::uint8_t>> parts;
  std::vector<Octets> checks;
  std::size_t at = 0;
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::size_t bytes = short_bytes + (i < short_blocks ? 0 : 1);
    parts.push_back(std::span(data).subspan(at, bytes));
    checks.push_back(check_bytes_of(parts.back(), generator));
    at += bytes;
  }
  Octets all;
  for (std::size_t i = 0; i <= short_bytes; ++i) {
    for (const auto& part : parts) {
      if (i < part.size()) all.push_back(part[i]);
    }
  }
  for (std::size_t i = 0; i < generator.size(); ++i) {
    for (const Octets& check : checks) all.push_back(check[i]);
  }
  return all;
}

bool is_masked(int mask, int x, int y) {
  switch (mask) {
    case 0: return (x + y) % 2 == 0;
    case 1: return y % 2 == 0;
    case 2: return x % 3 == 0;
    case 3: return (x + y) % 3 == 0;
    case 4: return (x / 3 + y / 2) % 2 == 0;
    case 5: return x * y % 2 + x * y % 3 == 0;
    case 6: return (x * y % 2 + x * y % 3) % 2 == 0;
    default: return ((x + y) % 2 + x * y % 3) % 2 == 0;
  }
}

}  // namespace

// Puts everything at its place (clause 7.7 to 7.10).
class QrPainter {
 public:
  QrPainter(QrCode& code, int version) : code_(code), version_(version) {}

  void fixed_patterns() {
    const int size = code_.size();
    for (int i = 0; i < size; ++i) {
      fix(6, i, i % 2 == 0);
      fix(i, 6, i % 2 == 0);
    }
    finder(3, 3);
    finder(size - 4, 3);
    finder(3, size - 4);
    const std::vector<int> places = alignment_places();
    const int last = static_cast<int>(places.size()) - 1;
    for (int i = 0; i <= last; ++i) {
      for (int j = 0; j <= last; ++j) {
        const bool is_finder = (i == 0 && j == 0) || (i == 0 && j == last) || (i == last && j == 0);
        if (!is_finder) alignment(places[static_cast<std::size_t>(i)], places[static_cast<std::size_t>(j)]);
      }
    }
    format(0);  // holds the places
    version_information();
  }

  // Clause 7.7.3: two columns at a time from the right, up and down, around the vertical timing pattern.
  void data(const Octets& octets) {
    const int size = code_.size();
    std::size_t bit = 0;
    for (int right = size - 1; right >= 1; right -= 2) {
      if (right == 6) right = 5;
      const bool is_upward = ((right + 1) & 2) == 0;
      for (int row = 0; row < size; ++row) {
        for (int column = right; column > right - 2; --column) {
          const int y = is_upward ? size - 1 - row : row;
          std::uint8_t& module = code_.modules_[code_.index(column, y)];
          if ((module & QrCode::kFixed) != 0 || bit >= octets.size() * 8) continue;
          module = (octets[bit / 8] >> (7 - bit % 8)) & 1U;
          ++bit;
        }
      }
    }
  }

  void mask(int mask) {
    for (int y = 0; y < code_.size(); ++y) {
      for (int x = 0; x < code_.size(); ++x) {
        std::uint8_t& module = code_.modules_[code_.index(x, y)];
        if ((module & QrCode::kFixed) == 0 && is_masked(mask, x, y)) module ^= QrCode::kDark;
      }
    }
  }

  // Clause 7.9: level M is 00; BCH(15, 5), then the fixed pattern.
  void format(int mask) {
    const int size = code_.size();
    unsigned rest = static_cast<unsigned>(mask);
    for (int i = 0; i < 10; ++i) rest = (rest << 1U) ^ ((rest >> 9U) * 0x537U);
    const unsigned bits = ((static_cast<unsigned>(mask) << 10U) | rest) ^ 0x5412U;
    const auto bit = [bits](int i) { return ((bits >> static_cast<unsigned>(i)) & 1U) != 0; };
    for (int i = 0; i <= 5; ++i) fix(8, i, bit(i));
    fix(8, 7, bit(6));
    fix(8, 8, bit(7));
    fix(7, 8, bit(8));
    for (int i = 9; i < 15; ++i) fix(14 - i, 8, bit(i));
    for (int i = 0; i < 8; ++i) fix(size - 1 - i, 8, bit(i));
    for (int i = 8; i < 15; ++i) fix(8, size - 15 + i, bit(i));
    fix(8, size - 8, true);
  }

  // Clause 7.8.3: runs, blocks, look-alikes of the finder, the share of dark modules.
  long penalty() const {
    const int size = code_.size();
    long sum = 0;
    int dark = 0;
    for (int i = 0; i < size; ++i) {
      sum += line_penalty([&](int j) { return code_.is_dark(j, i); });
      sum += line_penalty([&](int j) { return code_.is_dark(i, j); });
      for (int j = 0; j < size; ++j) {
        if (code_.is_dark(j, i)) ++dark;
        if (i + 1 == size || j + 1 == size) continue;
        const bool colour = code_.is_dark(j, i);
        if (colour == code_.is_dark(j + 1, i) && colour == code_.is_dark(j, i + 1) &&
            colour == code_.is_dark(j + 1, i + 1)) {
          sum += 3;
        }
      }
    }
    const int all = size * size;
    return sum + std::abs(dark * 20 - all * 10) / all * 10;
  }

 private:
  void fix(int x, int y, bool is_dark) {
    code_.modules_[code_.index(x, y)] = static_cast<std::uint8_t>(QrCode::kFixed | (is_dark ? QrCode::kDark : 0));
  }
  void finder(int centre_x, int centre_y) {
    for (int dy = -4; dy <= 4; ++dy) {
      for (int dx = -4; dx <= 4; ++dx) {
        const int x = centre_x + dx;
        const int y = centre_y + dy;
        const int ring = std::max(std::abs(dx), std::abs(dy));
        if (x >= 0 && x < code_.size() && y >= 0 && y < code_.size()) fix(x, y, ring != 2 && ring != 4);
      }
    }
  }
  void alignment(int centre_x, int centre_y) {
    for (int dy = -2; dy <= 2; ++dy) {
      for (int dx = -2; dx <= 2; ++dx) fix(centre_x + dx, centre_y + dy, std::max(std::abs(dx), std::abs(dy)) != 1);
    }
  }
  // Annex E; equal steps but for the first.
  std::vector<int> alignment_places() const {
    if (version_ == 1) return {};
    const int count = version_ / 7 + 2;
    const int step = (version_ * 4 + count * 2 + 1) / (count * 2 - 2) * 2;
    std::vector<int> places(static_cast<std::size_t>(count));
    int place = code_.size() - 7;
    for (auto at = places.rbegin(); at != places.rend(); ++at, place -= step) *at = place;
    places.front() = 6;
    return places;
  }
  // Clause 7.10: BCH(18, 6).
  void version_information() {
    if (version_ < 7) return;
    unsigned rest = static_cast<unsigned>(version_);
    for (int i = 0; i < 12; ++i) rest = (rest << 1U) ^ ((rest >> 11U) * 0x1F25U);
    const unsigned bits = (static_cast<unsigned>(version_) << 12U) | rest;
    for (int i = 0; i < 18; ++i) {
      const bool is_dark = ((bits >> static_cast<unsigned>(i)) & 1U) != 0;
      fix(code_.size() - 11 + i % 3, i / 3, is_dark);
      fix(i / 3, code_.size() - 11 + i % 3, is_dark);
    }
  }
  template <typename At>
  long line_penalty(At at) const {
    constexpr std::array<bool, 11> kLooksLikeFinder{true, false, true, true, true, false, true,
                                                    false, false, false, false};
    long sum = 0;
    int run = 1;
    for (int i = 1; i <= code_.size(); ++i) {
      if (i < code_.size() && at(i) == at(i - 1)) {
        ++run;
        continue;
      }
      if (run >= 5) sum += run - 2;
      run = 1;
    }
    for (int i = 0; i + 11 <= code_.size(); ++i) {
      bool is_forward = true;
      bool is_backward = true;
      for (int j = 0; j < 11; ++j) {
        if (at(i + j) != kLooksLikeFinder[static_cast<std::size_t>(j)]) is_forward = false;
        if (at(i + j) != kLooksLikeFinder[static_cast<std::size_t>(10 - j)]) is_backward = false;
      }
      if (is_forward) sum += 40;
      if (is_backward) sum += 40;
    }
    return sum;
  }

  QrCode& code_;
  int version_;
};

Result<QrCode> QrCode::make(std::string_view text) {
  int version = 1;
  while (version <= kVersionMax && text.size() > static_cast<std::size_t>(text_bytes_of(version))) ++version;
  if (version > kVersionMax) return Error{Code::TooLarge, "qr_code"};
  QrCode code(side_of(version));
  QrPainter painter(code, version);
  painter.fixed_patterns();
  painter.data(interleave(data_of(text, version), version));
  int best = 0;
  long least = 0;
  for (int mask = 0; mask < 8; ++mask) {
    painter.mask(mask);
    painter.format(mask);
    const long penalty = painter.penalty();
    if (mask == 0 || penalty < least) {
      best = mask;
      least = penalty;
    }
    painter.mask(mask);  // off again
  }
  painter.mask(best);
  painter.format(best);
  return code;
}

std::string qr_svg(const QrCode& code) {
  const std::string side = std::to_string(code.size() + 8);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"240\" height=\"240\" viewBox=\"0 0 " +
                    side + " " + side + "\" shape-rendering=\"crispEdges\"><rect width=\"" + side + "\" height=\"" + side +
                    "\" fill=\"#fff\"/><path fill=\"#000\" d=\"";
  for (int y = 0; y < code.size(); ++y) {
    for (int x = 0; x < code.size(); ++x) {
      if (!code.is_dark(x, y)) continue;
      int end = x;
      while (end < code.size() && code.is_dark(end, y)) ++end;
      const std::string width = std::to_string(end - x);
      svg += "M" + std::to_string(x + 4) + " " + std::to_string(y + 4) + "h" + width + "v1h-" + width + "z";
      x = end;
    }
  }
  svg += "\"/></svg>";
  return svg;
}

std::string qr_terminal(const QrCode& code) {
  const auto is_dark = [&code](int x, int y) {
    return x >= 0 && y >= 0 && x < code.size() && y < code.size() && code.is_dark(x, y);
  };
  std::string text;
  for (int y = -2; y < code.size() + 2; y += 2) {
    text += "\x1b[30;107m";  // black on bright white, whatever the terminal's own colours are
    for (int x = -2; x < code.size() + 2; ++x) {
      const bool upper = is_dark(x, y);
      const bool lower = is_dark(x, y + 1);
      text += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ");
    }
    text += "\x1b[0m\n";
  }
  return text;
}

}  // namespace claviger::codec
