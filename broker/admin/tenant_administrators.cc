#include "broker/admin/tenant_administrators.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::admin {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

std::string row_key(std::string_view tenant, std::uint32_t uid) {
  return broker::record_key({tenant, "", "administrator", std::to_string(uid)});
}

}  // namespace

bool is_about_people(std::string_view verb_name, std::string_view pattern) {
  constexpr std::array<std::string_view, 6> kNouns{"user.", "authenticator.", "policy.", "session.", "ue.", "consent."};
  if (!pattern.starts_with("/tenants/{tenant}/")) return false;
  return std::ranges::any_of(kNouns, [verb_name](std::string_view noun) { return verb_name.starts_with(noun); });
}

Task<Result<bool>> is_tenant_administrator(Context* context, std::string tenant, std::uint32_t uid) {
  auto row = co_await context->store.get(tables::kAuthenticators, row_key(tenant, uid));
  if (row) co_return true;
  if (!row.failed_with(Code::NotFound)) co_return row.error();
  co_return false;
}

Task<Result<std::vector<std::uint32_t>>> list_tenant_administrators(Context* context, std::string tenant) {
  const std::string prefix = broker::record_prefix({tenant, "", "administrator"});
  auto rows = co_await context->store.range(tables::kAuthenticators, prefix, broker::record_prefix_end(prefix),
                                            kTenantAdministratorsMax);
  if (!rows) co_return rows.error();
  std::vector<std::uint32_t> uids;
  for (const storage::Record& row : *rows) {
    const std::string_view text = std::string_view(row.key).substr(prefix.size());
    std::uint32_t uid = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), uid);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size())
      co_return Error{Code::Corrupt, "administrators"};
    uids.push_back(uid);
  }
  co_return uids;
}

Task<Result<Unit>> add_tenant_administrator(Context* context, std::string tenant, std::uint32_t uid) {
  CLAVIGER_CO_TRY(known, co_await list_tenant_administrators(context, tenant));
  if (known.size() >= kTenantAdministratorsMax) co_return Error{Code::TooMany, "administrators"};
  storage::Transaction transaction;
  transaction.put(tables::kAuthenticators, row_key(tenant, uid), {});
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

Task<Result<Unit>> remove_tenant_administrator(Context* context, std::string tenant, std::uint32_t uid) {
  storage::Transaction transaction;
  transaction.erase(tables::kAuthenticators, row_key(tenant, uid));
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

}  // namespace claviger::admin
