#include "broker/tenants/tenant_procedures.h"

#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tenants/tenant_records.h"
#include "broker/tokens/signing_key_procedures.h"
#include "core/codec/uri.h"
#include "core/runtime/call.h"
#include "storage/page.h"

namespace claviger::tenants {
namespace {

using broker::Context;
using runtime::Task;

// An issuer stands in every token and every partner's configuration: bounded, absolute, without query and fragment
// (OpenID Connect Discovery clause 3).
constexpr std::size_t kIssuerBytesMax = 255;
constexpr std::size_t kTextBytesMax = 255;
// An installation serves a country's agencies; each tenant costs keys and tables on every shard.
constexpr std::size_t kTenantsMax = 1024;

bool is_audience(std::string_view text) {
  return !text.empty() && text.size() <= kIssuerBytesMax && text.find('\0') == std::string_view::npos;
}

Result<Tenant> tenant_of(const TenantDraft& draft, std::string_view public_origin) {
  if (!is_tenant_name(draft.name)) return Error{Code::BadValue, "tenant.name"};
  Tenant tenant;
  tenant.name = draft.name;
  tenant.display_name = draft.display_name.empty() ? draft.name : draft.display_name;
  if (tenant.display_name.size() > kTextBytesMax) return Error{Code::BadValue, "tenant.display_name"};
  tenant.issuer = draft.issuer.empty() ? std::string(public_origin) + "/idms/v1/" + draft.name : draft.issuer;
  const auto issuer = codec::parse_uri(tenant.issuer);
  const bool is_good = issuer && issuer->scheme == "https" && !issuer->has_query && !issuer->has_fragment &&
                       tenant.issuer.size() <= kIssuerBytesMax && !tenant.issuer.ends_with('/');
  if (!is_good) return Error{Code::BadValue, "tenant.issuer"};
  tenant.default_audience =
      draft.default_audience.empty() ? tenant.issuer + "/servers/default" : draft.default_audience;
  if (!is_audience(tenant.default_audience)) return Error{Code::BadValue, "tenant.default_audience"};
  tenant.algorithm = draft.algorithm;
  tenant.scope_audiences = default_scope_audiences(tenant.issuer);
  return tenant;
}

// The steps of add_tenant, at home with the snapshot's turn held.
Task<Result<Tenant>> add_at_home(Context* context, TenantDraft draft) {
  auto turn = co_await context->publisher.turns().take("snapshot");
  if (!turn) co_return turn.error();
  const auto& snapshot = *context->snapshot;
  if (snapshot.tenants.size() >= kTenantsMax) co_return Error{Code::TooMany, "tenant.count"};
  auto tenant = tenant_of(draft, snapshot.settings->public_origin);
  if (!tenant) co_return tenant.error();
  for (const auto& [name, view] : snapshot.tenants) {
    if (name == tenant->name) co_return Error{Code::Duplicate, "tenant.name"};
    if (view.tenant.issuer == tenant->issuer) co_return Error{Code::Duplicate, "tenant.issuer"};
  }
  CLAVIGER_CO_TRY(keys, co_await tokens::generate_keys(context, tenant->algorithm, 2));
  storage::Transaction change;
  const std::string key = broker::record_key({tenant->name});
  change.expect_absent(broker::tables::kTenants, key);
  const std::string record = encode_tenant(*tenant);
  change.put(broker::tables::kTenants, key, as_bytes(record));
  CLAVIGER_CO_TRY(active, tokens::put_key(*context, change, tenant->name, *keys[0], tokens::KeyState::Active));
  CLAVIGER_CO_TRY(next, tokens::put_key(*context, change, tenant->name, *keys[1], tokens::KeyState::Next));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  CLAVIGER_CO_TRY(published, co_await context->publisher.publish(context));
  co_return tenant;
}

Task<Result<Tenant>> change_at_home(Context* context, std::string name, TenantChange wanted) {
  auto turn = co_await context->publisher.turns().take("snapshot");
  if (!turn) co_return turn.error();
  const auto found = context->snapshot->tenants.find(name);
  if (found == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "tenant.name"};
  Tenant tenant = found->second.tenant;
  if (wanted.display_name) tenant.display_name = *wanted.display_name;
  if (wanted.is_enabled) tenant.is_enabled = *wanted.is_enabled;
  if (wanted.default_audience) tenant.default_audience = *wanted.default_audience;
  if (tenant.display_name.size() > kTextBytesMax) co_return Error{Code::BadValue, "tenant.display_name"};
  if (!is_audience(tenant.default_audience)) co_return Error{Code::BadValue, "tenant.default_audience"};
  if (wanted.scope_audience) {
    const auto& [scope, audience] = *wanted.scope_audience;
    if (audience.empty()) {
      tenant.scope_audiences.erase(scope);
    } else if (!is_audience(audience) || scope.empty() || scope.size() > kTextBytesMax) {
      co_return Error{Code::BadValue, "tenant.scope_audience"};
    } else {
      tenant.scope_audiences[scope] = audience;
    }
  }
  storage::Transaction change;
  const std::string key = broker::record_key({name});
  change.expect_version(broker::tables::kTenants, key, tenant.version);
  const std::string record = encode_tenant(tenant);
  change.put(broker::tables::kTenants, key, as_bytes(record));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  CLAVIGER_CO_TRY(published, co_await context->publisher.publish(context));
  co_return tenant;
}

}  // namespace

Task<Result<Tenant>> add_tenant(Context* context, TenantDraft draft) {
  Context* home = &context->at(context->publisher.home());
  auto start = [home, draft = std::move(draft)] { return add_at_home(home, draft); };
  auto result = co_await runtime::call_on(&home->shard, std::move(start));
  co_return result;
}

Task<Result<Tenant>> change_tenant(Context* context, std::string name, TenantChange change) {
  Context* home = &context->at(context->publisher.home());
  auto start = [home, name = std::move(name), change = std::move(change)] {
    return change_at_home(home, name, change);
  };
  auto result = co_await runtime::call_on(&home->shard, std::move(start));
  co_return result;
}

std::vector<Tenant> list_tenants(const broker::Snapshot& snapshot) {
  std::vector<Tenant> tenants;
  for (const auto& [name, view] : snapshot.tenants) tenants.push_back(view.tenant);
  return tenants;
}

Task<Result<broker::TenantViews>> load_tenants(Context* context) {
  broker::TenantViews tenants;
  tokens::KeyTableBudget tables = tokens::key_table_budget(*context);
  tokens::KeyTableBudget* budget = &tables;
  std::string from;
  for (;;) {
    CLAVIGER_CO_TRY(page, co_await context->store.range(broker::tables::kTenants, from, "", storage::kRangeMax));
    for (const storage::Record& record : page) {
      CLAVIGER_CO_TRY(tenant, decode_tenant(record.value, record.key));
      CLAVIGER_CO_TRY(keys, co_await tokens::load_tenant_keys(context, record.key, tenant.issuer, budget));
      tenants.emplace(record.key, broker::TenantView{std::move(tenant), std::move(keys)});
    }
    if (!storage::is_full_page(page, storage::kRangeMax)) co_return tenants;
    from = page.back().key + '\0';
  }
}

}  // namespace claviger::tenants
