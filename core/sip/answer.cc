#include "core/sip/answer.h"

#include "core/sip/name_address.h"
#include "core/sip/request_check.h"
#include "core/sip/scan.h"

namespace claviger::sip {
namespace {

void put(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  // copy: of a value that was folded, with its line ends, which are sound.
  out += value;
  out += "\r\n";
}

bool is_same_host(std::string_view sent_by, std::string_view host) {
  if (sent_by.starts_with('[') && sent_by.ends_with(']')) sent_by = sent_by.substr(1, sent_by.size() - 2);
  return equals_ignoring_case(sent_by, host);
}

// received where the source differs from sent-by, the port where it was asked for.
void put_first_via(std::string& out, std::string_view value, const Source& source) {
  std::string_view rest;
  const auto via = parse_first_via(value, &rest);
  if (!via || source.host.empty()) return put(out, "Via", value);
  std::string text(via->text);
  if (via->wants_rport) {
    const std::size_t offset = static_cast<std::size_t>(via->parameters.data() - via->text.data());
    for (std::size_t at = offset; at + 5 <= text.size(); ++at) {
      if (!equals_ignoring_case(std::string_view(text).substr(at, 5), "rport")) continue;
      const char before = text[at - 1];
      const char behind = at + 5 < text.size() ? text[at + 5] : ';';
      if ((before != ';' && !has_class(before, kIsSpace)) || (behind != ';' && !has_class(behind, kIsSpace))) continue;
      text.insert(at + 5, "=" + std::to_string(source.port));
      break;
    }
  }
  // RFC 3581 clause 4: with rport, received is always there.
  const bool says_received = find_parameter(via->parameters, "received").is_present;
  if (!says_received && (via->wants_rport || !is_same_host(via->host, source.host))) text += ";received=" + source.host;
  if (!rest.empty()) {
    text += ", ";
    text += rest;
  }
  put(out, "Via", text);
}

}  // namespace

std::string write_response(const Message& request, const Response& response, const Source& source,
                           std::string_view default_to_tag) {
  std::string out;
  out.reserve(768 + response.body.size());
  out += "SIP/2.0 ";
  out += std::to_string(response.status);
  out += ' ';
  out += response.reason.empty() ? reason_of(response.status) : std::string_view(response.reason);
  out += "\r\n";
  bool is_first = true;
  request.for_each(HeaderId::Via, [&](std::string_view value) {
    if (is_first)
      put_first_via(out, value, source);
    else
      put(out, "Via", value);
    is_first = false;
  });
  if (request.has(HeaderId::From)) put(out, "From", request.value(HeaderId::From));
  if (request.has(HeaderId::To)) {
    std::string to(request.value(HeaderId::To));
    if (response.status > 100 && request.tag(HeaderId::To).empty() && parse_name_address(to)) {
      to += ";tag=";
      to += response.to_tag.empty() ? default_to_tag : std::string_view(response.to_tag);
    }
    put(out, "To", to);
  }
  if (request.has(HeaderId::CallId)) put(out, "Call-ID", request.value(HeaderId::CallId));
  if (request.has(HeaderId::CSeq)) put(out, "CSeq", request.value(HeaderId::CSeq));
  if (response.status >= 200 && response.status < 300 && request.method() == Method::Subscribe) {
    request.for_each(HeaderId::RecordRoute, [&](std::string_view value) { put(out, "Record-Route", value); });
  }
  for (const Header& header : response.headers) put(out, header.name, header.value);
  if (!response.content_type.empty()) put(out, "Content-Type", response.content_type);
  put(out, "Content-Length", std::to_string(response.body.size()));
  out += "\r\n";
  out += response.body;
  return out;
}

std::string unfolded(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (c == '\r' || c == '\n') continue;
    out += c == '\t' ? ' ' : c;
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace claviger::sip
