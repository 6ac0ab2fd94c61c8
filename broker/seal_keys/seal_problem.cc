#include "broker/seal_keys/seal_problem.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "broker/identity/bearer.h"
#include "broker/identity/val_identity.h"
#include "core/codec/json_writer.h"
#include "core/http/accept.h"

namespace claviger::seal_keys {
namespace {

struct Row {
  Code code;
  std::uint16_t status;
  std::uint16_t error_code;  // of SEAL KM and KP
  std::string_view cause;
  std::string_view detail;
};
// The numbers follow those of the KMS interface (broker/keys): 10xx the request, 11xx who asks, 12xx what for, 14xx us.
constexpr Row kRows[] = {
    {Code::NotFound, 404, 1201, "", "There is no such tenant."},
    {Code::ServiceKeyUnknown, 404, 1201, "SERVICE_KEY_NOT_FOUND", "There is no key for this service and target."},
    {Code::ServiceKeyRevoked, 404, 1203, "SERVICE_KEY_NOT_FOUND", "There is no key for this service and target."},
    {Code::ServiceKeyDenied, 403, 1102, "SERVICE_NOT_ALLOWED",
     "The caller may not have keys of this service and target."},
    {Code::SKeyProvMissing, 403, 1102, "SKEYPROV_MISSING", "The access token has no SKeyProv claim for this service."},
    {Code::CapifScope, 403, 1102, "INVOKER_NOT_AUTHORIZED", "The token's scope does not name this AEF and ss-kir."},
    {Code::InvokerUnknown, 403, 1102, "INVOKER_NOT_AUTHORIZED",
     "The core function does not trust the caller with this AEF."},
    {Code::NotPermitted, 403, 1102, "CLIENT_NOT_ALLOWED", "The client has nothing to do with VAL services."},
    {Code::AcceptExcludes, 406, 1301, "", "The answer is application/json."},
    {Code::MediaType, 415, 1301, "", "The content type is application/json."},
    {Code::Empty, 411, 1301, "", "The request has no body."},
    {Code::TooLarge, 413, 1301, "", "The request is too large."},
    {Code::BadValue, 400, 1001, "MANDATORY_IE_INCORRECT", "A value is not allowed."},
    {Code::Conflict, 409, 1204, "", "Somebody else changed it at the same time: try again."},
    {Code::Duplicate, 409, 1204, "", "There is one already."},
    {Code::TooMany, 429, 1401, "", "Too many requests."},
    {Code::Overload, 503, 1402, "", "Try again later."},
    {Code::DeadlinePassed, 503, 1402, "", "Try again later."},
    {Code::NoSpace, 503, 1402, "", "Try again later."},
    {Code::Io, 503, 1402, "", "Try again later."},
    {Code::Closed, 503, 1402, "", "Try again later."},
    {Code::PartnerKeysMissing, 503, 1402, "", "The keys of the CAPIF core function are not there."},
};
constexpr Row kInternal{Code::Internal, 500, 1400, "SYSTEM_FAILURE", "Something went wrong on our side."};

http::Response problem(const Row& row, const QueryFault* fault = nullptr) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("type", "about:blank").member("title", http::reason_of(row.status));
  json.member("status", row.status).member("detail", row.detail);
  if (!row.cause.empty()) json.member("cause", row.cause);
  if (fault != nullptr) {
    json.name("invalidParams").begin_array().begin_object();
    json.member("param", fault->param).member("reason", fault->reason).end_object().end_array();
  }
  json.member("errorCode", row.error_code).end_object();
  http::Response response(row.status, kProblem, std::move(text));
  if (row.status == 503 || row.status == 429) response.with("retry-after", "1");
  return response;
}

bool is_about_token(Code code) { return name_of(code).starts_with("Token") || name_of(code).starts_with("Bearer"); }

}  // namespace

http::Response refusal(const Error& error) {
  const auto* row = std::ranges::find(kRows, error.code, &Row::code);
  return problem(row == std::end(kRows) ? kInternal : *row);
}

