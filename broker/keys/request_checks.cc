#include "broker/keys/request_checks.h"

#include "broker/keys/request_url.h"
#include "core/http/accept.h"

namespace claviger::keys {
namespace {

bool is_xml(std::string_view type) {
  return http::is_same_type(type, "application/xml") || http::is_same_type(type, "text/xml");
}

}  // namespace

Result<Unit> check_headers(const http::Request& request) {
  if (!http::accepts(request, {"application/xml", "text/xml"})) return Error{Code::AcceptExcludes, "kms.accept"};
  if (request.body.empty()) return Unit{};
  const std::string_view type = http::media_type_of(request.field(http::Field::ContentType));
  if (request.is_repeated(http::Field::ContentType) || !is_xml(type)) {
    return Error{Code::MediaTypeUnsupported, "kms.content_type"};
  }
  return Unit{};
}

Result<Unit> check_request(const KmsRequest& request, const Caller& caller, const Domain& domain, std::string_view url,
                           std::int64_t now) {
  if (!caller.may_ask_for(request.user_uri)) return Error{Code::KeysDenied, "kms.user"};
  if (request.kms_uri != domain.kms_uri) return Error{Code::KmsUriDiffers, "kms.uri"};
  if (!is_same_url(request.client_req_url, url)) return Error{Code::RequestUrlDiffers, "kms.url"};
  // A signed one is remembered as long as its Time may be near, no longer: lenience would let it be served again.
  const bool is_lenient = domain.policy.is_time_lenient && !request.signature;
  if (!is_near(request.time, now) && !is_lenient) return Error{Code::RequestTime, "kms.time"};
  return Unit{};
}

}  // namespace claviger::keys
