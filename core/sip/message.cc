#include "core/sip/message.h"

#include <cstring>

#include "core/sip/name_address.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::sip {
namespace {

constexpr std::array<std::string_view, 15> kMethods = {"REGISTER", "PUBLISH", "SUBSCRIBE", "NOTIFY", "OPTIONS",
                                                       "MESSAGE",  "INVITE",  "ACK",       "BYE",    "CANCEL",
                                                       "INFO",     "UPDATE",  "PRACK",     "REFER",  "?"};

Error syntax(std::string_view where) { return {Code::SipSyntax, where}; }

Method method_of(std::string_view name) {
  for (std::size_t i = 0; i + 1 < kMethods.size(); ++i) {
    if (kMethods[i] == name) return static_cast<Method>(i);
  }
  return Method::Other;
}

// Any byte below space, eight at a time.
bool has_control(std::string_view line) {
  constexpr std::uint64_t kSpaces = 0x2020202020202020ULL;
  constexpr std::uint64_t kTops = 0x8080808080808080ULL;
  std::size_t i = 0;
  for (; i + 8 <= line.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, line.data() + i, 8);
    if (((word - kSpaces) & ~word & kTops) != 0) return true;
  }
  for (; i < line.size(); ++i) {
    if (static_cast<unsigned char>(line[i]) < 0x20) return true;
  }
  return false;
}

// Control characters are tabs, or stand behind a backslash in a quoted string (RFC 3261 clause 25.1, quoted-pair).
bool are_controls_sound(std::string_view line) {
  bool is_quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (is_quoted && c == '\\') {
      ++i;
      if (i < line.size() && (line[i] == '\r' || line[i] == '\n')) return false;
      continue;
    }
    if (c == '"') is_quoted = !is_quoted;
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') return false;
  }
  return true;
}

// The line at the front without its CRLF; how many bytes it takes with it. A line end is CRLF and nothing else: whoever
// stands in front of us must see the same lines.
struct Line {
  std::string_view text;
  std::size_t size;
};
Result<Line> line_of(std::string_view text) {
  const void* found = std::memchr(text.data(), '\n', text.size());
  if (found == nullptr) return syntax("sip.line");
  const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  if (end == 0 || text[end - 1] != '\r') return syntax("sip.line");
  return Line{text.substr(0, end - 1), end + 1};
}

bool is_version(std::string_view text) { return equals_ignoring_case(text, "SIP/2.0"); }
// "SIP/" 1*DIGIT "." 1*DIGIT
bool is_some_version(std::string_view text) {
  if (text.size() < 7 || !equals_ignoring_case(text.substr(0, 4), "SIP/")) return false;
  const std::string_view number = text.substr(4);
  const std::size_t dot = number.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < number.size() &&
         all_of_class(number.substr(0, dot), kIsDigit) && all_of_class(number.substr(dot + 1), kIsDigit);
}

}  // namespace

std::string_view name_of(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

Result<std::size_t> read_content_length(std::string_view value) {
  const auto length = read_number(value, UINT64_MAX);
  if (!length) return syntax("sip.content_length");
  if (*length > kBodyBytesMax) return Error{Code::TooLarge, "sip.body"};
  return static_cast<std::size_t>(*length);
}

Result<Unit> Message::parse(std::string_view text, Framing framing) {
  text_ = text;
  method_name_ = request_uri_ = reason_ = body_ = {};
  method_ = Method::Other;
  is_request_ = false;
  status_ = 0;
  count_ = 0;
  first_.fill(kNone);

  CLAVIGER_TRY(start, line_of(text));
  // What comes behind an error is read all the same: the answer to it needs Via, From, To, Call-ID and CSeq.
  Result<Unit> outcome = parse_start_line(start.text);
  const auto note = [&outcome](const Result<Unit>& seen) {
    if (!seen && outcome) outcome = seen;
  };
  std::size_t at = start.size;
  for (;;) {
    if (at > kHeaderBytesMax) return Error{Code::TooLarge, "sip.headers"};
    const auto line = line_of(text.substr(at));
    if (!line) {
      note(line.error());
      return outcome;
    }
    at += line->size;
    if (line->text.empty()) break;
    if (has_control(line->text) && !are_controls_sound(line->text)) {
      note(syntax("sip.control"));
    } else if (line->text.front() == ' ' || line->text.front() == '\t') {
      if (count_ == 0) {
        note(syntax("sip.fold"));
        continue;
      }
      // The fold's white space belongs to the value (clause 7.3.1).
      std::string_view& value = headers_[count_ - 1].value;
      const char* const begin = value.empty() ? line->text.data() : value.data();
      value = trim({begin, static_cast<std::size_t>(line->text.data() + line->text.size() - begin)});
    } else {
      note(add_header(line->text));
      if (count_ == kHeadersMax) {
        note(Error{Code::TooMany, "sip.headers"});
        return outcome;
      }
    }
  }
  note(frame_body(text.substr(at), framing));
  return outcome;
}

Result<Unit> Message::parse_start_line(std::string_view line) {
  if (line.size() > kStartLineMax) {
    is_request_ = !equals_ignoring_case(line.substr(0, 4), "SIP/");  // one that gets an answer
    return Error{Code::TooLarge, "sip.start_line"};
  }
  if (has_control(line)) return syntax("sip.start_line");
  if (line.size() > 4 && equals_ignoring_case(line.substr(0, 4), "SIP/")) return parse_status_line(line);
  is_request_ = true;
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return syntax("sip.request_line");
  method_name_ = line.substr(0, first);
  if (!is_token(method_name_)) return syntax("sip.method");
  method_ = method_of(method_name_);
  const std::string_view rest = line.substr(first + 1);
  const std::size_t second = rest.find(' ');
  if (second == std::string_view::npos) return syntax("sip.request_line");
  request_uri_ = rest.substr(0, second);
  const std::string_view version = rest.substr(second + 1);
  if (!is_version(version)) {
    if (is_some_version(version)) return Error{Code::SipVersion, "sip.version"};
    return syntax("sip.request_line");
  }
  return Unit{};
}

Result<Unit> Message::parse_status_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || !is_version(line.substr(0, first))) return syntax("sip.status_line");
  const std::string_view rest = line.substr(first + 1);
  const std::size_t second = rest.find(' ');
  const auto status = read_number(rest.substr(0, second), 699);
  if (!status || *status < 100) return syntax("sip.status");
  status_ = static_cast<std::uint16_t>(*status);
  reason_ = second == std::string_view::npos ? std::string_view() : rest.substr(second + 1);
  return Unit{};
}

