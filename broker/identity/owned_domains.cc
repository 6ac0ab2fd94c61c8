#include "broker/identity/owned_domains.h"

#include <algorithm>

#include "broker/identity/identity_shard.h"
#include "broker/identity/owned_domains_generated.h"
#include "broker/identity/user_draft.h"
#include "broker/identity/user_records.h"
#include "broker/identity/val_identity.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/domain_name.h"
#include "storage/page.h"
#include "storage/record.h"

namespace claviger::identity {
namespace {

constexpr storage::RecordSchema kSchema{"owned_domains", 1};
namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::string_view kDomains = "domains";
// Says nothing but that it was written: its version is what counts.
constexpr std::string_view kChanges = "domain-changes";
constexpr std::string_view kChanged{"\1", 1};
std::string key_of(std::string_view tenant) { return broker::record_key({kDomains, tenant}); }

char lowered(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}
std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& character : result) character = lowered(character);
  return result;
}
bool equal_without_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lowered(a) == lowered(b); });
}

bool is_one_of(std::string_view host, const std::vector<std::string>& domains) {
  return std::ranges::any_of(domains, [&](const std::string& domain) { return equal_without_case(host, domain); });
}

Result<OwnedDomains> decode(const storage::Value& value) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::OwnedDomains>::open(value, kSchema));
  OwnedDomains owned;
  owned.domains = storage::texts_of(record->domains());
  owned.version = value.version();
  return owned;
}

std::string encode(const OwnedDomains& owned) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto domains = storage::put_texts(builder, owned.domains);
  schema::OwnedDomainsBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_domains(domains);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

enum class Change : bool { Add, Remove };

Result<bool> apply(OwnedDomains& owned, const std::string& domain, Change change) {
  const auto found = std::ranges::lower_bound(owned.domains, domain);
  const bool is_there = found != owned.domains.end() && *found == domain;
  if (change == Change::Remove) {
    if (!is_there) return Error{Code::NotFound, "tenant.domain"};
    owned.domains.erase(found);
    return true;
  }
  if (is_there) return false;
  if (owned.domains.size() == kOwnedDomainsMax) return Error{Code::TooMany, "tenant.domain"};
  owned.domains.insert(found, domain);
  return true;
}

Task<Result<OwnedDomains>> change_domains(Context* context, std::string tenant, std::string domain, Change change) {
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(owned, co_await read_owned_domains(context, tenant));
    CLAVIGER_CO_TRY(changed, apply(owned, domain, change));
    if (!changed) co_return owned;
    storage::Transaction transaction;
    transaction.expect_version(tables::kInstallation, key_of(tenant), owned.version);
    transaction.put(tables::kInstallation, kChanges, as_bytes(kChanged));
    const std::string record = encode(owned);
    transaction.put(tables::kInstallation, key_of(tenant), as_bytes(record));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    owned.version = committed->sequence;
    co_return owned;
  }
  co_return Error{Code::Conflict, "tenant.domain"};
}

}  // namespace

std::string_view host_of_identity(std::string_view identity) {
  const std::size_t colon = identity.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view scheme = identity.substr(0, colon);
  std::string_view host = identity.substr(colon + 1);
  const std::size_t at = host.rfind('@');
  if (equal_without_case(scheme, "sip") || equal_without_case(scheme, "sips")) {
    // sip:user@host:port;parameters?headers. The user part may hold ; ? and /, nothing may hold another @ (RFC 3261 clause
    // 25.1): with two, readers differ on which is the one.
    if (at != host.find('@')) return {};
    if (at != std::string_view::npos) host.remove_prefix(at + 1);
  } else {
    // https://host:port/path. Whoever writes @ into such an identity means another host than he shows.
    if (!host.starts_with("//") || at != std::string_view::npos) return {};
    host.remove_prefix(2);
  }
  return host.substr(0, host.find_first_of("/;?#:"));
}

