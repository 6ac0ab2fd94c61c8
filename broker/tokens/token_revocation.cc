#include "broker/tokens/token_revocation.h"

#include <iterator>
#include <utility>

#include "broker/tables.h"
#include "broker/tokens/revocation_records.h"

namespace claviger::tokens {

runtime::Task<Result<bool>> is_revoked(broker::Context* context, std::string tenant, TokenNames names) {
  const std::pair<RevocationKind, std::string> all[] = {
      {RevocationKind::Jti, names.jti}, {RevocationKind::Sid, names.sid}, {RevocationKind::Subject, names.sub}};
  for (std::size_t i = 0; i < std::size(all); ++i) {
    if (all[i].second.empty()) continue;
    Revocation wanted;
    wanted.kind = all[i].first;
    wanted.id = all[i].second;
    const std::string key = revocation_key(tenant, wanted);
    auto value = co_await context->store.get(broker::tables::kRevocations, key);
    if (value.failed_with(Code::NotFound)) continue;
    if (!value) co_return value.error();
    CLAVIGER_CO_TRY(stored, decode_revocation(key, value->bytes()));
    if (is_of(stored.revocation, names.issued_at)) co_return true;
  }
  co_return false;
}

}  // namespace claviger::tokens
