#include "broker/identity/status_row.h"

#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "storage/outbox_row.h"

namespace claviger::identity {

Result<Unit> put_status_row(broker::Context& context, storage::Transaction& transaction, std::string_view tenant,
                            const std::vector<std::string>& subs) {
  if (subs.empty()) return Unit{};
  CLAVIGER_TRY(id, context.tokens->random_id());
  std::string names;
  for (const std::string& sub : subs) names.append(names.empty() ? "" : " ").append(sub);
  const std::string payload = broker::record_key({"users", tenant, "*", names});
  storage::put_outbox_row(transaction, broker::tables::kMigrationPools, numeric_date(context.shard.wall()),
                          std::string_view(id.data(), id.size()), as_bytes(payload));
  return Unit{};
}

}  // namespace claviger::identity
