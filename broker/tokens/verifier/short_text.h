// Text of bounded length held by value: for what must outlive the buffer it was read from without an allocation.
// A value, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace claviger::tokens {

template <std::size_t Max>
class ShortText {
  static_assert(Max <= 255);

 public:
  // False, and empty, when `text` is longer than Max.
  bool assign(std::string_view text) {
    size_ = 0;
    if (text.size() > Max) return false;
    if (!text.empty()) std::memcpy(bytes_.data(), text.data(), text.size());
    size_ = static_cast<std::uint8_t>(text.size());
    return true;
  }
  std::string_view view() const { return {bytes_.data(), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  std::array<char, Max> bytes_;  // only the first size_ are ever read
  std::uint8_t size_ = 0;
};

}  // namespace claviger::tokens
