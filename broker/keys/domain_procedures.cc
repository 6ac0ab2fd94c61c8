#include "broker/keys/domain_procedures.h"

#include <algorithm>

#include "broker/identity/scope_grant.h"
#include "broker/tables.h"
#include "core/crypto/secret_shares.h"
#include "core/runtime/call.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::int64_t kTenYears = 3653LL * 86'400;
constexpr std::uint8_t kRetainedMax = 120;  // ten years of months

Result<Unit> check_texts(const std::vector<std::string>& texts, std::size_t max, std::string_view where) {
  if (texts.size() > max) return Error{Code::TooMany, where};
  for (const std::string& text : texts) {
    if (!check_uri(text)) return Error{Code::BadValue, where};
  }
  return Unit{};
}

Result<Unit> check_policy(const DomainPolicy& policy) {
  CLAVIGER_TRY(scopes, check_texts(policy.scopes, kScopesMax, "scopes"));
  if (policy.scopes.empty()) return Error{Code::BadValue, "scopes"};
  for (const std::string& scope : policy.scopes) {
    if (!identity::is_scope_token(scope)) return Error{Code::BadValue, "scopes"};
  }
  if (policy.retained_periods > kRetainedMax) return Error{Code::BadValue, "retained_periods"};
  if (policy.early_percent > 100) return Error{Code::BadValue, "early_percent"};
  return Unit{};
}

std::string default_cert_uri(const Domain& domain) {
  return "cert1." + domain.kms_uri + "." + std::to_string(domain.generation);
}

// Fresh secrets, or those that were brought along: their public points and their seal.
Result<Unit> give_keys(Context& context, std::string_view tenant, Domain& domain,
                       const SecretBytes* brought = nullptr) {
  CLAVIGER_TRY(keys, brought == nullptr ? DomainKeys::generate() : DomainKeys::restore(brought->reveal()));
  domain.public_encryption = keys->public_encryption();
  domain.public_authentication = keys->public_authentication();
  const SecretBytes secrets = keys->secrets();
  const std::string key = domain_key(tenant, domain.kms_uri, domain.generation);
  CLAVIGER_TRY(sealed, context.sealer.seal(tables::kKmsDomains, key, secrets.reveal()));
  domain.sealed_secrets = std::move(sealed);
  return Unit{};
}

void put_domain(storage::Transaction& transaction, std::string_view tenant, const Domain& domain) {
  const std::string key = domain_key(tenant, domain.kms_uri, domain.generation);
  transaction.expect_version(tables::kKmsDomains, key, domain.version);
  transaction.put(tables::kKmsDomains, key, as_bytes(encode_domain(domain)));
}

Task<Result<DomainRef>> commit_and_publish(Kms* kms, std::string tenant, storage::Transaction transaction) {
  CLAVIGER_CO_TRY(committed, co_await kms->home().store.commit(std::move(transaction)));
  CLAVIGER_CO_TRY(published, co_await kms->reload());
  co_return kms->table()->find(tenant)->generations.back();
}

Result<Domain> newest_of(Kms& kms, std::string_view tenant) {
  const auto table = kms.table();
  const TenantDomains* domains = table->find(tenant);
  if (domains == nullptr) return Error{Code::KmsUnknown, "kms"};
  return domains->generations.back()->domain;
}

