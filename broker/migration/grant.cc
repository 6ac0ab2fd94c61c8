#include "broker/migration/grant.h"

#include <algorithm>
#include <array>

#include "broker/tokens/issuer.h"
#include "broker/tokens/tenant_keys.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/json_writer.h"
#include "core/crypto/fresh_value.h"

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

namespace {

constexpr Error kInvalid{Code::GrantInvalid, "migration.grant"};

}  // namespace

GrantsSeen::GrantsSeen() : key_(crypto::fresh_value<SipKey>()), other_key_(crypto::fresh_value<SipKey>()) {}

std::uint64_t GrantsSeen::whose(const AgreementView& agreement, std::string_view primary_impi) const {
  // Its slot is the agreement's own for the process's life.
  return siphash(other_key_, primary_impi) ^ siphash(key_, std::as_bytes(std::span(&agreement.slot, 1)));
}

bool GrantsSeen::knows(std::string_view grant, const AgreementView& agreement, std::string_view primary_impi,
                       const tokens::KeySet& keys, std::int64_t now) const {
  const auto found = seen_.find(siphash(key_, grant));
  return found != seen_.end() && found->second.whose == whose(agreement, primary_impi) &&
         now < found->second.expires_at && keys.find(found->second.kid) != nullptr;
}

void GrantsSeen::add(std::string_view grant, const AgreementView& agreement, std::string_view primary_impi,
                     std::string_view kid, std::int64_t expires_at) {
  if (seen_.size() >= kMax) seen_.clear();
  seen_[siphash(key_, grant)] = {whose(agreement, primary_impi), expires_at, std::string(kid)};
}

Result<Unit> check_grant(broker::Context& context, const AgreementView& agreement, std::string_view primary_impi,
                         std::string_view grant, GrantsSeen& seen) {
  if (grant.empty() || grant.size() > kGrantMax) return kInvalid;
  const std::int64_t now = numeric_date(context.shard.wall());
  const broker::TenantView* view = context.snapshot->find(agreement.tenant);
  if (view == nullptr || view->keys == nullptr || view->keys->verifying == nullptr) return kInvalid;
  if (seen.knows(grant, agreement, primary_impi, *view->keys->verifying, now)) return Unit{};
  static constexpr std::array<std::string_view, 1> kTypes{kGrantType};
  tokens::JwsRules rules;
  rules.keys = view->keys->verifying.get();
  rules.types = kTypes;
  const auto verified = context.tokens->verifier().verify_jws(grant, rules);
  if (!verified) return kInvalid;
  const tokens::Claims& claims = *verified->claims;
  const bool is_right = claims.issuer == agreement.agreement.own_system && claims.audiences.size() == 1 &&
                        claims.audiences.contains(agreement.agreement.system) && claims.subject == primary_impi &&
                        claims.has_scope("av") && claims.expires && now < *claims.expires;
  if (!is_right) return kInvalid;
  seen.add(grant, agreement, primary_impi, verified->kid, *claims.expires);
  return Unit{};
}

}  // namespace claviger::migration
