#include "broker/tokens/revocations.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/revocation_records.h"
#include "broker/tokens/token_shard.h"

namespace claviger::tokens {
namespace {

using broker::Context;
using runtime::Task;

// Verifiers grant 30 s of clock skew (TS 33.180 clause B.2.1); theirs and ours together.
constexpr Seconds kExpiredKept{60};

Revocation make(RevocationKind kind, const broker::TenantView& tenant, std::string_view id, WallTime now) {
  Revocation revocation;
  revocation.kind = kind;
  revocation.issuer = tenant.tenant.issuer;
  revocation.id = id;
  revocation.expires = numeric_date(now) + kRevocationKept.count();
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

Revocation revocation_of_token(const broker::TenantView& tenant, std::string_view jti, WallTime now,
                               std::optional<std::int64_t> expires) {
  Revocation revocation = make(RevocationKind::Jti, tenant, jti, now);
  if (expires) revocation.expires = std::min(revocation.expires, *expires + kExpiredKept.count());
  return revocation;
}

Revocation revocation_of_session(const broker::TenantView& tenant, std::string_view sid, WallTime now) {
  return make(RevocationKind::Sid, tenant, sid, now);
}

Revocation revocation_of_user(const broker::TenantView& tenant, std::string_view sub, WallTime now) {
  Revocation revocation = make(RevocationKind::Subject, tenant, sub, now);
  revocation.not_before = numeric_date(now) + 1;  // iat has whole seconds: this one's tokens are meant, too
  return revocation;
}

Revocation revocation_of_key(const broker::TenantView& tenant, std::string_view kid, WallTime now) {
  Revocation revocation = make(RevocationKind::Key, tenant, kid, now);
  revocation.expires = numeric_date(now) + kKeyRevocationKept.count();
  return revocation;
}

void add_revocation(storage::Transaction& transaction, std::string_view tenant, const Revocation& revocation) {
  const std::string value = encode_revocation(revocation);
  transaction.put(broker::tables::kRevocations, revocation_key(tenant, revocation), as_bytes(value), revocation.expires);
}

Task<Result<Unit>> publish_revocations(Context* context, std::vector<Revocation> revocations) {
  if (!revocations.empty()) co_await apply_everywhere(context, std::move(revocations));
  co_return Unit{};
}

Task<Result<Unit>> load_revocations(Context* context) {
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
    if (page.size() < storage::kRangeMax) co_return Unit{};
    from = page.back().key + '\0';
  }
}

}  // namespace claviger::tokens
