#include "core/sip/multipart.h"

#include <algorithm>
#include <cstring>

#include "core/base/assert.h"
#include "core/codec/base64url.h"
#include "core/sip/header_id.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::sip {
namespace {

Error syntax() { return {Code::SipSyntax, "sip.multipart"}; }

// RFC 2046: bchars, and no space at the end.
bool is_boundary(std::string_view text) {
  if (text.empty() || text.size() > kBoundaryMax || text.back() == ' ') return false;
  for (const char c : text) {
    const bool is_one = has_class(c, kIsDigit) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
                        std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
    if (!is_one) return false;
  }
  return true;
}

enum class Delimiter { None, Between, Closing };

// Whether the line at the front is the boundary's, and not one that only begins like it.
Delimiter delimiter_of(std::string_view line, std::string_view boundary) {
  if (line.size() < boundary.size() + 2 || line[0] != '-' || line[1] != '-' ||
      line.substr(2, boundary.size()) != boundary) {
    return Delimiter::None;
  }
  std::string_view behind = line.substr(2 + boundary.size());
  Delimiter found = Delimiter::Between;
  if (behind.starts_with("--")) {
    behind.remove_prefix(2);
    found = Delimiter::Closing;
  }
  for (const char c : behind) {
    if (c != ' ' && c != '\t' && c != '\r') return Delimiter::None;
  }
  return found;
}

Result<Part> read_part(std::string_view text) {
  Part part;
  std::string_view ignored;
  std::string_view* last = nullptr;
  for (;;) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      // Headers without a body, or a body without a blank line in front.
      if (!trim(text).empty()) return syntax();
      return part;
    }
    if (end == 0 || text[end - 1] != '\r') return syntax();
    const std::string_view line = text.substr(0, end - 1);
    text.remove_prefix(end + 1);
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') {
      if (last == nullptr) return syntax();
      if (last->data() != nullptr) {
        *last = trim({last->data(), static_cast<std::size_t>(line.data() + line.size() - last->data())});
      }
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(trim(line.substr(0, colon)))) return syntax();
    const std::string_view value = trim(line.substr(colon + 1));
    switch (header_id(trim(line.substr(0, colon)))) {
      case HeaderId::ContentType:
        last = &part.content_type;
        break;
      case HeaderId::ContentId:
        last = &part.content_id;
        break;
      case HeaderId::ContentTransferEncoding:
        last = &part.transfer_encoding;
        break;
      case HeaderId::ContentDisposition:
        last = &part.disposition;
        break;
      default:
        last = &ignored;
        break;
    }
    if (last != &ignored && last->data() != nullptr) return syntax();
    *last = value;
  }
  if (part.content_id.size() > 2 && part.content_id.front() == '<' && part.content_id.back() == '>') {
    part.content_id = part.content_id.substr(1, part.content_id.size() - 2);
  }
  part.body = text;
  return part;
}

// Octets as they are (RFC 2045 clause 6.2).
bool is_identity(std::string_view encoding) {
  return encoding.empty() || equals_ignoring_case(encoding, "7bit") || equals_ignoring_case(encoding, "8bit") ||
         equals_ignoring_case(encoding, "binary");
}

bool is_message(std::string_view content_type) {
  return content_type.size() > 8 && equals_ignoring_case(content_type.substr(0, 8), "message/");
}

bool is_optional(std::string_view disposition) {
  const std::size_t semicolon = disposition.find(';');
  return semicolon != std::string_view::npos &&
         equals_ignoring_case(find_parameter(disposition.substr(semicolon), "handling").value, "optional");
}

}  // namespace

std::string_view Part::media_type() const { return trim(content_type.substr(0, content_type.find(';'))); }

bool is_multipart(std::string_view content_type) {
  return content_type.size() > 10 && equals_ignoring_case(content_type.substr(0, 10), "multipart/");
}

Result<Parts> Parts::of(std::string_view content_type, std::string_view body, std::string_view transfer_encoding) {
  Parts parts;
  parts.size_max_ = body.size();
  if (!is_multipart(content_type)) {
    Part part;
    part.content_type = content_type;
    part.transfer_encoding = transfer_encoding;
    part.body = body;
    CLAVIGER_TRY(kept, parts.keep(part));
    return parts;
  }
  if (!is_identity(transfer_encoding)) return Error{Code::ContentUnsupported, kTransferEncoding};
  CLAVIGER_TRY(added, parts.add(content_type, body, 1));
  return parts;
}

