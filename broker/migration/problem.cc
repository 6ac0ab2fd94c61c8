#include "broker/migration/problem.h"

#include <algorithm>

#include "broker/identity/bearer.h"
#include "broker/migration/system_link.h"
#include "core/codec/json_writer.h"

namespace claviger::migration {
namespace {

struct Row {
  Code code;
  std::uint16_t status;
  std::string_view detail;
};
constexpr Row kRows[] = {
    {Code::NotFound, 404, "There is no such tenant."},
    {Code::BindingUnknown, 404, "There is no such binding."},
    {Code::AgreementUnknown, 404, "There is no agreement with this system."},
    {Code::AgreementEnded, 403, "The agreement is not in force."},
    {Code::NotPermitted, 403, "The client is of no system that we have an agreement with."},
    {Code::MigrationNotAllowed, 403, "The user may not migrate to this system."},
    {Code::ServiceNotAuthorised, 403, "The agreement does not cover this service."},
    {Code::ServiceIdNotListed, 403, "The primary MC service ID is not among those delivered."},
    {Code::UserUnknown, 403, "There is no such user."},
    {Code::ClientUnknown, 401, "The client is not registered any more."},
    {Code::ClientDisabled, 401, "The client is disabled."},
    {Code::BindingTaken, 409, "An identity belongs to another binding."},
    {Code::BindingInactive, 409, "The binding is suspended or revoked."},
    {Code::MigrationQuota, 409, "The agreement allows no more bindings."},
    {Code::IdentitiesExhausted, 409, "No SIP identity is left for users of this system."},
    {Code::Conflict, 409, "Somebody else changed it at the same time."},
    {Code::BindingVersion, 412, "The binding has another version than If-Match says."},
    {Code::BindingInvalid, 422, "The binding is not what the agreement allows."},
    {Code::MediaType, 415, "The content type is not application/json."},
    {Code::BadValue, 400, "The query is malformed."},
    {Code::JsonSyntax, 400, "The body is not JSON."},
    {Code::JsonType, 400, "The body is not what the API describes."},
    {Code::JsonMissing, 400, "A member is missing."},
    {Code::JsonDuplicate, 400, "A member twice."},
    {Code::Utf8Invalid, 400, "The body is not UTF-8."},
    {Code::Empty, 400, "The request has no body."},
    {Code::TooDeep, 400, "The body is not what the API describes."},
    {Code::TooMany, 422, "Too many."},
    {Code::TooLarge, 413, "Too large."},
    {Code::SystemUnknown, 502, "The other system cannot be asked."},
    {Code::Unreachable, 502, "The other system cannot be reached."},
    {Code::TlsFailure, 502, "The other system cannot be reached."},
    {Code::CertificateInvalid, 502, "The other system cannot be reached."},
    {Code::ProtocolError, 502, "The other system cannot be reached."},
    {Code::PeerClosed, 502, "The other system cannot be reached."},
    {Code::Refused, 502, "The other system refuses us."},
    {Code::Overload, 503, "Try again later."},
    {Code::DeadlinePassed, 503, "Try again later."},
    {Code::NoSpace, 503, "Try again later."},
    {Code::Io, 503, "Try again later."},
    {Code::Closed, 503, "Try again later."},
};
constexpr Row kInternal{Code::Internal, 500, "Something went wrong on our side."};

bool is_about_token(Code code) { return name_of(code).starts_with("Token") || name_of(code).starts_with("Bearer"); }

}  // namespace

http::Response refusal(std::string_view tenant, const Error& error) {
  const auto* found = std::ranges::find(kRows, error.code, &Row::code);
  Row row = found == std::end(kRows) ? kInternal : *found;
  http::Response said;
  if (is_about_token(error.code)) {
    said = identity::bearer_error_response(tenant, error, error.code == Code::BearerScope ? kMigrationScope : "");
    row = Row{error.code, said.status, "The access token is missing or not good for this."};
  }
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("type", "about:blank").member("title", http::reason_of(row.status));
  json.member("status", row.status).member("detail", row.detail).member("code", name_of(error.code));
  if (error.code == Code::BindingInvalid) json.member("member", error.where);
  json.end_object();
  http::Response response(row.status, "application/problem+json", std::move(text));
  response.headers = std::move(said.headers);
  if (row.status == 503) response.with("retry-after", "1");
  return response;
}

}  // namespace claviger::migration
