#include "broker/identity/interaction_cookie.h"

#include "core/codec/base64url.h"
#include "core/codec/cookie.h"
#include "core/crypto/digest.h"
#include "core/crypto/random.h"

namespace claviger::identity {

std::string_view interaction_cookie(const http::Request& request) {
  const auto cookies = codec::parse_cookies(request.field(http::Field::Cookie));
  if (!cookies) return {};
  const auto value = cookies->only(kInteractionCookie);
  if (!value || value->size() != kInteractionCookieBytes) return {};
  std::array<std::byte, 32> decoded;
  if (!codec::base64url_decode(*value, decoded)) return {};
  return *value;
}

Result<std::string> make_interaction_cookie() {
  CLAVIGER_TRY(random, crypto::random_bytes<32>());
  std::string value;
  codec::base64url_encode(random.reveal(), value);
  return value;
}

std::array<std::byte, 32> cookie_digest(std::string_view value) { return crypto::sha256(as_bytes(value)); }

std::string set_cookie_field(std::string_view value, Seconds lifetime) {
  std::string field(kInteractionCookie);
  field.append("=").append(value).append("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=");
  field.append(std::to_string(lifetime.count()));
  return field;
}

}  // namespace claviger::identity
