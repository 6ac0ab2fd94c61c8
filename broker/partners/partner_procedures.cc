#include "broker/partners/partner_procedures.h"

#include <algorithm>

#include "broker/identity/user_records.h"
#include "broker/partners/owed_ends.h"
#include "broker/partners/security_token.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/verifier/claims.h"
#include "core/codec/uri.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"
#include "storage/page.h"

namespace claviger::partners {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

struct Drafted {
  std::shared_ptr<PartnerDraft> draft;
  std::string own_issuer;
};

Task<Result<Partner>> check_off_loop(Context* context, Drafted drafted) {
  auto work = [drafted = std::move(drafted)] { return partner_of(*drafted.draft, drafted.own_issuer); };
  auto done = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!done) co_return done.error();
  co_return *std::move(done);
}

Task<Result<PartnerRef>> add_at_home(Partners* partners, std::string tenant, std::shared_ptr<PartnerDraft> draft) {
  Context* context = &partners->home();
  auto turn = co_await partners->turns().take("partners");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(caught_up, co_await partners->catch_up());
  const auto view = context->snapshot->tenants.find(tenant);
  if (view == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "tenant"};
  Drafted drafted{draft, view->second.tenant.issuer};
  CLAVIGER_CO_TRY(partner, co_await check_off_loop(context, std::move(drafted)));
  const auto table = partners->table();
  const auto of_tenant = table->by_tenant.find(tenant);
  if (of_tenant != table->by_tenant.end() && of_tenant->second.size() >= kPartnersMax) {
    co_return Error{Code::TooMany, "partner.count"};
  }
  if (table->find(tenant, partner.name) != nullptr) co_return Error{Code::PartnerTaken, "partner.name"};
  if (table->find_issuer(tenant, partner.issuer) != nullptr) co_return Error{Code::PartnerTaken, "partner.issuer"};
  if (table->find_resource(tenant, partner.resource) != nullptr)
    co_return Error{Code::PartnerTaken, "partner.resource"};
  const std::string key = partner_key(tenant, partner.name);
  if (!draft->feed_secret.empty()) {
    CLAVIGER_CO_TRY(sealed, context->sealer.seal(tables::kPartners, key, draft->feed_secret.reveal()));
    partner.sealed_feed_secret = std::move(sealed);
  }
  partner.created_at = numeric_date(context->shard.wall());
  storage::Transaction change;
  change.expect_absent(tables::kPartners, key);
  change.put(tables::kPartners, key, as_bytes(encode_partner(partner)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  CLAVIGER_CO_TRY(reloaded, co_await partners->reload());
  co_return partners->table()->find(tenant, partner.name);
}

bool has_other_keys(const Partner& before, const Partner& after) {
  return before.jwks_uri != after.jwks_uri || before.jwks != after.jwks;
}

// True when `after` does not hold all that `before` does; of domains and clients none means all.
bool is_narrower(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  return std::ranges::any_of(before,
                             [&](const std::string& had) { return std::ranges::find(after, had) == after.end(); });
}
bool gives_less(const Partner& before, const Partner& after) {
  const bool has_fewer_domains =
      !after.domains.empty() && (before.domains.empty() || is_narrower(before.domains, after.domains));
  const bool has_fewer_clients =
      !after.clients.empty() && (before.clients.empty() || is_narrower(before.clients, after.clients));
  return is_narrower(before.scopes, after.scopes) || has_fewer_domains || has_fewer_clients ||
         is_narrower(before.accepted_acrs, after.accepted_acrs) ||
         (before.gives_refresh_tokens && !after.gives_refresh_tokens) || after.session_max < before.session_max;
}

struct Change {
  std::shared_ptr<PartnerDraft> draft;
  std::uint64_t version = 0;
};

// The change is made, or refused; either way nothing is owed any more when that is said (owed_ends.h). Without the turn:
// nobody's change waits for another partner's sessions.
template <typename T>
Task<Result<T>> when_settled(Context* context, std::string tenant, std::string name, Result<T> done) {
  CLAVIGER_CO_TRY(settled, co_await settle_owed(context, std::move(tenant), std::move(name)));
  co_return done;
}

Task<Result<PartnerRef>> change_record(Partners* partners, std::string tenant, Change wanted) {
  Context* context = &partners->home();
  auto turn = co_await partners->turns().take("partners");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(caught_up, co_await partners->catch_up());
  const auto view = context->snapshot->tenants.find(tenant);
  if (view == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "tenant"};
  const std::string name = wanted.draft->name;
  const std::string key = partner_key(tenant, name);
  const PartnerRef known = partners->table()->find(tenant, name);
  if (known == nullptr) co_return Error{Code::PartnerUnknown, "partner.name"};
  const Partner& before = known->partner;
  if (before.version != wanted.version) co_return Error{Code::Conflict, "partner.change"};
  if (wanted.draft->issuer != before.issuer) co_return Error{Code::PartnerInvalid, "partner.issuer"};
  if (wanted.draft->feed_secret.empty() && !wanted.draft->feed_client_id.empty() &&
      !before.sealed_feed_secret.empty()) {
    CLAVIGER_CO_TRY(kept, context->sealer.open(tables::kPartners, key, as_bytes(before.sealed_feed_secret)));
    wanted.draft->feed_secret = std::move(kept);
  }
  Drafted drafted{wanted.draft, view->second.tenant.issuer};
  CLAVIGER_CO_TRY(partner, co_await check_off_loop(context, std::move(drafted)));
  const PartnerRef same_resource = partners->table()->find_resource(tenant, partner.resource);
  if (same_resource != nullptr && same_resource->partner.name != name) {
    co_return Error{Code::PartnerTaken, "partner.resource"};
  }
  if (!wanted.draft->feed_secret.empty()) {
    CLAVIGER_CO_TRY(sealed, context->sealer.seal(tables::kPartners, key, wanted.draft->feed_secret.reveal()));
    partner.sealed_feed_secret = std::move(sealed);
  }
  partner.created_at = before.created_at;
  partner.is_enabled = before.is_enabled;
  storage::Transaction change;
  change.expect_version(tables::kPartners, key, before.version);
  change.put(tables::kPartners, key, as_bytes(encode_partner(partner)));
  const bool other_keys = has_other_keys(before, partner);
  if (other_keys) change.erase(tables::kPartners, partner_keys_key(tenant, name));
  if (before.revocations_uri != partner.revocations_uri)
    change.erase(tables::kPartners, partner_feed_key(tenant, name));
  if (other_keys || gives_less(before, partner)) owe_end(change, tenant, name, {});
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  if (other_keys) partners->forget_keys(tenant, name);
  CLAVIGER_CO_TRY(reloaded, co_await partners->reload());
  co_return partners->table()->find(tenant, name);
}

Task<Result<PartnerRef>> change_at_home(Partners* partners, std::string tenant, Change wanted) {
  const std::string name = wanted.draft->name;
  if (!is_partner_name(name)) co_return Error{Code::PartnerUnknown, "partner.name"};
  auto changed = co_await change_record(partners, tenant, std::move(wanted));
  co_return co_await when_settled(&partners->home(), std::move(tenant), name, std::move(changed));
}

Task<Result<PartnerRef>> set_enabled_in_record(Partners* partners, std::string tenant, std::string name,
                                               bool is_enabled) {
  Context* context = &partners->home();
  auto turn = co_await partners->turns().take("partners");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(caught_up, co_await partners->catch_up());
  PartnerRef view = partners->table()->find(tenant, name);
  if (view == nullptr) co_return Error{Code::PartnerUnknown, "partner.name"};
  if (view->partner.is_enabled != is_enabled) {
    Partner partner = view->partner;
    partner.is_enabled = is_enabled;
    storage::Transaction change;
    const std::string key = partner_key(tenant, name);
    change.expect_version(tables::kPartners, key, partner.version);
    change.put(tables::kPartners, key, as_bytes(encode_partner(partner)));
    // From the commit on no session is made (bearer_grant.cc expects the record's version); those that are there end.
    if (!is_enabled) owe_end(change, tenant, name, {});
    CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
    CLAVIGER_CO_TRY(reloaded, co_await partners->reload());
  }
  co_return partners->table()->find(tenant, name);
}

Task<Result<PartnerRef>> set_enabled_at_home(Partners* partners, std::string tenant, std::string name,
                                             bool is_enabled) {
  if (!is_partner_name(name)) co_return Error{Code::PartnerUnknown, "partner.name"};
  auto changed = co_await set_enabled_in_record(partners, tenant, name, is_enabled);
  co_return co_await when_settled(&partners->home(), std::move(tenant), std::move(name), std::move(changed));
}

// Erases the rows of `table` from `prefix` on, a page a transaction.
Task<Result<Unit>> erase_rows(Context* context, storage::TableId table, std::string prefix) {
  const std::string end = broker::record_prefix_end(prefix);
  for (bool is_last = false; !is_last;) {
    auto page = co_await context->store.range(table, prefix, end, storage::kRangeMax);
    if (!page) co_return page.error();
    is_last = !storage::is_full_page(*page, storage::kRangeMax);
    storage::Transaction change;
    for (const storage::Record& record : *page) change.erase(table, record.key);
    if (change.empty()) break;
    CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  }
  co_return Unit{};
}

Task<Result<Unit>> remove_at_home(Partners* partners, std::string tenant, std::string name) {
  Context* context = &partners->home();
  // First as disabling, so that nothing is made behind our back; then the rows. What replay records there are stay until
  // they expire: another partner of this name may be the same system.
  CLAVIGER_CO_TRY(disabled, co_await set_enabled_at_home(partners, tenant, name, false));
  auto turn = co_await partners->turns().take("partners");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(caught_up, co_await partners->catch_up());
  PartnerRef view = partners->table()->find(tenant, name);
  if (view == nullptr) co_return Error{Code::PartnerUnknown, "partner.name"};
  if (view->partner.is_enabled) co_return Error{Code::Conflict, "partner.remove"};
  std::string users_prefix = broker::record_prefix({tenant, name});
  CLAVIGER_CO_TRY(users, co_await erase_rows(context, tables::kPartnerUsers, std::move(users_prefix)));
  storage::Transaction change;
  const std::string key = partner_key(tenant, name);
  change.expect_version(tables::kPartners, key, view->partner.version);
  change.erase(tables::kPartners, key);
  change.erase(tables::kPartners, partner_keys_key(tenant, name));
  change.erase(tables::kPartners, partner_feed_key(tenant, name));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return co_await partners->reload();
}

// What the partner calls him; of an outbound user our own sub.
Result<Unit> check_id(const PartnerUser& user, const Partner& partner) {
  const bool is_mc_id = user.kind == PartnerUserKind::PrimaryMcId;
  const std::size_t bytes_max = is_mc_id ? tokens::kMcIdMax : tokens::kTokenIdMax;
  if (user.id.empty() || user.id.size() > bytes_max || user.id.find('\0') != std::string::npos) {
    return Error{Code::PartnerInvalid, "partner_user.id"};
  }
  if (is_mc_id && (!codec::parse_uri(user.id) || !is_in_domains(user.id, partner.domains))) {
    return Error{Code::PartnerInvalid, "partner_user.mc_id"};
  }
  return Unit{};
}

Task<Result<Unit>> erase_mapping(Context* context, std::string tenant, std::string partner, PartnerUser named) {
  CLAVIGER_CO_TRY(known, co_await read_partner_user(context, tenant, partner, named.kind, named.id));
  const std::string key = partner_user_key(tenant, partner, known.kind, known.id);
  storage::Transaction change;
  change.expect_version(tables::kPartnerUsers, key, known.version);
  change.erase(tables::kPartnerUsers, key);
  if (known.kind != PartnerUserKind::Outbound) owe_end(change, tenant, partner, known.sub);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return Unit{};
}

}  // namespace

Task<Result<PartnerRef>> add_partner(Partners* partners, std::string tenant, PartnerDraft draft) {
  auto begin = [partners, tenant = std::move(tenant), shared = std::make_shared<PartnerDraft>(std::move(draft))] {
    return add_at_home(partners, tenant, shared);
  };
  co_return co_await runtime::call_on(&partners->home().shard, std::move(begin));
}

Task<Result<PartnerRef>> change_partner(Partners* partners, std::string tenant, PartnerDraft draft,
                                        std::uint64_t version) {
  Change wanted{std::make_shared<PartnerDraft>(std::move(draft)), version};
  auto begin = [partners, tenant = std::move(tenant), wanted = std::move(wanted)] {
    return change_at_home(partners, tenant, wanted);
  };
  co_return co_await runtime::call_on(&partners->home().shard, std::move(begin));
}

Task<Result<PartnerRef>> set_partner_enabled(Partners* partners, std::string tenant, std::string name,
                                             bool is_enabled) {
  auto begin = [partners, tenant = std::move(tenant), name = std::move(name), is_enabled] {
    return set_enabled_at_home(partners, tenant, name, is_enabled);
  };
  co_return co_await runtime::call_on(&partners->home().shard, std::move(begin));
}

Task<Result<Unit>> remove_partner(Partners* partners, std::string tenant, std::string name) {
  auto begin = [partners, tenant = std::move(tenant), name = std::move(name)] {
    return remove_at_home(partners, tenant, name);
  };
  co_return co_await runtime::call_on(&partners->home().shard, std::move(begin));
}

Task<Result<Unit>> add_partner_user(Partners* partners, Context* context, std::string tenant, std::string partner,
                                    PartnerUser user) {
  PartnerRef view = partners->table()->find(tenant, partner);
  if (view == nullptr) co_return Error{Code::PartnerUnknown, "partner.name"};
  if (user.kind == PartnerUserKind::Outbound) user.id = user.sub;
  CLAVIGER_CO_TRY(checked, check_id(user, view->partner));
  CLAVIGER_CO_TRY(ours, co_await identity::read_user(context, tenant, user.sub));
  user.id = partner_user_id(user.kind, user.id);
  const std::string key = partner_user_key(tenant, partner, user.kind, user.id);
  storage::Transaction change;
  change.expect_version(tables::kPartners, partner_key(tenant, partner), view->partner.version);
  change.expect_version(tables::kUsers, identity::user_key(tenant, ours.sub), ours.version);
  change.expect_absent(tables::kPartnerUsers, key);
  change.put(tables::kPartnerUsers, key, as_bytes(ours.sub));
  auto known = co_await read_partner_user(context, tenant, partner, user.kind, user.id);
  if (known && known->sub == ours.sub) co_return Unit{};
  if (known) co_return Error{Code::Duplicate, "partner_user.id"};
  if (!known.failed_with(Code::PartnerUserUnknown)) co_return known.error();
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return Unit{};
}

Task<Result<Unit>> remove_partner_user(Partners* partners, Context* context, std::string tenant, std::string partner,
                                       PartnerUserKind kind, std::string id) {
  if (partners->table()->find(tenant, partner) == nullptr) co_return Error{Code::PartnerUnknown, "partner.name"};
  if (id.find('\0') != std::string::npos) co_return Error{Code::PartnerUserUnknown, "partner.user"};
  PartnerUser named;
  named.kind = kind;
  named.id = std::move(id);
  auto erased = co_await erase_mapping(context, tenant, partner, std::move(named));
  co_return co_await when_settled(context, std::move(tenant), std::move(partner), std::move(erased));
}

}  // namespace claviger::partners
