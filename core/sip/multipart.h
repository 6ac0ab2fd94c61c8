// A body of several parts (RFC 2046 clause 5.1, RFC 5621): where each begins and ends, and what it says of itself. Parts of a
// part that is a multipart itself stand in its place.
//
// Views into the body, and nothing allocated: but for parts in base64, which are decoded, and live as long as their Parts
// (RFC 2045 clause 6). Signatures are over what a part is, not over how it came.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/sip/limits.h"
#include "core/sip/message.h"

namespace claviger::sip {

struct Part {
  std::string_view content_type;       // with its parameters; empty: text/plain
  std::string_view content_id;         // without "<" and ">"
  std::string_view transfer_encoding;  // base64: it was none, and is empty; or a message/..., as it came
  std::string_view disposition;
  std::string_view body;

  // In front of the parameters.
  std::string_view media_type() const;
};

class Parts {
 public:
  // A body that is not multipart/... is one part of itself. SipSyntax (no boundary, a bad one, no closing one, headers
  // that are none), TooMany (parts, or one in another), ContentUnsupported (a transfer encoding that we do not undo, of a part
  // that must be understood; one of which RFC 3204 clause 6 says that it need not is left out).
  static Result<Parts> of(std::string_view content_type, std::string_view body,
                          std::string_view transfer_encoding = {});
  static Result<Parts> of(const Message& message) {
    return of(message.value(HeaderId::ContentType), message.body(), message.value(HeaderId::ContentTransferEncoding));
  }

  std::size_t size() const { return count_; }
  const Part& operator[](std::size_t index) const { return parts_[index]; }
  const Part* begin() const { return parts_.data(); }
  const Part* end() const { return parts_.data() + count_; }
  // The first of that media type, or null; `count` of them.
  const Part* find(std::string_view media_type) const;
  std::size_t count(std::string_view media_type) const;

 private:
  Result<Unit> add(std::string_view content_type, std::string_view body, std::size_t depth);
  Result<Unit> keep(Part part);
  void decode(Part& part);

  std::array<Part, kPartsMax> parts_;
  std::size_t count_ = 0;
  std::size_t size_max_ = 0;              // of what may be decoded
  std::shared_ptr<std::string> decoded_;  // never grows past what was reserved
};

bool is_multipart(std::string_view content_type);

// Of a part whose Content-Transfer-Encoding is another than RFC 2045's for text and octets.
inline constexpr std::string_view kTransferEncoding = "sip.transfer_encoding";

}  // namespace claviger::sip