http::Response fault_refusal(const QueryFault& fault) {
  constexpr Row kMissing{Code::BadValue, 400, 1001, "MANDATORY_QUERY_PARAM_MISSING", "A parameter is missing."};
  constexpr Row kIncorrect{Code::BadValue, 400, 1001, "MANDATORY_QUERY_PARAM_INCORRECT", "A parameter is not right."};
  constexpr Row kFormat{Code::BadValue, 400, 1001, "INVALID_MSG_FORMAT", "The body is not JSON."};
  constexpr Row kMember{Code::BadValue, 400, 1001, "MANDATORY_IE_INCORRECT", "A member is not right."};
  constexpr Row kMemberMissing{Code::BadValue, 400, 1001, "MANDATORY_IE_MISSING", "A member is missing."};
  const bool is_missing = fault.reason == kIsMissing;
  if (fault.param == "body") return problem(kFormat, &fault);
  if (fault.param.starts_with('/')) return problem(is_missing ? kMemberMissing : kMember, &fault);
  return problem(is_missing ? kMissing : kIncorrect, &fault);
}

http::Response caller_refusal(std::string_view tenant, const Error& error) {
  // Revoked, or of another invoker than its certificate says: the token is good for nothing (TS 33.122 clause C.5).
  const bool is_invoker = error.code == Code::InvokerRevoked || error.code == Code::InvokerDiffers;
  // Nor is the token of a client that is gone or disabled: a 401 comes with a challenge (RFC 9110 clause 15.5.2).
  const bool is_client = error.code == Code::ClientUnknown || error.code == Code::ClientDisabled;
  const Error said_of = is_invoker || is_client ? Error{Code::TokenRevoked, error.where} : error;
  if (!is_about_token(said_of.code)) return refusal(error);
  const bool is_scope = said_of.code == Code::BearerScope;
  http::Response said = identity::bearer_error_response(tenant, said_of, is_scope ? identity::kSealKeyScope : "");
  // Spec row 21: what is no token at all is a bad token here, not a bad request.
  const bool is_denied = said.status == 403;
  const std::uint16_t error_code = is_denied ? 1102 : 1101;
  const Row row{said_of.code, static_cast<std::uint16_t>(is_denied ? 403 : 401), error_code, "",
                "The access token is missing or not good for this."};
  http::Response response = problem(row);
  response.headers.insert(response.headers.end(), said.headers.begin(), said.headers.end());
  return response;
}

bool accepts_json(const http::Request& request) { return http::accepts(request, {kJson}); }

http::Response policy_refusal(Admission admission) {
  constexpr Row kTooFast{Code::TooMany, 429, 1401, "", "The caller's calls of this second are used up."};
  constexpr Row kQuota{Code::NotPermitted, 403, 1102, "QUOTA_EXCEEDED", "The caller's calls are used up."};
  constexpr Row kHours{Code::NotPermitted, 403, 1102, "INVOCATION_TIME_NOT_ALLOWED", "The caller may not call now."};
  constexpr Row kNoPolicy{Code::NotPermitted, 403, 1102, "INVOKER_NOT_AUTHORIZED",
                          "The core function has no access control policy for the caller."};
  CLAVIGER_ASSERT(admission != Admission::Admitted);
  if (admission == Admission::TooFast) return problem(kTooFast);
  if (admission == Admission::QuotaExceeded) return problem(kQuota);
  return problem(admission == Admission::OutOfHours ? kHours : kNoPolicy);
}

Result<Unit> check_json_body(const http::Request& request) {
  if (!accepts_json(request)) return Error{Code::AcceptExcludes, "accept"};
  return check_json_type(request);
}

Result<Unit> check_json_type(const http::Request& request) {
  const bool is_json = !request.is_repeated(http::Field::ContentType) &&
                       http::is_same_type(http::media_type_of(request.field(http::Field::ContentType)), kJson);
  if (!is_json) return Error{Code::MediaType, "content-type"};
  if (request.body.empty()) return Error{Code::Empty, "body"};
  return Unit{};
}

}  // namespace claviger::seal_keys
