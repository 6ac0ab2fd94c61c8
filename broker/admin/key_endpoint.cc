#include <array>

#include "broker/admin/endpoints.h"
#include "broker/tokens/key_schedule.h"
#include "broker/tokens/signing_key_procedures.h"
#include "core/codec/json_writer.h"
#include "core/crypto/private_key_pem.h"

namespace claviger::admin {
namespace {

using runtime::Task;

// A PEM file and its frame.
constexpr std::size_t kImportBodyMax = 2 * crypto::kPrivateKeyPemMax;

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
    json.member("changed_at", key.changed_at).member("stored", key.stored_as.empty() ? "sealed" : "pkcs11");
    if (!key.stored_as.empty()) json.member("label", key.stored_as);
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
  call->detail = "active=" + key->kid;
  co_return answer_with_keys(*call);
}

// {"pem": "-----BEGIN ..."} or {"pkcs11_label": "..."}
Task<Answer> import(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(body, body_object(*call, reader));
  const auto pem = body.find("pem");
  const auto label = body.find("pkcs11_label");
  if (pem.has_value() == label.has_value()) co_return Error{Code::JsonMissing, "pem"};
  Result<tokens::KeyInfo> key = Error{Code::Internal, "key.import"};
  if (pem) {
    CLAVIGER_CO_TRY(text, pem->as_string());
    CLAVIGER_CO_TRY(pkcs8, crypto::pkcs8_of_pem(text));
    key = co_await tokens::import_key(call->at(), call->values[0], std::move(pkcs8));
  } else {
    CLAVIGER_CO_TRY(text, label->as_string());
    std::string named(text);
    key = co_await tokens::import_stored_key(call->at(), call->values[0], std::move(named));
  }
  if (!key) co_return key.error();
  call->detail = "kid=" + key->kid;
  co_return answer_with_keys(*call);
}

}  // namespace

void add_key_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services, {Method::Get, "/tenants/{tenant}/keys", "key.list", Effect::Reads, list});
  add_verb(router, services, {Method::Post, "/tenants/{tenant}/keys/rotate", "key.rotate", Effect::Changes, rotate});
  add_verb(router, services,
           {Method::Post, "/tenants/{tenant}/keys/import", "key.import", Effect::Changes, import, kImportBodyMax});
  add_verb(router, services, {Method::Post, "/tenants/{tenant}/keys/{kid}/revoke", "key.revoke", Effect::Changes, revoke});
}

}  // namespace claviger::admin
