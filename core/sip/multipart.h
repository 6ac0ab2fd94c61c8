// A body of several parts (RFC 2046 clause 5.1, RFC 5621): where each begins and ends, and what it says of itself. Parts of a
// part that is a multipart itself stand in its place.
//
// Views into the body: octets as they came, which is what signatures are made over. Nothing is decoded, nothing
// allocated.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "core/base/result.h"
#include "core/sip/limits.h"

namespace claviger::sip {

struct Part {
  std::string_view content_type;  // with its parameters; empty: text/plain
  std::string_view content_id;    // without "<" and ">"
  std::string_view transfer_encoding;
  std::string_view body;

  // In front of the parameters.
  std::string_view media_type() const;
};

class Parts {
 public:
  // A body that is not multipart/... is one part of itself. SipSyntax (no boundary, a bad one, no closing one, headers
  // that are none), TooMany (parts, or one in another).
  static Result<Parts> of(std::string_view content_type, std::string_view body);

  std::size_t size() const { return count_; }
  const Part& operator[](std::size_t index) const { return parts_[index]; }
  const Part* begin() const { return parts_.data(); }
  const Part* end() const { return parts_.data() + count_; }
  // The first of that media type, or null; `count` of them.
  const Part* find(std::string_view media_type) const;
  std::size_t count(std::string_view media_type) const;

 private:
  Result<Unit> add(std::string_view content_type, std::string_view body, std::size_t depth);

  std::array<Part, kPartsMax> parts_;
  std::size_t count_ = 0;
};

bool is_multipart(std::string_view content_type);

}  // namespace claviger::sip
