#include "tools/clavigerctl/http_answer.h"

#include <charconv>

namespace claviger::ctl {
namespace {

constexpr Error kMalformed{Code::ProtocolError, "http.answer"};

char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}
bool is_same_name(std::string_view left, std::string_view right_in_lower_case) {
  if (left.size() != right_in_lower_case.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != right_in_lower_case[i]) return false;
  }
  return true;
}
std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}
std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Head {
  HttpAnswer answer;
  std::optional<std::size_t> content_length;
  bool is_chunked = false;
};

Result<Unit> read_status_line(std::string_view line, Head& head) {
  // HTTP/1.1 SP 3DIGIT SP reason
  if (!line.starts_with("HTTP/1.1 ") || line.size() < 12 || (line.size() > 12 && line[12] != ' ')) return kMalformed;
  const auto status = number(line.substr(9, 3), 10);
  if (!status || *status < 100) return kMalformed;
  head.answer.status = static_cast<int>(*status);
  return Unit{};
}

Result<Unit> read_field(std::string_view line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return kMalformed;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = without_blanks(line.substr(colon + 1));
  if (is_same_name(name, "content-length")) {
    const auto length = number(value, 10);
    if (!length || (head.content_length && *head.content_length != *length)) return kMalformed;
    head.content_length = length;
  } else if (is_same_name(name, "transfer-encoding")) {
    if (!is_same_name(value, "chunked") || head.is_chunked) return kMalformed;
    head.is_chunked = true;
  } else if (is_same_name(name, "content-type")) {
    head.answer.content_type = value;
  } else if (is_same_name(name, "connection") && is_same_name(value, "close")) {
    head.answer.must_close = true;
  }
  return Unit{};
}

Result<Head> read_head(std::string_view text) {
  Head head;
  bool is_first = true;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    if (line.find('\n') != std::string_view::npos || line.find('\0') != std::string_view::npos) return kMalformed;
    const auto read = is_first ? read_status_line(line, head) : read_field(line, head);
    if (!read) return read.error();
    is_first = false;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 2);
  }
  if (is_first || (head.is_chunked && head.content_length)) return kMalformed;
  return head;
}

// The length of the chunked body's bytes, or nothing yet. Fills `body`.
Result<std::optional<std::size_t>> read_chunks(std::string_view bytes, std::string& body) {
  std::size_t at = 0;
  for (;;) {  // bounded: each round takes bytes, and the body is bounded
    const std::size_t line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) {
      if (bytes.size() - at > 18) return kMalformed;  // 16 digits and CR LF; no extensions
      return std::optional<std::size_t>();
    }
    const auto size = number(bytes.substr(at, line_end - at), 16);
    if (!size) return kMalformed;
    if (*size > kAnswerBodyBytesMax - body.size()) return Error{Code::TooLarge, "http.answer"};
    at = line_end + 2;
    if (bytes.size() - at < 2 || bytes.size() - at - 2 < *size) return std::optional<std::size_t>();
    if (bytes.substr(at + *size, 2) != "\r\n") return kMalformed;  // the last chunk's too: no trailers
    body.append(bytes.substr(at, *size));
    at += *size + 2;
    if (*size == 0) return std::optional<std::size_t>(at);
  }
}

}  // namespace

Result<std::optional<ScannedAnswer>> scan_answer(std::string_view bytes) {
  const std::size_t head_end = bytes.substr(0, kAnswerHeadBytesMax).find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    if (bytes.size() >= kAnswerHeadBytesMax) return Error{Code::HeaderTooLarge, "http.answer"};
    return std::optional<ScannedAnswer>();
  }
  CLAVIGER_TRY(head, read_head(bytes.substr(0, head_end)));
  ScannedAnswer scanned{std::move(head.answer), head_end + 4};
  if (head.is_chunked) {
    CLAVIGER_TRY(length, read_chunks(bytes.substr(scanned.consumed), scanned.answer.body));
    if (!length) return std::optional<ScannedAnswer>();
    scanned.consumed += *length;
    return std::optional<ScannedAnswer>(std::move(scanned));
  }
  const std::size_t length = head.content_length.value_or(0);
  if (!head.content_length && scanned.answer.status != 204) return kMalformed;
  if (length > kAnswerBodyBytesMax) return Error{Code::TooLarge, "http.answer"};
  if (bytes.size() - scanned.consumed < length) return std::optional<ScannedAnswer>();
  scanned.answer.body = bytes.substr(scanned.consumed, length);
  scanned.consumed += length;
  return std::optional<ScannedAnswer>(std::move(scanned));
}

}  // namespace claviger::ctl
