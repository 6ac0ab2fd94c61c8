#include "broker/identity/ue_naming.h"

#include "broker/identity/ue.h"
#include "broker/identity/ue_records.h"
#include "core/codec/base64url.h"
#include "core/codec/cookie.h"
#include "core/codec/urn.h"
#include "core/crypto/certificate.h"
#include "core/crypto/digest.h"
#include "core/crypto/random.h"

namespace claviger::identity {

using broker::Context;
using runtime::Task;

namespace {

constexpr std::size_t kIdBytes = 16;
// Browsers keep no cookie longer than 400 days (RFC 6265bis clause 5.5); each sign-in page begins them anew.
constexpr Seconds kCookieLifetime{400 * 24 * 3600};

}  // namespace

UeCertificate ue_certificate(const http::Peer& peer) {
  UeCertificate result;
  if (!peer.certificate_digest) return result;
  codec::base64url_encode(*peer.certificate_digest, result.thumbprint);
  if (!peer.is_certificate_trusted) return result;
  const auto certificate = crypto::Certificate::from_der(as_bytes(peer.certificate_der));
  if (!certificate) return result;
  for (const std::string& uri : certificate->uris()) {
    if (result.uris.size() == kUeCertificateUrisMax) break;
    if (is_ue_id(uri)) result.uris.push_back(uri);
  }
  return result;
}

Task<Result<std::string>> ue_of_certificate(Context* context, std::string tenant, UeCertificate certificate) {
  if (certificate.thumbprint.empty()) co_return std::string();
  std::string kind(kUeCertificateKind);
  auto registered = co_await read_ue_of_key(context, tenant, std::move(kind), certificate.thumbprint);
  if (!registered || !registered->empty()) co_return registered;
  for (std::size_t i = 0; i < certificate.uris.size(); ++i) {
    auto ue = co_await read_ue(context, tenant, certificate.uris[i]);
    if (ue) co_return ue->ue_id;
    if (!ue.failed_with(Code::UeUnknown)) co_return ue.error();
  }
  co_return std::string();
}

Task<Result<std::string>> ue_of_keys(Context* context, std::string tenant, UeCertificate certificate,
                                     std::string dpop_key) {
  auto by_certificate = co_await ue_of_certificate(context, tenant, std::move(certificate));
  if (dpop_key.empty() || !by_certificate || !by_certificate->empty()) co_return by_certificate;
  std::string thumbprint;
  codec::base64url_encode(as_bytes(dpop_key), thumbprint);
  std::string kind(kUeDpopKind);
  co_return co_await read_ue_of_key(context, std::move(tenant), std::move(kind), std::move(thumbprint));
}

Result<UeName> name_ue(std::string_view tenant, std::string proved, std::string_view said, std::string_view cookie) {
  const std::string claimed = codec::canonical_urn(said);
  if (!claimed.empty() && !is_ue_id(claimed)) return Error{Code::ParameterMalformed, "authorize.ue_id"};
  if (!proved.empty()) {
    if (!claimed.empty() && claimed != proved) return Error{Code::UeOfAnother, "authorize.ue_id"};
    return UeName{std::move(proved), UeProof::Key};
  }
  if (!claimed.empty()) {
    // Its own generated id a browser may say, too: the cookie proves it.
    if (!cookie.empty() && claimed == ue_id_of_cookie(tenant, cookie)) {
      return UeName{claimed, UeProof::Cookie};
    }
    return UeName{claimed, UeProof::Claimed};
  }
  if (!cookie.empty()) return UeName{ue_id_of_cookie(tenant, cookie), UeProof::Cookie};
  return UeName{};
}

Result<std::string> settle_ue(const UeName& named, const std::string& proved) {
  if (proved.empty()) {
    // A UE that says it is another's place, and cannot show it: not a session without rules, but none at all.
    if (named.proof == UeProof::Claimed) return Error{Code::UeOfAnother, "token.ue_id"};
    return named.ue_id;
  }
  const bool is_bound = named.proof == UeProof::Claimed || named.proof == UeProof::Key;
  if (is_bound && named.ue_id != proved) return Error{Code::UeOfAnother, "token.ue_id"};
  return proved;
}

std::string_view ue_cookie(const http::Request& request) {
  const auto cookies = codec::parse_cookies(request.field(http::Field::Cookie));
  if (!cookies) return {};
  const auto value = cookies->only(kUeCookie);
  if (!value || value->size() != kUeCookieBytes) return {};
  std::array<std::byte, 32> decoded;
  if (!codec::base64url_decode(*value, decoded)) return {};
  return *value;
}

Result<std::string> make_ue_cookie() {
  CLAVIGER_TRY(random, crypto::random_bytes<32>());
  std::string value;
  codec::base64url_encode(random.reveal(), value);
  return value;
}

std::string set_ue_cookie_field(std::string_view value) {
  std::string field(kUeCookie);
  field.append("=").append(value).append("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=");
  field.append(std::to_string(kCookieLifetime.count()));
  return field;
}

std::string ue_id_of_cookie(std::string_view tenant, std::string_view cookie) {
  std::string text("claviger device");
  text.append(1, '\0').append(tenant).append(1, '\0').append(cookie);
  const auto digest = crypto::sha256(as_bytes(text));
  std::string id("device-");
  codec::base64url_encode(std::span(digest).first(kIdBytes), id);
  return id;
}

}  // namespace claviger::identity
