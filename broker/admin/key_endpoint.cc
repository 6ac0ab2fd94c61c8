#include <array>

#include "broker/admin/endpoints.h"
#include "broker/tokens/key_schedule.h"
#include "broker/tokens/signing_key_procedures.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;

constexpr std::array<std::string_view, 4> kStates{"next", "active", "retiring", "revoked"};

// When the key will be in this state no longer, if nobody does anything: it stops signing, or it verifies no more.
std::optional<std::int64_t> until_of(const tokens::KeyInfo& key, const broker::TenantView& tenant,
                                     const settings::Settings& settings) {
  if (key.state == tokens::KeyState::Retiring) return key.changed_at + tokens::kRetiringMax.count();
  if (key.state == tokens::KeyState::Revoked) return std::nullopt;
  return tokens::rotates_at(*tenant.keys, settings.key_rotation);
}

// All keys of the tenant as this shard's snapshot has them now.
Answer answer_with_keys(const Call& call) {
  const auto tenant = call.context.snapshot->tenants.find(call.values[0]);
  if (tenant == call.context.snapshot->tenants.end()) return Answer(Error{Code::NotFound, "tenant"});
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const tokens::KeyInfo& key : tokens::list_keys(tenant->second)) {
    json.begin_object().member("kid", key.kid).member("state", kStates[static_cast<std::size_t>(key.state)]);
    json.member("algorithm", crypto::name_of(key.algorithm)).member("created_at", key.created_at);
    json.member("changed_at", key.changed_at);
    const auto until = until_of(key, tenant->second, *call.context.snapshot->settings);
    if (until) json.member("until", *until);
    json.end_object();
  }
  json.end_array().end_object();
  return Answer(std::move(text));
}

Task<Answer> list(Call* call) { co_return answer_with_keys(*call); }

Task<Answer> rotate(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto key = co_await tokens::rotate_keys(call->at(), call->values[0]);
  if (!key) co_return key.error();
  call->detail = "kid=" + key->kid;
  co_return answer_with_keys(*call);
}

Task<Answer> revoke(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto key = co_await tokens::revoke_key(call->at(), call->values[0], call->values[1]);
  if (!key) co_return key.error();
  co_return answer_with_keys(*call);
}

}  // namespace

void add_key_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services, {Method::Get, "/tenants/{tenant}/keys", "key.list", Effect::Reads, list});
  add_verb(router, services, {Method::Post, "/tenants/{tenant}/keys/rotate", "key.rotate", Effect::Changes, rotate});
  add_verb(router, services, {Method::Post, "/tenants/{tenant}/keys/{kid}/revoke", "key.revoke", Effect::Changes, revoke});
}

}  // namespace claviger::admin