Result<Unit> Parts::keep(Part part) {
  const bool is_base64 = equals_ignoring_case(part.transfer_encoding, "base64");
  if (!is_base64 && !is_identity(part.transfer_encoding)) {
    if (is_optional(part.disposition)) return Unit{};
    return Error{Code::ContentUnsupported, kTransferEncoding};
  }
  if (count_ == kPartsMax) return Error{Code::TooMany, "sip.parts"};
  // A message within has encodings of its own, and none as a whole (clause 6.4).
  if (is_base64 && !is_message(part.content_type)) decode(part);
  parts_[count_++] = part;
  return Unit{};
}

// What is no base64 is empty: who reads it refuses it, in its own words.
void Parts::decode(Part& part) {
  std::string text(part.body);
  std::erase_if(text, [](char c) { return has_class(c, kIsSpace); });
  if (decoded_ == nullptr) {
    decoded_ = std::make_shared<std::string>();
    decoded_->reserve(size_max_);
  }
  const std::size_t begin = decoded_->size();
  CLAVIGER_ASSERT(begin + codec::base64_decoded_size_max(text.size()) <= size_max_);
  decoded_->resize(begin + codec::base64_decoded_size_max(text.size()));
  const auto room = std::as_writable_bytes(std::span(*decoded_)).subspan(begin);
  const auto size = codec::base64_decode(text, room);
  decoded_->resize(begin + (size ? *size : 0));
  part.body = std::string_view(*decoded_).substr(begin);
  if (size) part.transfer_encoding = {};
}

// The parts of one multipart body, which ends with its closing delimiter and has one part at least.
Result<Unit> Parts::add(std::string_view content_type, std::string_view body, std::size_t depth) {
  if (depth > kPartDepthMax) return Error{Code::TooMany, "sip.part_depth"};
  const std::size_t semicolon = content_type.find(';');
  if (semicolon == std::string_view::npos) return syntax();
  const std::string_view boundary = find_parameter(content_type.substr(semicolon), "boundary").value;
  if (!is_boundary(boundary)) return syntax();
  const std::size_t before = count_;
  const char* part_begin = nullptr;  // null: in the preamble
  std::string_view rest = body;
  while (!rest.empty()) {
    const void* found = std::memchr(rest.data(), '\n', rest.size());
    const std::size_t size =
        found == nullptr ? rest.size() : static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()) + 1;
    std::string_view line = rest.substr(0, size);
    if (line.ends_with('\n')) line.remove_suffix(1);
    const Delimiter delimiter = delimiter_of(line, boundary);
    if (delimiter != Delimiter::None) {
      if (part_begin != nullptr) {
        CLAVIGER_TRY(part, read_part({part_begin, static_cast<std::size_t>(rest.data() - part_begin)}));
        // The CRLF in front of a delimiter belongs to it.
        if (part.body.ends_with("\r\n")) part.body.remove_suffix(2);
        if (is_multipart(part.content_type)) {
          if (!is_identity(part.transfer_encoding)) return Error{Code::ContentUnsupported, kTransferEncoding};
          CLAVIGER_TRY(inner, add(part.content_type, part.body, depth + 1));
        } else {
          CLAVIGER_TRY(kept, keep(part));
        }
      }
      if (delimiter == Delimiter::Closing) return count_ == before ? Result<Unit>(syntax()) : Result<Unit>(Unit{});
      if (found == nullptr) return syntax();
      part_begin = rest.data() + size;
    }
    rest.remove_prefix(size);
  }
  return syntax();
}

const Part* Parts::find(std::string_view media_type) const {
  for (const Part& part : *this) {
    if (equals_ignoring_case(part.media_type(), media_type)) return &part;
  }
  return nullptr;
}

std::size_t Parts::count(std::string_view media_type) const {
  std::size_t found = 0;
  for (const Part& part : *this) found += equals_ignoring_case(part.media_type(), media_type) ? 1U : 0U;
  return found;
}

}  // namespace claviger::sip
