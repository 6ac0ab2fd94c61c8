#include "broker/migration/migration_service.h"

#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::migration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kValueBytes = 1 + sizeof(std::int64_t);

}  // namespace

void put_migration_service(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                           std::string_view mc_service_id, std::int64_t until) {
  std::string value(kValueBytes, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(value));
  bytes[0] = kVersion;
  store_be(bytes.subspan(1), static_cast<std::uint64_t>(until));
  transaction.put(tables::kMigrationServices, broker::record_key({tenant, system, mc_service_id}), as_bytes(value));
}

void erase_migration_service(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                             std::string_view mc_service_id) {
  transaction.erase(tables::kMigrationServices, broker::record_key({tenant, system, mc_service_id}));
}

Task<Result<Unit>> check_listed(broker::Context* context, std::string tenant, std::string system,
                                std::string mc_service_id) {
  constexpr Error kNotListed{Code::ServiceIdNotListed, "primary_mc_service_id"};
  if (mc_service_id.find('\0') != std::string::npos) co_return kNotListed;
  const std::string key = broker::record_key({tenant, system, mc_service_id});
  auto row = co_await context->store.get(tables::kMigrationServices, key);
  if (row) {
    if (row->bytes().size() != kValueBytes) co_return Error{Code::Corrupt, "migration_services"};
    if (row->bytes()[0] != kVersion) co_return Error{Code::SchemaTooNew, "migration_services"};
    const auto until = static_cast<std::int64_t>(load_be<std::uint64_t>(row->bytes().subspan(1)));
    if (until != 0 && until <= numeric_date(context->shard.wall())) co_return kNotListed;
    co_return Unit{};
  }
  if (!row.failed_with(Code::NotFound)) co_return row.error();
  const std::string prefix = broker::record_prefix({tenant, system});
  CLAVIGER_CO_TRY(
      any, co_await context->store.range(tables::kMigrationServices, prefix, broker::record_prefix_end(prefix), 1));
  if (!any.empty()) co_return kNotListed;
  co_return Unit{};
}

}  // namespace claviger::migration