Result<Unit> Message::add_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return syntax("sip.header");
  std::string_view name = line.substr(0, colon);
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  const HeaderId id = header_id(name);
  // A name of ours is a token.
  if (id == HeaderId::Other && !is_token(name)) return syntax("sip.header_name");
  headers_[count_] = {id, name, trim(line.substr(colon + 1))};
  std::uint8_t& first = first_[static_cast<std::size_t>(id)];
  if (first == kNone) first = static_cast<std::uint8_t>(count_);
  ++count_;
  return Unit{};
}

Result<Unit> Message::frame_body(std::string_view rest, Framing framing) {
  if (framing == Framing::Embedded) {
    if (rest.size() > kBodyBytesMax) return Error{Code::TooLarge, "sip.body"};
    body_ = rest;
    return Unit{};
  }
  if (!has(HeaderId::ContentLength)) {
    if (framing == Framing::Stream) return Error{Code::SipHeaderMissing, "sip.content_length"};
    if (rest.size() > kBodyBytesMax) return Error{Code::TooLarge, "sip.body"};
    body_ = rest;
    return Unit{};
  }
  if (count(HeaderId::ContentLength) > 1) return Error{Code::SipHeaderRepeated, "sip.content_length"};
  CLAVIGER_TRY(length, read_content_length(value(HeaderId::ContentLength)));
  if (length > rest.size()) return syntax("sip.content_length");
  body_ = rest.substr(0, length);
  return Unit{};
}

std::size_t Message::count(HeaderId id) const {
  std::size_t found = 0;
  for_each(id, [&found](std::string_view) { ++found; });
  return found;
}

Result<CSeq> Message::cseq() const {
  Scanner scanner(value(HeaderId::CSeq));
  const auto number = read_number(scanner.take(kIsDigit), 0x7FFF'FFFF);
  if (!number) return syntax("sip.cseq");
  const bool has_space = !scanner.at_end() && has_class(scanner.peek(), kIsSpace);
  scanner.skip_space();
  const std::string_view method = scanner.take(kIsToken);
  if (!has_space || method.empty() || !scanner.at_end()) return syntax("sip.cseq");
  return CSeq{static_cast<std::uint32_t>(*number), method};
}

std::string_view Message::tag(HeaderId id) const {
  const auto address = parse_name_address(value(id));
  return address ? find_parameter(address->parameters, "tag").value : std::string_view();
}

std::optional<std::uint32_t> Message::expires() const {
  if (!has(HeaderId::Expires)) return std::nullopt;
  const auto number = read_number(value(HeaderId::Expires), UINT32_MAX);
  return number ? static_cast<std::uint32_t>(*number) : UINT32_MAX;
}

std::string_view Message::event() const {
  Scanner scanner(value(HeaderId::Event));
  return scanner.take(kIsToken);
}

std::string_view Message::media_type() const {
  const std::string_view whole = value(HeaderId::ContentType);
  return trim(whole.substr(0, whole.find(';')));
}

}  // namespace claviger::sip
