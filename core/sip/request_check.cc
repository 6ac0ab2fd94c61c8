#include "core/sip/request_check.h"

#include "core/sip/name_address.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::sip {
namespace {

Error syntax(std::string_view where) { return {Code::SipSyntax, where}; }

constexpr HeaderId kMandatory[] = {HeaderId::Via, HeaderId::From, HeaderId::To, HeaderId::CallId, HeaderId::CSeq};
// RFC 3261 clause 7.3.1 lets only lists come twice.
constexpr HeaderId kSingle[] = {HeaderId::From,           HeaderId::To,          HeaderId::CallId,
                                HeaderId::CSeq,           HeaderId::MaxForwards, HeaderId::ContentLength,
                                HeaderId::ContentType,    HeaderId::Expires,     HeaderId::Event,
                                HeaderId::SipIfMatch,     HeaderId::SipEtag,     HeaderId::SubscriptionState,
                                HeaderId::MinExpires,     HeaderId::RetryAfter,  HeaderId::ContentTransferEncoding,
                                HeaderId::PChargingVector};
constexpr HeaderId kAddressLists[] = {HeaderId::Route, HeaderId::RecordRoute, HeaderId::Path,
                                      HeaderId::PAssertedIdentity};

Result<Unit> check_addresses(std::string_view value, bool must_be_bracketed) {
  NameAddresses addresses(value);
  while (auto next = addresses.next()) {
    if (!*next) return next->error();
    if (must_be_bracketed && !(*next)->is_bracketed) return syntax("sip.route");
  }
  return Unit{};
}

Result<Unit> check_vias(const Message& message) {
  Result<Unit> outcome = Unit{};
  message.for_each(HeaderId::Via, [&outcome](std::string_view value) {
    std::string_view rest = value;
    do {
      const auto via = parse_first_via(rest, &rest);
      if (!via) {
        outcome = via.error();
        return;
      }
    } while (!rest.empty());
  });
  return outcome;
}

bool is_call_id(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == ',' || c == ';') return false;
  }
  return true;
}

bool is_event(std::string_view text) {
  Scanner scanner(text);
  if (scanner.take(kIsToken).empty() || !take_parameters(scanner)) return false;
  scanner.skip_space();
  return scanner.at_end();
}

// type "/" subtype, white space around the slash.
bool is_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_token(trim(text.substr(0, slash))) &&
         is_token(trim(text.substr(slash + 1)));
}

Result<Unit> check_common(const Message& message) {
  for (const HeaderId id : kMandatory) {
    if (!message.has(id)) return Error{Code::SipHeaderMissing, name_of(id)};
  }
  for (const HeaderId id : kSingle) {
    if (message.has(id) && message.count(id) > 1) return Error{Code::SipHeaderRepeated, name_of(id)};
  }
  CLAVIGER_TRY(vias, check_vias(message));
  CLAVIGER_TRY(from, parse_name_address(message.value(HeaderId::From)));
  CLAVIGER_TRY(to, parse_name_address(message.value(HeaderId::To)));
  if (!is_call_id(message.value(HeaderId::CallId))) return syntax("sip.call_id");
  CLAVIGER_TRY(cseq, message.cseq());
  return Unit{};
}

Result<Unit> check_request_uri(std::string_view text) {
  CLAVIGER_TRY(uri, parse_uri(text));
  if (!uri.is_sip && !uri.is_tel) return Error{Code::SipUri, "sip.request_uri"};
  // Headers may stand in Contacts and on web pages, not here (RFC 3261 clause 19.1.1).
  if (!uri.headers.empty()) return syntax("sip.request_uri");
  return Unit{};
}

}  // namespace

