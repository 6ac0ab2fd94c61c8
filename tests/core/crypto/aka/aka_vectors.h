// One set of milenage.json or tuak.json.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/assert.h"
#include "core/crypto/aka/aka.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::aka {

class AkaSet {
 public:
  explicit AkaSet(const codec::JsonValue& value) : object_(*value.as_object()) {}
  std::string text(std::string_view name) const { return std::string(*object_.string_at(name)); }
  std::int64_t number(std::string_view name) const { return *object_.int_at(name); }
  std::vector<std::byte> octets(std::string_view name) const { return crypto::from_hex(text(name)); }
  template <std::size_t N>
  std::array<std::byte, N> octets(std::string_view name) const {
    const std::vector<std::byte> bytes = octets(name);
    CLAVIGER_ASSERT(bytes.size() == N);
    std::array<std::byte, N> out;
    std::ranges::copy(bytes, out.begin());
    return out;
  }
  Sequence sequence() const {
    Sequence sequence = 0;
    for (const std::byte byte : octets("sqn")) sequence = (sequence << 8U) | std::to_integer<Sequence>(byte);
    return sequence;
  }

 private:
  codec::JsonObject object_;
};

}  // namespace claviger::aka