Task<Result<DomainRef>> init_at_home(Kms* kms, std::string tenant, DomainDraft draft) {
  auto turn = co_await kms->turns().take("kms");
  if (!turn) co_return turn.error();
  const auto table = kms->table();
  if (table->find(tenant) != nullptr) co_return Error{Code::KmsTaken, "kms"};
  // A KMS URI is one security domain (TS 33.180 clause 3.1): two sets of keys would claim the same UIDs.
  for (const auto& [other, domains] : table->by_tenant) {
    if (domains.generations.back()->domain.kms_uri == draft.kms_uri) co_return Error{Code::Duplicate, "kms.uri"};
  }
  Context& context = kms->home();
  Domain domain;
  domain.kms_uri = std::move(draft.kms_uri);
  domain.issuer = std::move(draft.issuer);
  domain.periods = draft.periods;
  domain.domains = std::move(draft.domains);
  domain.policy = std::move(draft.policy);
  domain.created_at = domain.changed_at = numeric_date(context.shard.wall());
  domain.valid_from = draft.valid_from != 0 ? draft.valid_from : domain.created_at;
  domain.valid_to = draft.valid_to != 0 ? draft.valid_to : domain.valid_from + kTenYears;
  domain.cert_uri = draft.cert_uri.empty() ? default_cert_uri(domain) : std::move(draft.cert_uri);
  if (domain.valid_to <= domain.valid_from || domain.valid_to > kTimeMax) co_return Error{Code::BadValue, "valid_to"};
  // Spec 5.2: no negative period number, now or ever.
  const auto first = domain.periods.number_at(std::min(domain.valid_from, domain.created_at));
  if (!first) co_return Error{Code::BadValue, "offset"};
  CLAVIGER_CO_TRY(given, give_keys(context, tenant, domain, draft.secrets.get()));
  storage::Transaction transaction;
  put_domain(transaction, tenant, domain);
  co_return co_await commit_and_publish(kms, std::move(tenant), std::move(transaction));
}

// Of `change` what a policy has.
Result<Unit> apply(DomainPolicy& policy, const PolicyChange& change) {
  if (change.scopes) policy.scopes = *change.scopes;
  policy.wrap_mode = change.wrap_mode.value_or(policy.wrap_mode);
  policy.is_cipher_hex = change.is_cipher_hex.value_or(policy.is_cipher_hex);
  policy.is_user_id_base64 = change.is_user_id_base64.value_or(policy.is_user_id_base64);
  policy.is_uid_hex_text = change.is_uid_hex_text.value_or(policy.is_uid_hex_text);
  policy.needs_signature = change.needs_signature.value_or(policy.needs_signature);
  policy.needs_transport_key = change.needs_transport_key.value_or(policy.needs_transport_key);
  policy.is_time_lenient = change.is_time_lenient.value_or(policy.is_time_lenient);
  for (const auto& [wanted, max, field, where] :
       {std::tuple(&change.retained_periods, kRetainedMax, &policy.retained_periods, "retained_periods"),
        std::tuple(&change.early_percent, std::uint8_t{100}, &policy.early_percent, "early_percent")}) {
    if (!*wanted) continue;
    if (**wanted < 0 || **wanted > max) return Error{Code::BadValue, where};
    *field = static_cast<std::uint8_t>(**wanted);
  }
  return check_policy(policy);
}

Task<Result<DomainRef>> set_at_home(Kms* kms, std::string tenant, PolicyChange change) {
  auto turn = co_await kms->turns().take("kms");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(domain, newest_of(*kms, tenant));
  // Keys of one period and user would not fit each other.
  if (change.is_uid_hex_text && *change.is_uid_hex_text != domain.policy.is_uid_hex_text) {
    co_return Error{Code::BadValue, "is_uid_hex_text"};
  }
  CLAVIGER_CO_TRY(applied, apply(domain.policy, change));
  if (change.domains) {
    // They stand in the certificate: whoever holds it must hear of a change.
    CLAVIGER_CO_TRY(names, check_texts(*change.domains, kDomainNamesMax, "domains"));
    domain.domains = *std::move(change.domains);
    domain.cache_number = kms->table()->find(tenant)->cache_number() + 1;
  }
  domain.changed_at = numeric_date(kms->home().shard.wall());
  storage::Transaction transaction;
  put_domain(transaction, tenant, domain);
  co_return co_await commit_and_publish(kms, std::move(tenant), std::move(transaction));
}

