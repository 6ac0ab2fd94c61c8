#include "broker/keys/issue_procedure.h"

#include <algorithm>

#include "broker/identity/identity_shard.h"
#include "broker/keys/extraction.h"
#include "broker/keys/user_keys.h"
#include "broker/keys/user_procedures.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/runtime/call.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

std::string home_of(const KeysWanted& wanted) {
  return identity::home_name("kms-user", wanted.domain->tenant, wanted.user_uri);
}

// Its secrets are the ones we loaded: neither retired into another generation's place nor revoked since.
bool is_in_force(const Kms& kms, const KeysWanted& wanted) {
  const auto table = kms.table();
  const TenantDomains* domains = table->find(wanted.domain->tenant);
  if (domains == nullptr) return false;
  return std::ranges::any_of(domains->generations, [&](const DomainRef& each) {
    return each->domain.generation == wanted.domain->domain.generation && each->domain.state != DomainState::Revoked;
  });
}

Task<Result<Unit>> issue_at_home(Kms* kms, Context* context, KeysWanted wanted) {
  auto turn = co_await context->identity->turns().take(home_of(wanted));
  if (!turn) co_return turn.error();
  const std::string key = wanted.key();
  auto present = co_await context->store.get(tables::kKmsUserKeys, key);
  if (present) co_return Unit{};  // of who had the turn before
  if (!present.failed_with(Code::NotFound)) co_return present.error();
  // Revoking takes the same turn: whoever comes after it finds it here, however long ago he was let in.
  auto policy = co_await may_have_keys(kms, context, wanted);
  if (!policy) co_return policy.error();
  auto made = co_await kms->extraction().make(wanted, numeric_date(context->shard.wall()));
  if (!made) co_return made.error();
  if (!is_in_force(*kms, wanted)) co_return Error{Code::KeysRevoked, "kms.domain"};
  storage::Transaction transaction;
  transaction.expect_version(tables::kKmsUsers, user_policy_key(wanted.domain->tenant, wanted.user_uri),
                             policy->version);
  transaction.expect_absent(tables::kKmsUserKeys, key);
  transaction.put(tables::kKmsUserKeys, key, as_bytes(made->value), wanted.expires_at());
  auto committed = co_await context->store.commit(std::move(transaction));
  // Pre-issue was faster: its keys are the ones.
  if (!committed && !committed.failed_with(Code::Conflict)) co_return committed.error();
  co_return Unit{};
}

}  // namespace

std::string KeysWanted::key() const {
  return user_key_key(domain->tenant, domain->domain.generation, period, user_uri);
}

std::int64_t KeysWanted::expires_at() const {
  return domain->domain.periods.ends_at(period + domain->domain.policy.retained_periods + 1);
}

Result<std::vector<KeyRecord>> make_key_records(storage::Sealer& sealer, const std::vector<KeysWanted>& wanted,
                                                std::int64_t now) {
  std::vector<KeyRecord> records;
  if (wanted.empty()) return records;
  std::vector<Uid> uids;
  std::vector<std::string> identifiers;
  for (const KeysWanted& each : wanted) {
    CLAVIGER_TRY(identifier, identifier_of(each));
    uids.push_back(identifier.uid);
    identifiers.push_back(std::move(identifier.octets));
  }
  CLAVIGER_TRY(keys, wanted.front().domain->keys->issue_many(identifiers));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    KeyRecord record{wanted[i].key(), {}, wanted[i].expires_at()};
    CLAVIGER_TRY(value, seal_user_keys(sealer, record.key, uids[i], keys[i], now));
    record.value = std::move(value);
    records.push_back(std::move(record));
  }
  return records;
}

Result<Identifier> identifier_of(const KeysWanted& wanted) {
  const Domain& domain = wanted.domain->domain;
  Identifier identifier;
  CLAVIGER_TRY(uid,
               make_uid(wanted.user_uri, domain.kms_uri, domain.periods.seconds, domain.periods.offset, wanted.period));
  identifier.uid = uid;
  if (domain.policy.is_uid_hex_text) {
    codec::hex_encode(uid, identifier.octets);
  } else {
    identifier.octets = as_text(uid);
  }
  return identifier;
}

Task<Result<UserPolicy>> may_have_keys(const Kms* kms, Context* context, KeysWanted wanted) {
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(context, wanted.domain->tenant, wanted.user_uri));
  if (policy.is_revoked) co_return Error{Code::KeysRevoked, "kms.user"};
  if (!is_in_force(*kms, wanted)) co_return Error{Code::KeysRevoked, "kms.domain"};
  co_return policy;
}

Task<Result<storage::Value>> find_or_issue(Kms* kms, Context* context, KeysWanted wanted) {
  const std::string key = wanted.key();
  auto found = co_await context->store.get(tables::kKmsUserKeys, key);
  if (!found.failed_with(Code::NotFound)) co_return found;
  if (wanted.domain->keys == nullptr) co_return Error{Code::KmsSealed, "kms.secrets"};
  // Whoever would be refused after a turn at home is refused before it: in a storm these are most.
  if (kms->extraction().is_full()) co_return Error{Code::Overload, Extraction::kFull};
  runtime::Shard* home = &context->home_of(home_of(wanted));
  Context* there = &context->at(*home);
  auto start = [kms, there, wanted = std::move(wanted)] { return issue_at_home(kms, there, wanted); };
  auto issued = co_await runtime::call_on(home, std::move(start));
  if (!issued) co_return issued.error();
  co_return co_await context->store.get(tables::kKmsUserKeys, key);
}

}  // namespace claviger::keys
