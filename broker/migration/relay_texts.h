// Short texts of one relayed request, written in place: the hot path has no heap.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/runtime/shard.h"

namespace claviger::migration {

// "identity;time;number;shard": ours, and new (RFC 6733 clause 8.8).
class SessionText {
 public:
  SessionText(std::string_view identity, std::uint64_t number) {
    constexpr std::size_t kNumbersMax = 64;
    const std::size_t size = std::min(identity.size(), text_.size() - kNumbersMax);
    char* at = std::copy_n(identity.data(), size, text_.data());
    for (const std::uint64_t part :
         {number >> 32U, number & 0xffffffffU, std::uint64_t{runtime::Shard::current().index()}}) {
      *at++ = ';';
      at = std::to_chars(at, text_.data() + text_.size(), part).ptr;
    }
    size_ = static_cast<std::size_t>(at - text_.data());
  }
  Bytes bytes() const { return as_bytes(std::string_view(text_.data(), size_)); }

 private:
  std::array<char, 384> text_;
  std::size_t size_;
};

// Of both key forms of binding.h, without a string of its own.
class KeyText {
 public:
  KeyText(std::string_view tenant, std::string_view impi) { add(tenant, false).add(impi, true); }
  KeyText(std::string_view tenant, std::string_view system, std::string_view impi) {
    add(tenant, false).add("/", true).add(system, false).add(impi, true);
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  KeyText& add(std::string_view part, bool is_joined) {
    const std::size_t size = std::min(part.size(), text_.size() - size_ - 1);
    std::copy_n(part.data(), size, text_.data() + size_);
    size_ += size;
    if (!is_joined) text_[size_++] = '\0';
    return *this;
  }
  std::array<char, 1024> text_;
  std::size_t size_ = 0;
};

}  // namespace claviger::migration
