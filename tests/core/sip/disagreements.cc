#include "tests/core/sip/disagreements.h"

#include <memory>
#include <string>

#include "core/sip/message.h"
#include "core/sip/name_address.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::sip {
namespace {

// The message with those of its headers alone that `keeps` says.
template <typename Keeps>
std::string reduced(std::string_view text, const Message& message, Keeps keeps) {
  std::string out(text.substr(0, text.find("\r\n") + 2));
  for (std::size_t i = 0; i < message.header_count(); ++i) {
    const HeaderView& header = message.header(i);
    if (!keeps(header.id)) continue;
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  return out.append("\r\n").append(message.body());
}

bool somebody_takes(std::string_view text) { return read_by_osip(text).is_taken || read_by_sofia(text).is_taken; }

// White space in one way of many, tabs and folds as spaces; quoted pairs with something visible.
std::string made_plain(std::string_view text, const Message& message) {
  std::string out = reduced(text, message, [](HeaderId) { return true; });
  const std::size_t end = out.size() - message.body().size() - 2;
  for (std::size_t i = out.find("\r\n") + 2; i < end; ++i) {
    if (out[i] == '\\') out[++i] = '\\';
    if (out[i] == '\t') out[i] = ' ';
    if (out[i] == '\r' && i + 2 < end && (out[i + 2] == ' ' || out[i + 2] == '\t')) out[i] = out[i + 1] = ' ';
  }
  return out;
}

// Whatever its event or method: of a response these alone.
bool is_read_in_responses(HeaderId id) {
  return id == HeaderId::Via || id == HeaderId::From || id == HeaderId::To || id == HeaderId::CallId ||
         id == HeaderId::CSeq || id == HeaderId::ContentLength;
}
// Without what is clamped when it cannot be read.
bool is_checked_in_requests(HeaderId id) {
  return is_read_in_responses(id) || id == HeaderId::MaxForwards || id == HeaderId::Event || id == HeaderId::Route ||
         id == HeaderId::RecordRoute || id == HeaderId::Path || id == HeaderId::PAssertedIdentity ||
         id == HeaderId::Contact || id == HeaderId::ContentType;
}

template <typename Applies>
bool any_uri(const Message& message, Applies applies) {
  bool found = false;
  for (const HeaderId id : {HeaderId::From, HeaderId::To, HeaderId::Contact, HeaderId::Route, HeaderId::RecordRoute,
                            HeaderId::Path, HeaderId::PAssertedIdentity}) {
    message.for_each(id, [&](std::string_view value) {
      NameAddresses addresses(value);
      while (auto next = addresses.next()) {
        if (!*next) return;
        const auto uri = parse_uri((*next)->uri);
        found = found || (uri && applies(*uri));
      }
    });
  }
  const auto target = parse_uri(message.request_uri());
  return found || (target && applies(*target));
}

bool is_word(std::string_view text) {
  for (const char c : text) {
    if (!has_class(c, kIsToken) && std::string_view("()<>:\\\"/[]?{}").find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}
bool is_call_id_of_the_grammar(std::string_view id) {
  const std::size_t at = id.find('@');
  return is_word(id.substr(0, at)) && (at == std::string_view::npos || is_word(id.substr(at + 1)));
}

}  // namespace

std::string_view reason_to_take(std::string_view text) {
  const auto message = std::make_unique<Message>();
  if (!message->parse(text, Framing::Datagram)) return {};
  if (somebody_takes(made_plain(text, *message)))
    return "white space is spaces, tabs and folds, as many as one likes; a quoted pair may have any character";
  if (!message->is_request()) {
    if (somebody_takes(reduced(text, *message, is_read_in_responses)))
      return "of a response we read Via, From, To, Call-ID, CSeq and Content-Length";
  } else if (somebody_takes(reduced(text, *message, is_checked_in_requests))) {
    return "headers that we do not read may say anything, and a lifetime that cannot be read is the longest (RFC 3903 "
           "clause 4)";
  }
  if (message->is_request() && somebody_takes(reduced(text, *message, [](HeaderId id) {
        return is_checked_in_requests(id) && id != HeaderId::ContentType;
      })))
    return "of a media type the parameters are read by whoever needs one";
  if (!is_call_id_of_the_grammar(message->value(HeaderId::CallId))) return "a Call-ID is compared, never taken apart";
  if (any_uri(*message, [](const UriView& uri) { return !uri.is_sip; }))
    return "a URI of another scheme is not taken apart";
  return {};
}

std::string_view reason_to_refuse(std::string_view where) {
  struct Refusal {
    std::string_view where, reason;
  };
  static constexpr Refusal kRefusals[] = {
      {"sip.address", "an address is what clause 25.1 of RFC 3261 says: no bare angle, no quote within a word"},
      {"sip.call_id", "a Call-ID has no white space, comma or semicolon: it goes into keys and into answers"},
      {"sip.content_length", "a length is digits and not more than there is (RFC 4475 clauses 3.1.2.2, 3.1.2.3)"},
      {"sip.control", "control characters are for quoted pairs: what stands behind us may end a line there"},
      {"sip.cseq", "CSeq is a number below 2^31 and a method (clause 8.1.1.5)"},
      {"sip.event", "an event is a token and parameters (RFC 6665 clause 8.4)"},
      {"sip.content_type", "a media type is two tokens"},
      {"sip.fold", "there is nothing that the first line could continue"},
      {"sip.header", "a header has a colon"},
      {"sip.header_name", "a header's name is a token: anything else is hidden from somebody"},
      {"sip.line", "a line ends with CRLF, and the headers with an empty one: everybody must see the same lines"},
      {"sip.max_forwards", "at most 255 (clause 20.22)"},
      {"sip.method", "a method is a token"},
      {"sip.parameters", "parameters are tokens"},
      {"sip.request_line", "one space each, and the version last (RFC 4475 clauses 3.1.2.8, 3.1.2.9)"},
      {"sip.request_uri", "a request goes to sip, sips or tel, without headers (RFC 4475 clauses 3.1.2.11, 3.3.2)"},
      {"sip.start_line", "no control characters in the first line"},
      {"sip.status", "three digits, 100 to 699"},
      {"sip.status_line", "the version first"},
      {"sip.uri", "a URI has the characters that clause 25.1 gives it, and a port has a number"},
      {"sip.version", "SIP/2.0 and nothing else (RFC 4475 clause 3.1.2.16)"},
      {"sip.via", "Via decides where answers go: it is read to its end"},
      {"sip.route", "a route is in angles (clause 20.34)"},
  };
  for (const Refusal& each : kRefusals) {
    if (each.where == where) return each.reason;
  }
  return {};
}

}  // namespace claviger::sip
