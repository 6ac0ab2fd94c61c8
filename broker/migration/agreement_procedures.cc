#include "broker/migration/agreement_procedures.h"

#include <optional>

#include "broker/migration/outbox_work.h"
#include "broker/tables.h"
#include "core/net/tls_context.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"

namespace claviger::migration {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;
using Shared = std::shared_ptr<AgreementDraft>;

// That certificate and key fit, and that the CA is one, OpenSSL knows. Off the loop.
Result<Unit> check_trust(const Agreement& agreement, Bytes key_pem) {
  net::TlsClientOptions options;
  options.ca_pem = agreement.ca_pem;
  options.certificate_chain_pem = agreement.certificate_pem;
  options.private_key_pem = SecretBytes(key_pem);
  if (!net::TlsContext::client(std::move(options))) return Error{Code::AgreementInvalid, "agreement.certificate"};
  return Unit{};
}

Task<Result<Unit>> check_off_loop(Context* context, Shared draft) {
  auto work = [draft] {
    const Agreement& agreement = draft->agreement;
    const bool has_key = !draft->key_pem.empty();
    const auto checked = check_agreement(agreement, has_key);
    if (!checked || !agreement.has_link()) return checked;
    return check_trust(agreement, draft->key_pem.reveal());
  };
  auto done = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!done) co_return done.error();
  co_return *std::move(done);
}

// What may be of one agreement only.
Result<Unit> check_others(const AgreementTable& table, std::string_view tenant, const Agreement& agreement) {
  const auto is_another = [&](const AgreementRef& found) {
    return found != nullptr && (found->tenant != tenant || found->agreement.system != agreement.system);
  };
  if (!agreement.caller.empty() && is_another(table.find_caller(tenant, agreement.caller))) {
    return Error{Code::AgreementTaken, "agreement.caller"};
  }
  if (!agreement.partner.empty() && is_another(table.find_partner(tenant, agreement.partner))) {
    return Error{Code::AgreementTaken, "agreement.partner"};
  }
  for (const std::string& range : agreement.ranges) {
    if (is_another(table.find_range("@" + range))) return Error{Code::AgreementTaken, "agreement.ranges"};
  }
  return Unit{};
}

Result<Unit> seal_key(Context& context, const std::string& place, AgreementDraft& draft) {
  if (draft.key_pem.empty()) return Unit{};
  CLAVIGER_TRY(sealed, context.sealer.seal(tables::kAgreements, place, draft.key_pem.reveal()));
  draft.agreement.sealed_key = std::move(sealed);
  return Unit{};
}

Task<Result<AgreementRef>> put_at_home(Migration* migration, std::string tenant, Shared draft,
                                       std::optional<std::uint64_t> version) {
  Context* context = &migration->home();
  auto turn = co_await migration->turns().take("agreements");
  if (!turn) co_return turn.error();
  if (!context->snapshot->tenants.contains(tenant)) co_return Error{Code::NotFound, "tenant"};
  Agreement& agreement = draft->agreement;
  const std::string key = agreement_key(tenant, is_system_id(agreement.system) ? agreement.system : std::string("-"));
  const AgreementRef known = migration->table()->find(tenant, agreement.system);
  if (!version && known != nullptr) co_return Error{Code::AgreementTaken, "agreement.system"};
  if (version && known == nullptr) co_return Error{Code::AgreementUnknown, "agreement.system"};
  if (version && known->agreement.version != *version) co_return Error{Code::Conflict, "agreement.change"};
  if (!version && migration->table()->size() >= kAgreementsMax) co_return Error{Code::TooMany, "agreement.count"};
  if (version) {
    agreement.created_at = known->agreement.created_at;
    agreement.sealed_key = known->agreement.sealed_key;
    if (draft->key_pem.empty() && !agreement.sealed_key.empty()) {
      CLAVIGER_CO_TRY(kept, context->sealer.open(tables::kAgreements, key, as_bytes(agreement.sealed_key)));
      draft->key_pem = std::move(kept);
    }
  } else {
    agreement.created_at = numeric_date(context->shard.wall());
  }
  CLAVIGER_CO_TRY(checked, co_await check_off_loop(context, draft));
  CLAVIGER_CO_TRY(alone, check_others(*migration->table(), tenant, agreement));
  CLAVIGER_CO_TRY(sealed, seal_key(*context, key, *draft));
  storage::Transaction change;
  change.expect_version(tables::kAgreements, key, version.value_or(0));
  change.put(tables::kAgreements, key, as_bytes(encode_agreement(agreement)));
  if (!version) {
    // Of a former one with that system there are bindings still, and nobody has looked after them meanwhile.
    const OutboxWork work{OutboxWork::Kind::Follow, tenant, agreement.system, "*"};
    CLAVIGER_CO_TRY(put, put_outbox_work(*context, change, work, numeric_date(context->shard.wall())));
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  CLAVIGER_CO_TRY(reloaded, co_await migration->reload());
  migration->wake_outbox();
  co_return migration->table()->find(tenant, agreement.system);
}

Task<Result<Unit>> remove_at_home(Migration* migration, std::string tenant, std::string system) {
  Context* context = &migration->home();
  auto turn = co_await migration->turns().take("agreements");
  if (!turn) co_return turn.error();
  const AgreementRef known = migration->table()->find(tenant, system);
  if (known == nullptr) co_return Error{Code::AgreementUnknown, "agreement.system"};
  const std::string key = agreement_key(tenant, system);
  storage::Transaction change;
  change.expect_version(tables::kAgreements, key, known->agreement.version);
  change.erase(tables::kAgreements, key);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return co_await migration->reload();
}

}  // namespace

Task<Result<AgreementRef>> add_agreement(Migration* migration, std::string tenant, AgreementDraft draft) {
  auto begin = [migration, tenant = std::move(tenant), shared = std::make_shared<AgreementDraft>(std::move(draft))] {
    return put_at_home(migration, tenant, shared, std::nullopt);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

Task<Result<AgreementRef>> change_agreement(Migration* migration, std::string tenant, AgreementDraft draft,
                                            std::uint64_t version) {
  auto begin = [migration, tenant = std::move(tenant), version,
                shared = std::make_shared<AgreementDraft>(std::move(draft))] {
    return put_at_home(migration, tenant, shared, version);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

Task<Result<Unit>> remove_agreement(Migration* migration, std::string tenant, std::string system) {
  auto begin = [migration, tenant = std::move(tenant), system = std::move(system)] {
    return remove_at_home(migration, tenant, system);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

}  // namespace claviger::migration
