#include "broker/identity/logout_token.h"

#include "core/codec/json_writer.h"

namespace claviger::identity {

Result<tokens::UnsignedToken> make_logout_token(broker::Context& context, const broker::TenantView& tenant,
                                                const LogoutClaims& claims) {
  const std::int64_t now = numeric_date(context.shard.wall());
  std::string payload;
  codec::JsonWriter json(payload);
  json.begin_object().member("iss", tenant.tenant.issuer).member("aud", claims.client_id);
  json.member("iat", now).member("exp", now + kLogoutTokenLife.count()).member("jti", claims.jti);
  json.member("sub", claims.sub).member("sid", claims.sid);
  json.name("events").begin_object().name("http://schemas.openid.net/event/backchannel-logout").begin_object();
  json.end_object().end_object().end_object();
  return tokens::token_of(context, tenant, "logout+jwt", payload);
}

}  // namespace claviger::identity
