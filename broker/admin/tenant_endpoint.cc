#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/identity/owned_domains.h"
#include "broker/tenants/tenant_procedures.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;

void write_tenant(codec::JsonWriter<std::string>& json, const tenants::Tenant& tenant) {
  json.begin_object().member("name", tenant.name).member("display_name", tenant.display_name);
  json.member("issuer", tenant.issuer).member("enabled", tenant.is_enabled);
  json.member("algorithm", name_of(tenant.algorithm)).member("default_audience", tenant.default_audience);
  json.name("scope_audiences").begin_object();
  for (const auto& [scope, audience] : tenant.scope_audiences) json.member(scope, audience);
  json.end_object().end_object();
}

Answer answer_with(const tenants::Tenant& tenant) {
  std::string text;
  codec::JsonWriter json(text);
  write_tenant(json, tenant);
  return Answer(std::move(text));
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  const auto& tenants = call->context.snapshot->tenants;
  auto next = tenants.upper_bound(paging.after);
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  std::string last;
  for (std::size_t count = 0; next != tenants.end() && count < paging.limit; ++count, ++next) {
    write_tenant(json, next->second.tenant);
    last = next->first;
  }
  json.end_array();
  if (next != tenants.end()) json.member("next", last);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  co_return answer_with(call->context.snapshot->tenants.find(call->values[0])->second.tenant);
}

Task<Answer> add(Call* call) {
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  tenants::TenantDraft draft;
  std::string algorithm = "ES256";
  ObjectReader members(object);
  members.read("name", draft.name).read("display_name", draft.display_name).read("issuer", draft.issuer);
  members.read("default_audience", draft.default_audience).read("algorithm", algorithm).require("name");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  const auto known = crypto::signature_algorithm_named(algorithm);
  if (!known) co_return Answer(Code::BadValue, "algorithm: ES256, EdDSA or RS256");
  if (!tenants::is_tenant_name(draft.name)) {
    co_return Answer(Code::BadValue, "name: 1 to 32 of a-z, 0-9 and '-', a letter first");
  }
  draft.algorithm = *known;
  call->target = draft.name;
  auto tenant = co_await tenants::add_tenant(call->at(), std::move(draft));
  if (!tenant) co_return tenant.error();
  co_return answer_with(*tenant);
}

Task<Answer> set_enabled(Call* call, bool is_enabled) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  tenants::TenantChange change;
  change.is_enabled = is_enabled;
  auto tenant = co_await tenants::change_tenant(call->at(), call->values[0], std::move(change));
  if (!tenant) co_return tenant.error();
  call->context.shard.logger().warning(is_enabled ? "tenant.enabled" : "tenant.disabled",
                                       {{"tenant", call->values[0]}});
  co_return answer_with(*tenant);
}
Task<Answer> enable(Call* call) { return set_enabled(call, true); }
Task<Answer> disable(Call* call) { return set_enabled(call, false); }

Answer answer_with(const identity::OwnedDomains& owned) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const std::string& domain : owned.domains) json.begin_object().member("domain", domain).end_object();
  json.end_array().end_object();
  return Answer(std::move(text));
}

Task<Answer> list_domains(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto owned = co_await identity::read_owned_domains(call->at(), call->values[0]);
  if (!owned) co_return owned.error();
  co_return answer_with(*owned);
}

Task<Answer> add_domain(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto owned = co_await identity::add_owned_domain(call->at(), call->values[0], call->values[1]);
  if (owned.failed_with(Code::BadValue)) co_return Answer(Code::BadValue, "domain: a DNS name in lower case");
  if (!owned) co_return owned.error();
  co_return answer_with(*owned);
}

Task<Answer> remove_domain(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto owned = co_await identity::remove_owned_domain(call->at(), call->values[0], call->values[1]);
  if (!owned) co_return owned.error();
  co_return answer_with(*owned);
}

}  // namespace

void add_tenant_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services, {Method::Get, "/tenants", "tenant.list", Effect::Reads, list});
  add_verb(router, services, {Method::Post, "/tenants", "tenant.add", Effect::Changes, add});
  add_verb(router, services, {Method::Get, "/tenants/{tenant}", "tenant.show", Effect::Reads, show});
  add_verb(router, services, {Method::Post, "/tenants/{tenant}/enable", "tenant.enable", Effect::Changes, enable});
  constexpr std::string_view kDomain = "/tenants/{tenant}/domains/{domain}";
  add_verb(router, services,
           {Method::Get, "/tenants/{tenant}/domains", "tenant.domain.list", Effect::Reads, list_domains});
  add_verb(router, services, {Method::Put, kDomain, "tenant.domain.add", Effect::Changes, add_domain});
  add_verb(router, services, {Method::Delete, kDomain, "tenant.domain.remove", Effect::Changes, remove_domain});
  add_verb(router, services, {Method::Post, "/tenants/{tenant}/disable", "tenant.disable", Effect::Changes, disable});
}

}  // namespace claviger::admin
