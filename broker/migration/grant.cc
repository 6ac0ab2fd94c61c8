#include "broker/migration/grant.h"

#include <algorithm>

#include "broker/tokens/issuer.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/json_writer.h"

namespace claviger::migration {

using runtime::Task;

Task<Result<Grant>> make_grant(broker::Context* context, std::string tenant, AgreementRef agreement, Binding binding) {
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::NotFound, "tenant"};
  CLAVIGER_CO_TRY(jti, context->tokens->random_id());
  const std::int64_t now = numeric_date(context->shard.wall());
  Grant grant;
  grant.expires_at = now + kGrantLife.count();
  if (binding.not_after != 0) grant.expires_at = std::min(grant.expires_at, binding.not_after);
  std::string claims;
  codec::JsonWriter json(claims);
  json.begin_object().member("iss", agreement->agreement.own_system).member("aud", binding.system);
  json.member("sub", binding.primary_impi).member("scope", "av").member("iat", now).member("exp", grant.expires_at);
  json.member("jti", std::string_view(jti.data(), jti.size())).end_object();
  CLAVIGER_CO_TRY(unsigned_token, tokens::token_of(*context, *view, kGrantType, claims));
  CLAVIGER_CO_TRY(token, co_await tokens::sign(context, std::move(unsigned_token)));
  grant.token = std::move(token);
  co_return std::move(grant);
}

}  // namespace claviger::migration
