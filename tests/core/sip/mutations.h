// Messages with a few things wrong with them: the same ones for the same seed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace claviger::sip {

class Mutations {
 public:
  Mutations(std::vector<std::string> originals, std::uint64_t seed) : originals_(std::move(originals)), random_(seed) {}

  // One of the originals with one to four changes.
  std::string next() {
    std::string text = originals_[below(originals_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(text);
    return text;
  }

 private:
  static constexpr char kOddBytes[] = " \t\r\n\0:;,<>\"\\@%=?[]/.-~\x7F\xC3z0";
  static constexpr std::string_view kBytes{kOddBytes, sizeof(kOddBytes) - 1};
  static constexpr std::array<std::string_view, 14> kPieces = {
      "\r\n", "\r\n\r\n", "\r\n ", "%00",  "Content-Length: 5\r\n",     "l: -1\r\n",         "CSeq: 1 OPTIONS\r\n",
      ";;",   "sips:",    "\"",    ";tag", "Via: SIP/2.0/UDP a, b\r\n", "99999999999999999", "sip:[2001:db8::1]"};

  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

  void change(std::string& text) {
    if (text.empty()) return;
    const std::size_t at = below(text.size());
    const std::size_t size = std::min<std::size_t>(1 + below(12), text.size() - at);
    switch (below(7)) {
      case 0:
        text[at] = kBytes[below(kBytes.size())];
        return;
      case 1:
        text.insert(at, 1, kBytes[below(kBytes.size())]);
        return;
      case 2:
        text.erase(at, size);
        return;
      case 3:
        text.insert(at, text.substr(at, size));
        return;
      case 4:
        text.insert(at, kPieces[below(kPieces.size())]);
        return;
      case 5:
        text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        return;
      default: {  // a line once more, somewhere else
        const std::size_t begin = text.rfind('\n', at);
        const std::size_t end = text.find('\n', at);
        if (begin == std::string::npos || end == std::string::npos) return;
        const std::string line = text.substr(begin + 1, end - begin);
        const std::size_t where = text.find('\n', below(text.size()));
        if (where != std::string::npos) text.insert(where + 1, line);
        return;
      }
    }
  }

  std::vector<std::string> originals_;
  std::mt19937_64 random_;
};

}  // namespace claviger::sip
