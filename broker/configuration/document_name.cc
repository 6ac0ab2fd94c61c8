#include "broker/configuration/document_name.h"

#include <algorithm>
#include <array>
#include <span>

#include "broker/record_key.h"
#include "core/codec/percent.h"
#include "core/codec/utf8.h"

namespace claviger::configuration {
namespace {

constexpr std::string_view kMark = "~~";

// Of nearly every path all of it.
bool is_plain(std::string_view text) {
  unsigned char all = 0;
  for (const char character : text) all = static_cast<unsigned char>(all | static_cast<unsigned char>(character));
  return all < 0x80 && text.find('%') == std::string_view::npos && text.find('\0') == std::string_view::npos;
}

Result<std::string> decoded(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string out(text.size(), '\0');
  const auto size = codec::percent_decode(text, codec::Plus::Literal, std::as_writable_bytes(std::span(out)));
  if (!size || !codec::is_utf8(std::string_view(out).substr(0, *size))) return Error{Code::UriPathInvalid, "xcap.path"};
  out.resize(*size);
  return out;
}

// A name in a path: nothing that means something to whoever puts names together again.
bool is_name(std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char character) {
    const auto octet = static_cast<unsigned char>(character);
    return octet > 0x20 && octet != 0x7F && character != '/' && character != '\\';
  });
  return is_plain && !text.empty() && text.size() <= kNameBytesMax && text != "." && text != ".." && text != kMark;
}

void lower(std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
  }
}

// A path's own characters stay (RFC 3986 clause 3.3 pchar).
void append_segment(std::string_view text, std::string& out) {
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@";
  for (const char character : text) {
    const bool is_alnum = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
                          (character >= '0' && character <= '9');
    if (is_alnum || kPlain.find(character) != std::string_view::npos) {
      out += character;
    } else {
      codec::percent_encode(std::string_view(&character, 1), out);
    }
  }
}

// Half of the mark between a document and a selector, as it is or percent-encoded.
bool take_tilde(std::string_view& text) {
  for (const std::string_view spelling : {"~", "%7E", "%7e"}) {
    if (!text.starts_with(spelling)) continue;
    text.remove_prefix(spelling.size());
    return true;
  }
  return false;
}

// In place: a name is canonical for nearly everybody, and asked for with every request.
void make_canonical(std::string& xui) {
  const std::size_t colon = xui.find(':');
  if (colon == std::string::npos) return;
  const std::string_view scheme = std::string_view(xui).substr(0, colon);
  const auto is = [scheme](std::string_view known) {
    // Of letters alone: the bit that tells their case apart.
    return std::ranges::equal(scheme, known, [](char one, char other) { return (one | 0x20) == other; });
  };
  const bool is_tel = is("tel");
  if (!is_tel && !is("sip") && !is("sips")) return;
  lower(xui, 0, colon);
  const std::size_t at = xui.rfind('@');
  if (!is_tel && at != std::string::npos && at > colon) lower(xui, at, xui.size());
}

// An organisation's folder at most: beyond these there is no document.
constexpr std::size_t kSegmentsMax = 4;

Result<DocumentName> name_of_segments(std::span<std::string> segments) {
  constexpr Error kInvalid{Code::UriPathInvalid, "xcap.document"};
  if (segments.size() < 3 || !std::ranges::all_of(segments, is_name)) return kInvalid;
  DocumentName name;
  name.auid = std::move(segments[0]);
  const bool is_global = segments[1] == "global";
  if (!is_global && segments[1] != "users") return kInvalid;
  if (!is_global) {
    if (segments.size() != kSegmentsMax) return kInvalid;
    name.xui = std::move(segments[2]);
    make_canonical(name.xui);
    name.name = std::move(segments[3]);
    return name;
  }
  name.tree = Tree::Global;
  name.name = std::move(segments[2]);
  if (segments.size() == kSegmentsMax) name.name.append(1, '/').append(segments[3]);
  return name;
}

