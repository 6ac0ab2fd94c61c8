#include "broker/keys/request_checks.h"

#include <algorithm>

#include "broker/keys/request_url.h"

namespace claviger::keys {
namespace {

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  const auto lowered = [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
  };
  return std::ranges::equal(left, right, {}, lowered, lowered);
}

std::string_view media_type_of(std::string_view field) {
  field = field.substr(0, field.find(';'));
  while (field.starts_with(' ') || field.starts_with('\t')) field.remove_prefix(1);
  while (field.ends_with(' ') || field.ends_with('\t')) field.remove_suffix(1);
  return field;
}

bool is_any_of(std::string_view type, std::initializer_list<std::string_view> wanted) {
  return std::ranges::any_of(wanted, [type](std::string_view each) { return equals_ignoring_case(type, each); });
}

// RFC 9110 clause 12.5.1, as far as it matters to whoever has one representation: refused only when no range takes it.
bool accepts_xml(const http::Request& request) {
  if (!request.has(http::Field::Accept)) return true;
  std::string_view ranges = request.field(http::Field::Accept);
  while (!ranges.empty()) {
    const std::size_t comma = std::min(ranges.find(','), ranges.size());
    const std::string_view range = media_type_of(ranges.substr(0, comma));
    if (is_any_of(range, {"*/*", "application/*", "application/xml", "text/xml", "text/*"})) return true;
    ranges.remove_prefix(std::min(comma + 1, ranges.size()));
  }
  return false;
}

}  // namespace

Result<Unit> check_headers(const http::Request& request) {
  if (!accepts_xml(request)) return Error{Code::AcceptExcludes, "kms.accept"};
  if (request.body.empty()) return Unit{};
  const std::string_view type = media_type_of(request.field(http::Field::ContentType));
  if (request.is_repeated(http::Field::ContentType) || !is_any_of(type, {"application/xml", "text/xml"})) {
    return Error{Code::MediaTypeUnsupported, "kms.content_type"};
  }
  return Unit{};
}

Result<Unit> check_request(const KmsRequest& request, const Caller& caller, const Domain& domain, std::string_view url,
                           std::int64_t now) {
  if (!caller.may_ask_for(request.user_uri)) return Error{Code::KeysDenied, "kms.user"};
  if (request.kms_uri != domain.kms_uri) return Error{Code::KmsUriDiffers, "kms.uri"};
  if (!is_same_url(request.client_req_url, url)) return Error{Code::RequestUrlDiffers, "kms.url"};
  const bool is_near = request.time >= now - kTimeWindow.count() && request.time <= now + kTimeWindow.count();
  // A signed one is remembered as long as its Time may be near, no longer: lenience would let it be served again.
  const bool is_lenient = domain.policy.is_time_lenient && !request.signature;
  if (!is_near && !is_lenient) return Error{Code::RequestTime, "kms.time"};
  return Unit{};
}

}  // namespace claviger::keys
