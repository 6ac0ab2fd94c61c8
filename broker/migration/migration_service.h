// The primary MC service IDs that may ask for service here, as a home system delivered them when it set its users up
// (TS 23.280 clause 10.17.5, TR 23.700-38 table 7.x.1.2.1-1: an optional element of each request). Rows of
// tables::kMigrationServices:
//
//   key   = tenant NUL home-system NUL MC-service-ID
//         / tenant NUL home-system NUL NUL sub           ; of this visitor's IDs a list was delivered
//   value = %x01 until                                   ; 8 octets, NumericDate, big-endian; 0: without end
// Written by broker/administration; read here. Of whose IDs none was delivered is refused by nobody else's list.
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
// `sub`: the visitor, as the user that he is here.
void put_migration_list(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                        std::string_view sub);
void erase_migration_list(storage::Transaction& transaction, std::string_view tenant, std::string_view system,
                          std::string_view sub);

// Good when this ID was delivered, or when none of this visitor's was; else, or when its time is over: ServiceIdNotListed.
runtime::Task<Result<Unit>> check_listed(broker::Context* context, std::string tenant, std::string system,
                                         std::string mc_service_id, std::string sub);

}  // namespace claviger::migration