Task<Result<DomainRef>> rotate_at_home(Kms* kms, std::string tenant, bool is_compromised) {
  auto turn = co_await kms->turns().take("kms");
  if (!turn) co_return turn.error();
  const auto table = kms->table();
  const TenantDomains* domains = table->find(tenant);
  if (domains == nullptr) co_return Error{Code::KmsUnknown, "kms"};
  if (domains->generations.size() >= kGenerationsMax) co_return Error{Code::TooMany, "kms.generations"};
  Context& context = kms->home();
  const std::int64_t now = numeric_date(context.shard.wall());
  const std::uint64_t number = domains->cache_number() + 1;
  storage::Transaction transaction;
  for (const DomainRef& each : domains->generations) {
    const bool is_newest = each == domains->generations.back();
    if (each->domain.state == DomainState::Revoked || (!is_compromised && !is_newest)) continue;
    Domain former = each->domain;
    former.state = is_compromised ? DomainState::Revoked : DomainState::Retired;
    former.changed_at = now;
    former.cache_number = number;
    put_domain(transaction, tenant, former);
  }
  Domain next = domains->generations.back()->domain;
  next.generation += 1;
  next.version = 0;
  next.state = DomainState::Active;
  next.cert_uri = default_cert_uri(next);
  next.valid_to = now + (next.valid_to - next.valid_from);
  next.valid_from = next.created_at = next.changed_at = now;
  next.cache_number = number;
  CLAVIGER_CO_TRY(given, give_keys(context, tenant, next));
  put_domain(transaction, tenant, next);
  co_return co_await commit_and_publish(kms, std::move(tenant), std::move(transaction));
}

Task<Result<DomainRef>> revoke_at_home(Kms* kms, std::string tenant) {
  auto turn = co_await kms->turns().take("kms");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(domain, newest_of(*kms, tenant));
  domain.state = DomainState::Revoked;
  domain.changed_at = numeric_date(kms->home().shard.wall());
  domain.cache_number = kms->table()->find(tenant)->cache_number() + 1;
  storage::Transaction transaction;
  put_domain(transaction, tenant, domain);
  co_return co_await commit_and_publish(kms, std::move(tenant), std::move(transaction));
}

}  // namespace

Task<Result<DomainRef>> init_domain(Kms* kms, std::string tenant, DomainDraft draft) {
  CLAVIGER_CO_TRY(uri, check_uri(draft.kms_uri));
  if (!draft.cert_uri.empty()) {
    CLAVIGER_CO_TRY(cert_uri, check_uri(draft.cert_uri));
  }
  if (!draft.issuer.empty() && !check_uri(draft.issuer)) co_return Error{Code::BadValue, "issuer"};
  if (draft.periods.seconds == 0) co_return Error{Code::BadValue, "period"};
  CLAVIGER_CO_TRY(names, check_texts(draft.domains, kDomainNamesMax, "domains"));
  if (draft.policy.scopes.empty()) draft.policy.scopes = default_scopes();
  CLAVIGER_CO_TRY(policy, apply(draft.policy, draft.change));
  auto start = [kms, tenant = std::move(tenant), draft = std::move(draft)] { return init_at_home(kms, tenant, draft); };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

Result<std::vector<SecretBytes>> share_domain(const LoadedDomain& domain, std::size_t threshold, std::size_t count) {
  if (domain.keys == nullptr) return Error{Code::KmsSealed, "kms.secrets"};
  const SecretBytes secrets = domain.keys->secrets();
  return crypto::split_secret(secrets.reveal(), threshold, count);
}

Task<Result<DomainRef>> set_policy(Kms* kms, std::string tenant, PolicyChange change) {
  auto start = [kms, tenant = std::move(tenant), change = std::move(change)] {
    return set_at_home(kms, tenant, change);
  };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

Task<Result<DomainRef>> rotate_domain(Kms* kms, std::string tenant, bool is_compromised) {
  auto start = [kms, tenant = std::move(tenant), is_compromised] {
    return rotate_at_home(kms, tenant, is_compromised);
  };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

Task<Result<DomainRef>> revoke_domain(Kms* kms, std::string tenant) {
  auto start = [kms, tenant = std::move(tenant)] { return revoke_at_home(kms, tenant); };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

}  // namespace claviger::keys
