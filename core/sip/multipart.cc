#include "core/sip/multipart.h"

#include <cstring>

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

}  // namespace

std::string_view Part::media_type() const { return trim(content_type.substr(0, content_type.find(';'))); }

bool is_multipart(std::string_view content_type) {
  return content_type.size() > 10 && equals_ignoring_case(content_type.substr(0, 10), "multipart/");
}

Result<Parts> Parts::of(std::string_view content_type, std::string_view body) {
  Parts parts;
  if (!is_multipart(content_type)) {
    parts.parts_[0].content_type = content_type;
    parts.parts_[0].body = body;
    parts.count_ = 1;
    return parts;
  }
  CLAVIGER_TRY(added, parts.add(content_type, body, 1));
  return parts;
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
          CLAVIGER_TRY(inner, add(part.content_type, part.body, depth + 1));
        } else {
          if (count_ == kPartsMax) return Error{Code::TooMany, "sip.parts"};
          parts_[count_++] = part;
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
