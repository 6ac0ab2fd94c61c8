#include "broker/migration/migration_service.h"

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/sip/uri.h"

namespace claviger::migration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kValueBytes = 1 + sizeof(std::int64_t);

void put_row(storage::Transaction& transaction, const std::string& key, std::int64_t until) {
  std::string value(kValueBytes, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(value));
  bytes[0] = kVersion;
  store_be(bytes.subspan(1), static_cast<std::uint64_t>(until));
  transaction.put(tables::kMigrationServices, key, as_bytes(value));
}

// No MC service ID is empty.
std::string list_key(std::string_view tenant, std::string_view system, std::string_view sub) {
  return broker::record_key({tenant, system, "", sub});
}

}  // namespace

void put_migration_service(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                           std::string_view mc_service_id, std::int64_t until) {
  put_row(transaction, broker::record_key({tenant, system, mc_service_id}), until);
}

void erase_migration_service(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                             std::string_view mc_service_id) {
  transaction.erase(tables::kMigrationServices, broker::record_key({tenant, system, mc_service_id}));
}

void put_migration_list(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                        std::string_view sub) {
  put_row(transaction, list_key(tenant, system, sub), 0);
}

void erase_migration_list(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                          std::string_view sub) {
  transaction.erase(tables::kMigrationServices, list_key(tenant, system, sub));
}

Task<Result<Unit>> check_listed(broker::Context* context, std::string tenant, std::string system,
                                std::string mc_service_id, std::string sub) {
  constexpr Error kNotListed{Code::ServiceIdNotListed, "primary_mc_service_id"};
  if (mc_service_id.empty() || mc_service_id.find('\0') != std::string::npos) co_return kNotListed;
  const std::string key = broker::record_key({tenant, system, mc_service_id});
  auto row = co_await context->store.get(tables::kMigrationServices, key);
  // Administration lists the one writing of what his home may write in several (RFC 3261 clause 19.1.4).
  if (row.failed_with(Code::NotFound)) {
    const auto written = sip::canonical_identity(mc_service_id);
    const std::string other = broker::record_key({tenant, system, written ? *written : mc_service_id});
    if (other != key) row = co_await context->store.get(tables::kMigrationServices, other);
  }
  if (row) {
    if (row->bytes().size() != kValueBytes) co_return Error{Code::Corrupt, "migration_services"};
    if (row->bytes()[0] != kVersion) co_return Error{Code::SchemaTooNew, "migration_services"};
    const auto until = static_cast<std::int64_t>(load_be<std::uint64_t>(row->bytes().subspan(1)));
    if (until != 0 && until <= numeric_date(context->shard.wall())) co_return kNotListed;
    co_return Unit{};
  }
  if (!row.failed_with(Code::NotFound)) co_return row.error();
  const auto list = co_await context->store.get(tables::kMigrationServices, list_key(tenant, system, sub));
  if (list) co_return kNotListed;
  if (!list.failed_with(Code::NotFound)) co_return list.error();
  co_return Unit{};
}

}  // namespace claviger::migration
