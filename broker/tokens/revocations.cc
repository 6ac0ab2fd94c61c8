#include "broker/tokens/revocations.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/revocation_records.h"
#include "broker/tokens/token_life.h"
#include "broker/tokens/token_shard.h"
#include "storage/page.h"

namespace claviger::tokens {
namespace {

using broker::Context;
using runtime::Task;

// Verifiers grant 30 s of clock skew (TS 33.180 clause B.2.1); theirs and ours together.
constexpr Seconds kExpiredKept{60};

Revocation make(const Context& context, RevocationKind kind, const broker::TenantView& tenant, std::string_view id) {
  Revocation revocation;
  revocation.kind = kind;
  revocation.issuer = tenant.tenant.issuer;
  revocation.id = id;
  revocation.expires = numeric_date(context.shard.wall()) + context.tokens->revocation_kept().count();
  return revocation;
}

Task<void> apply_everywhere(Context* context, std::vector<Revocation> revocations) {
  std::function<void(Context&)> step = [revocations = std::move(revocations)](Context& on) {
    for (const Revocation& revocation : revocations) on.tokens->apply(revocation);
    on.tokens->wake_feed();
  };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(context, std::move(shared_step));
}

}  // namespace

Revocation revocation_of_token(const Context& context, const broker::TenantView& tenant, std::string_view jti,
                               std::optional<std::int64_t> expires) {
  Revocation revocation = make(context, RevocationKind::Jti, tenant, jti);
  if (expires) revocation.expires = std::min(revocation.expires, *expires + kExpiredKept.count());
  return revocation;
}

Revocation revocation_of_session(const Context& context, const broker::TenantView& tenant, std::string_view sid) {
  return make(context, RevocationKind::Sid, tenant, sid);
}

Revocation revocation_of_user(const Context& context, const broker::TenantView& tenant, std::string_view sub) {
  Revocation revocation = make(context, RevocationKind::Subject, tenant, sub);
  revocation.not_before =
      numeric_date(context.shard.wall()) + 1;  // iat has whole seconds: this one's tokens are meant, too
  return revocation;
}

Revocation revocation_of_key(const broker::TenantView& tenant, std::string_view kid, WallTime now) {
  Revocation revocation;
  revocation.kind = RevocationKind::Key;
  revocation.issuer = tenant.tenant.issuer;
  revocation.id = kid;
  revocation.expires = numeric_date(now) + kKeyRevocationKept.count();
  return revocation;
}

void add_revocation(storage::Transaction& transaction, std::string_view tenant, const Revocation& revocation) {
  const std::string value = encode_revocation(revocation);
  transaction.put(broker::tables::kRevocations, revocation_key(tenant, revocation), as_bytes(value),
                  revocation.expires);
}

Task<Result<Unit>> publish_revocations(Context* context, std::vector<Revocation> revocations) {
  if (!revocations.empty()) co_await apply_everywhere(context, std::move(revocations));
  co_return Unit{};
}

Task<Result<Unit>> load_revocations(Context* context) {
  CLAVIGER_CO_TRY(life, co_await load_access_token_life(context));
  std::string from;
  for (;;) {
    CLAVIGER_CO_TRY(page, co_await context->store.range(broker::tables::kRevocations, from, "", storage::kRangeMax));
    std::vector<Revocation> batch;
    for (const storage::Record& record : page) {
      CLAVIGER_CO_TRY(stored, decode_revocation(record.key, record.value.bytes()));
      const auto tenant = context->snapshot->tenants.find(stored.tenant);
      if (tenant == context->snapshot->tenants.end()) continue;  // of a tenant that is no more: no token verifies
      stored.revocation.issuer = tenant->second.tenant.issuer;
      batch.push_back(std::move(stored.revocation));
    }
    co_await apply_everywhere(context, std::move(batch));
    if (!storage::is_full_page(page, storage::kRangeMax)) co_return Unit{};
    from = page.back().key + '\0';
  }
}

}  // namespace claviger::tokens