Result<Unit> check_request(const Message& request) {
  CLAVIGER_TRY(common, check_common(request));
  CLAVIGER_TRY(uri, check_request_uri(request.request_uri()));
  if (request.cseq()->method != request.method_name()) return syntax("sip.cseq_method");
  if (request.has(HeaderId::MaxForwards) && !read_number(request.value(HeaderId::MaxForwards), 255)) {
    return syntax("sip.max_forwards");
  }
  Result<Unit> outcome = Unit{};
  const auto note = [&outcome](const Result<Unit>& seen) {
    if (!seen && outcome) outcome = seen;
  };
  request.for_each(HeaderId::Contact, [&](std::string_view value) {
    if (value != "*") note(check_addresses(value, false));
  });
  for (const HeaderId id : kAddressLists) {
    const bool must_be_bracketed = id != HeaderId::PAssertedIdentity;
    request.for_each(id, [&](std::string_view value) { note(check_addresses(value, must_be_bracketed)); });
  }
  if (outcome && request.has(HeaderId::Event) && !is_event(request.value(HeaderId::Event))) return syntax("sip.event");
  if (outcome && request.has(HeaderId::ContentType) && !is_media_type(request.media_type()))
    return syntax("sip.content_type");
  return outcome;
}

Result<Unit> check_response(const Message& response) { return check_common(response); }

namespace {

template <typename Visit>
void for_each_item(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view item = trim(list.substr(0, comma));
    if (!item.empty()) visit(trim(item.substr(0, item.find(';'))));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string unsupported_options(const Message& request, std::initializer_list<std::string_view> known) {
  std::string unsupported;
  const auto look = [&](std::string_view tag) {
    for (const std::string_view each : known) {
      if (equals_ignoring_case(each, tag)) return;
    }
    if (!is_token(tag)) return;
    if (!unsupported.empty()) unsupported += ", ";
    unsupported += tag;
  };
  request.for_each(HeaderId::Require, [&](std::string_view value) { for_each_item(value, look); });
  return unsupported;
}

bool list_has(std::string_view list, std::string_view wanted) {
  bool found = false;
  for_each_item(list, [&](std::string_view item) { found = found || equals_ignoring_case(item, wanted); });
  return found;
}

bool accepts(const Message& request, std::string_view media_type) {
  if (!request.has(HeaderId::Accept)) return true;
  const std::string range = std::string(media_type.substr(0, media_type.find('/'))) + "/*";
  bool found = false;
  request.for_each(HeaderId::Accept, [&](std::string_view value) {
    found = found || list_has(value, media_type) || list_has(value, "*/*") || list_has(value, range);
  });
  return found;
}

std::uint16_t status_of(Code code) {
  switch (code) {
    case Code::SipSyntax:
    case Code::SipHeaderMissing:
    case Code::SipHeaderRepeated:
    case Code::TooMany:
      return 400;
    case Code::SipVersion:
      return 505;
    case Code::SipUri:
      return 416;
    case Code::TooLarge:
      return 413;
    case Code::SipTooManyHops:
      return 483;
    case Code::SipLoop:
      return 482;
    case Code::TransactionUnknown:
    case Code::DialogUnknown:
    case Code::SubscriptionUnknown:
      return 481;
    case Code::EventUnsupported:
      return 489;
    case Code::IntervalTooBrief:
      return 423;
    case Code::AcceptExcludes:
      return 406;
    case Code::ContentUnsupported:
      return 415;
    case Code::ExtensionRequired:
      return 420;
    case Code::EntityTagUnknown:
    case Code::PublicationUnknown:
      return 412;
    case Code::NotPermitted:
    case Code::ServiceNotAuthorised:
    case Code::BindingDiffers:
      return 403;
    case Code::NotFound:
    case Code::RegistrationUnknown:
    case Code::RegistrationEnded:
    case Code::ServiceUndefined:
      return 404;
    case Code::RequestSequence:
    case Code::Corrupt:
    case Code::SchemaTooNew:
    case Code::Internal:
      return 500;
    default:
      return 503;
  }
}

std::string_view reason_of(std::uint16_t status) {
  switch (status) {
    case 100:
      return "Trying";
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 412:
      return "Conditional Request Failed";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Unsupported URI Scheme";
    case 420:
      return "Bad Extension";
    case 423:
      return "Interval Too Brief";
    case 480:
      return "Temporarily Unavailable";
    case 481:
      return "Call/Transaction Does Not Exist";
    case 482:
      return "Loop Detected";
    case 483:
      return "Too Many Hops";
    case 489:
      return "Bad Event";
    case 500:
      return "Server Internal Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "Version Not Supported";
    default:
      return "Refused";
  }
}

}  // namespace claviger::sip
