// The list of primary MC service IDs that may ask for service here, as a home system delivered it when it set its users up
// (TS 23.280 clause 10.17.5; the list is an optional element). Rows of tables::kMigrationServices:
//
//   key   = tenant NUL home-system NUL MC-service-ID
//   value = %x01 until                                 ; 8 octets, NumericDate, big-endian; 0: without end
// Written by broker/administration; read here. A home system without rows has delivered no list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::migration {

void put_migration_service(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                           std::string_view mc_service_id, std::int64_t until);
void erase_migration_service(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                             std::string_view mc_service_id);

// Good when there is no list; ServiceIdNotListed when there is one and he is not on it, or no more.
runtime::Task<Result<Unit>> check_listed(broker::Context* context, std::string tenant, std::string system,
                                         std::string mc_service_id);

}  // namespace claviger::migration