bool lies_in_domains(std::string_view identity, const std::vector<std::string>& domains) {
  const std::string_view host = host_of_identity(identity);
  return !host.empty() && is_one_of(host, domains);
}

void add_hosts(const User& user, std::set<std::string, std::less<>>& hosts) {
  for (const auto& [kind, identity] : identities_of(user)) {
    const std::string_view host = host_of_identity(identity);
    if (kind != kValKind && !host.empty()) hosts.insert(lowered(host));
  }
}

Result<Unit> check_domains(const NameDomains& domains, const User& user, const User& before) {
  const std::vector<std::string>& own = domains.own.domains;
  const std::size_t at = user.login.rfind('@');
  if (!own.empty() && user.login != before.login && at != std::string::npos &&
      !is_one_of(std::string_view(user.login).substr(at + 1), own)) {
    return Error{Code::LoginInvalid, "user.login.domain"};
  }
  const auto had = identities_of(before);
  for (const auto& identity : identities_of(user)) {
    if (identity.first == kValKind || std::ranges::find(had, identity) != had.end()) continue;
    const bool is_foreign = domains.foreign.contains(lowered(host_of_identity(identity.second)));
    if (own.empty() ? is_foreign : !lies_in_domains(identity.second, own)) {
      return Error{Code::McIdentityInvalid, "user.mc_identity.domain"};
    }
  }
  return Unit{};
}

Task<Result<NameDomains>> read_name_domains(Context* context, std::string tenant,
                                            std::set<std::string, std::less<>> hosts) {
  NameDomains read;
  // Before the lists: whoever changes one later changes this, too.
  auto changes = co_await context->store.get(tables::kInstallation, std::string(kChanges));
  if (!changes && !changes.failed_with(Code::NotFound)) co_return changes.error();
  if (changes) read.changes = changes->version();
  CLAVIGER_CO_TRY(own, co_await read_owned_domains(context, tenant));
  read.own = std::move(own);
  if (!read.own.domains.empty() || hosts.empty()) co_return read;
  const std::string prefix = broker::record_prefix({kDomains});
  const std::string end = broker::record_prefix_end(prefix);
  for (std::string from = prefix; !from.empty();) {
    CLAVIGER_CO_TRY(page, co_await context->store.range(tables::kInstallation, from, end, storage::kRangeMax));
    for (const storage::Record& row : page) {
      if (row.key == key_of(tenant)) continue;
      CLAVIGER_CO_TRY(others, decode(row.value));
      for (const std::string& domain : others.domains) {
        if (hosts.contains(domain)) read.foreign.insert(domain);
      }
    }
    from = storage::is_full_page(page, storage::kRangeMax) ? page.back().key + '\0' : std::string();
  }
  co_return read;
}

void guard_name_domains(storage::Transaction& guard, std::string_view tenant, const NameDomains& domains) {
  guard.expect_version(tables::kInstallation, key_of(tenant), domains.own.version);
  if (domains.own.domains.empty()) guard.expect_version(tables::kInstallation, kChanges, domains.changes);
}

Task<Result<OwnedDomains>> read_owned_domains(Context* context, std::string tenant) {
  auto value = co_await context->store.get(tables::kInstallation, key_of(tenant));
  if (value.failed_with(Code::NotFound)) co_return OwnedDomains();
  if (!value) co_return value.error();
  co_return decode(*value);
}

Task<Result<OwnedDomains>> add_owned_domain(Context* context, std::string tenant, std::string domain) {
  if (!codec::is_domain_name(domain)) co_return Error{Code::BadValue, "tenant.domain"};
  co_return co_await change_domains(context, std::move(tenant), std::move(domain), Change::Add);
}

Task<Result<OwnedDomains>> remove_owned_domain(Context* context, std::string tenant, std::string domain) {
  co_return co_await change_domains(context, std::move(tenant), std::move(domain), Change::Remove);
}

}  // namespace claviger::identity
