#include "broker/configuration/xcap_error.h"

#include <algorithm>
#include <iterator>

#include "broker/configuration/xml_tree.h"
#include "broker/identity/bearer.h"
#include "core/http/problem.h"

namespace claviger::configuration {
namespace {

constexpr std::string_view kErrorType = "application/xcap-error+xml";

struct FaultRow {
  Code code;
  std::string_view element;
};
constexpr FaultRow kFaults[] = {
    {Code::XmlSyntax, "not-well-formed"},
    {Code::XmlDoctype, "not-well-formed"},
    {Code::XmlTooLarge, "not-well-formed"},
    {Code::XcapUtf8, "not-utf-8"},
    {Code::DocumentInvalid, "schema-validation-error"},
    {Code::XcapConstraint, "constraint-failure"},
    {Code::XcapNoParent, "no-parent"},
    {Code::XcapCannotInsert, "cannot-insert"},
    {Code::XcapCannotDelete, "cannot-delete"},
    {Code::BadValue, "not-xml-att-value"},
    {Code::XcapUniqueness, "uniqueness-failure"},
};

struct ErrorRow {
  Code code;
  std::uint16_t status;
  std::string_view detail;
};
constexpr ErrorRow kErrors[] = {
    {Code::NotFound, 404, "There is no such tenant."},
    {Code::DocumentUnknown, 404, "There is no such document, or no such part of it."},
    {Code::ProfileUnknown, 404, "There is no such profile."},
    {Code::UriPathInvalid, 404, "This is not the name of a document."},
    {Code::XcapSelector, 400, "This is not a node selector, or its query does not bind a prefix."},
    {Code::ParameterMalformed, 400, "A parameter is not right."},
    {Code::ProfileOfAnother, 403, "The document is another user's."},
    {Code::TokenIdentity, 403, "The token has no identity for this service."},
    {Code::TokenAudience, 403, "The token is for another server."},
    {Code::NotPermitted, 403, "A user does not change this himself."},
    {Code::MethodNotAllowed, 405, ""},
    {Code::EntityTagDiffers, 412, "The document is not in the state that the request names."},
    {Code::TooLarge, 413, "The document is too large."},
    {Code::TooMany, 413, "More than this interface takes at once."},
    {Code::MediaType, 415, "The content type is not that of the document, element or attribute."},
    {Code::Overload, 503, "Try again later."},
    {Code::DeadlinePassed, 503, "Try again later."},
    {Code::NoSpace, 503, "Try again later."},
    {Code::Io, 503, "Try again later."},
    {Code::Closed, 503, "Try again later."},
    {Code::Conflict, 503, "Try again later."},
};

bool is_about_token(Code code) { return name_of(code).starts_with("Token") || name_of(code).starts_with("Bearer"); }

}  // namespace

http::Response fault_response(const XcapFault& fault, std::string_view ancestor) {
  if (fault.code == Code::DocumentUnknown) return http::problem(404, fault.phrase);
  const auto* row = std::ranges::find(kFaults, fault.code, &FaultRow::code);
  const std::string_view element = row == std::end(kFaults) ? std::string_view("extension") : row->element;
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text.append("<xcap-error xmlns=\"urn:ietf:params:xml:ns:xcap-error\"><").append(element);
  // Clauses 11.2.1 to 11.2.12: most have a phrase; no-parent and uniqueness-failure have children.
  if (!fault.phrase.empty()) text.append(" phrase=\"").append(escaped(fault.phrase)).append("\"");
  if (fault.code == Code::XcapNoParent && !ancestor.empty()) {
    text.append("><ancestor>").append(escaped(ancestor)).append("</ancestor></").append(element).append(">");
  } else if (!fault.field.empty()) {
    text.append("><exists field=\"").append(escaped(fault.field)).append("\"/></").append(element).append(">");
  } else {
    text.append("/>");
  }
  text.append("</xcap-error>\n");
  return http::Response(409, kErrorType, std::move(text));
}

http::Response error_response(std::string_view tenant, const Error& error, std::string_view scope) {
  const auto* row = std::ranges::find(kErrors, error.code, &ErrorRow::code);
  if (row == std::end(kErrors) && is_about_token(error.code)) {
    http::Response said = identity::bearer_error_response(tenant, error, error.code == Code::BearerScope ? scope : "");
    // TS 24.482 clause A.2.3: a request without a token is not authorised; with one that is not valid, RFC 6750 speaks.
    if (error.code == Code::BearerMissing) said.status = 403;
    return said;
  }
  const std::uint16_t status = row == std::end(kErrors) ? std::uint16_t{500} : row->status;
  http::Response response = http::problem(status, row == std::end(kErrors) ? std::string_view() : row->detail);
  if (status == 503) response.with("retry-after", "1");
  return response;
}

}  // namespace claviger::configuration