Result<std::vector<std::pair<std::string, std::string>>> read_prefixes(std::string_view query) {
  constexpr Error kInvalid{Code::XcapSelector, "xcap.query"};
  std::vector<std::pair<std::string, std::string>> prefixes;
  if (query.empty()) return prefixes;
  const auto text = decoded(query);
  if (!text) return kInvalid;
  std::string_view rest = *text;
  // xmlns(prefix=uri), any number of them; other pointer schemes are not ours to understand (RFC 4825 clause 6.4).
  while (!rest.empty()) {
    if (!rest.starts_with("xmlns(")) return kInvalid;
    const std::size_t close = rest.find(')');
    const std::size_t equals = rest.find('=');
    if (close == std::string_view::npos || equals > close || equals == 6) return kInvalid;
    if (prefixes.size() == kSelectorPrefixesMax) return kInvalid;
    prefixes.emplace_back(rest.substr(6, equals - 6), rest.substr(equals + 1, close - equals - 1));
    rest.remove_prefix(close + 1);
  }
  return prefixes;
}

}  // namespace

std::string canonical_xui(std::string_view xui) {
  std::string canonical(xui);
  make_canonical(canonical);
  return canonical;
}

Result<DocumentName> read_document_name(std::string_view selector) {
  std::array<std::string, kSegmentsMax> segments;
  while (selector.starts_with('/')) selector.remove_prefix(1);
  for (std::size_t count = 0; count < kSegmentsMax;) {
    const std::size_t slash = selector.find('/');
    CLAVIGER_TRY(segment, decoded(selector.substr(0, slash)));
    segments[count++] = std::move(segment);
    if (slash == std::string_view::npos) return name_of_segments(std::span(segments).first(count));
    selector.remove_prefix(slash + 1);
  }
  return Error{Code::UriPathInvalid, "xcap.document"};
}

Result<XcapTarget> read_xcap_target(std::string_view rest, std::string_view query) {
  if (rest.size() > kTargetBytesMax || query.size() > kTargetBytesMax) {
    return Error{Code::UriPathInvalid, "xcap.length"};
  }
  XcapTarget target;
  std::string_view document = rest;
  // Most have none: then no slash is looked behind.
  const bool may_have_selector = !is_plain(rest) || rest.find('~') != std::string_view::npos;
  for (std::size_t slash = may_have_selector ? rest.find('/') : std::string_view::npos; slash != std::string_view::npos;
       slash = rest.find('/', slash + 1)) {
    std::string_view behind = rest.substr(slash + 1);
    if (!take_tilde(behind) || !take_tilde(behind) || (!behind.empty() && !behind.starts_with('/'))) continue;
    document = rest.substr(0, slash);
    CLAVIGER_TRY(selector, decoded(behind.empty() ? behind : behind.substr(1)));
    target.selector = std::move(selector);
    target.has_selector = true;
    break;
  }
  CLAVIGER_TRY(name, read_document_name(document));
  target.document = std::move(name);
  CLAVIGER_TRY(prefixes, read_prefixes(query));
  target.prefixes = std::move(prefixes);
  return target;
}

std::string selector_of(const DocumentName& name) {
  std::string out;
  append_segment(name.auid, out);
  out += name.tree == Tree::Global ? "/global" : "/users";
  if (name.tree == Tree::Users) append_segment(name.xui, out += '/');
  std::string_view rest = name.name;
  for (;;) {
    const std::size_t slash = rest.find('/');
    append_segment(rest.substr(0, slash), out += '/');
    if (slash == std::string_view::npos) return out;
    rest.remove_prefix(slash + 1);
  }
}

std::optional<Application> application_of(const DocumentName& name) {
  auto application = find_application(name.auid);
  if (application && application->is_val && name.name.starts_with(kValUePrefix)) application = val_ue_usage(name.auid);
  if (!application || application->tree != name.tree) return std::nullopt;
  return application;
}

std::string document_key(std::string_view tenant, const DocumentName& name) {
  return broker::record_key({tenant, name.auid, name.tree == Tree::Global ? "global" : "users", name.xui, name.name});
}
std::string user_prefix(std::string_view tenant, std::string_view auid, std::string_view xui) {
  return broker::record_prefix({tenant, auid, "users", xui});
}
std::string history_prefix(std::string_view tenant, const DocumentName& name) {
  return document_key(tenant, name) + '\0';
}

Result<DocumentName> document_name_of(std::string_view key) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = key.find('\0');
    parts.push_back(key.substr(0, end));
    if (end == std::string_view::npos) break;
    key.remove_prefix(end + 1);
  }
  if (parts.size() < 5) return Error{Code::Corrupt, "document.key"};
  DocumentName name;
  name.auid = parts[1];
  name.tree = parts[2] == "global" ? Tree::Global : Tree::Users;
  name.xui = parts[3];
  name.name = parts[4];
  return name;
}

}  // namespace claviger::configuration
