#include "broker/keys/kms.h"

#include <algorithm>
#include <functional>

#include "broker/keys/extraction.h"
#include "broker/keys/pre_issue.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "storage/page.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// While all users of a country want new keys, tokens go on being validated on the same cores: of a core that is busy
// with them a thread of this niceness still gets a twentieth (sched(7): the weights are 56 and 1024), of an idle one
// all. What is made is also stored and delivered, by the busy shard: as much again.
constexpr int kExtractionNiceness = 13;
// Policies that are read at start, some 50 ms of it. An installation with more asks the store for each user, as it would
// mostly find one.
constexpr std::size_t kPoliciesReadMax = 64 * 1024;

// More threads on a core would get more of it than is meant.
std::size_t threads_on(std::size_t threads, const std::vector<int>& cpus) {
  return cpus.empty() ? threads : std::min(threads, cpus.size());
}

// Null: they do not open, or are not the domain's. A millisecond of arithmetic: off the loop.
std::shared_ptr<const DomainKeys> open_keys(storage::Sealer& sealer, std::string_view key, const Domain& domain) {
  const auto opened = sealer.open(tables::kKmsDomains, key, as_bytes(domain.sealed_secrets));
  if (!opened) return nullptr;
  auto keys = DomainKeys::restore(opened->reveal());
  const bool is_right = keys && (*keys)->public_encryption() == domain.public_encryption &&
                        (*keys)->public_authentication() == domain.public_authentication;
  return is_right ? *std::move(keys) : nullptr;
}

DomainRef find_loaded(const DomainTable& table, const DomainName& name, std::uint64_t version) {
  const TenantDomains* domains = table.find(name.tenant);
  if (domains == nullptr) return nullptr;
  const auto found = std::ranges::find_if(domains->generations, [&](const DomainRef& each) {
    return each->domain.kms_uri == name.kms_uri && each->domain.generation == name.generation &&
           each->domain.version == version;
  });
  return found == domains->generations.end() ? nullptr : *found;
}

}  // namespace

std::uint64_t TenantDomains::cache_number() const {
  std::uint64_t number = 0;
  for (const DomainRef& each : generations) number = std::max(number, each->domain.cache_number);
  for (const ExternalRef& each : externals) number = std::max(number, each->certificate.cache_number);
  return number;
}

Kms::Kms(Contexts& contexts, std::size_t threads, std::vector<int> cpus)
    : contexts_(contexts),
      tables_(contexts.size(), std::make_shared<const DomainTable>()),
      turns_(contexts.front()->shard),
      pool_("kms", threads_on(threads, cpus), kExtractionQueueMax, cpus, kExtractionNiceness),
      extraction_(std::make_unique<Extraction>(contexts.front()->sealer, pool_)),
      // On every core that is ours and at low priority: requests come first.
      pre_issue_(std::make_unique<PreIssue>(*this, threads_on(threads, cpus), std::move(cpus))) {}
Kms::~Kms() = default;

void Kms::stop() { pre_issue_->stop(); }

void Kms::close() {
  pre_issue_->close();
  pool_.close();
}

std::shared_ptr<const DomainTable> Kms::table() const { return tables_[runtime::Shard::current().index()]; }

Task<Result<Unit>> Kms::start() {
  auto turn = co_await turns_.take("kms");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(loaded, co_await reload());
  CLAVIGER_CO_TRY(policies, co_await load_policies());
  CLAVIGER_CO_TRY(guard, ReplayGuard::make(contexts_.size()));
  replays_ = std::move(guard);
  CLAVIGER_CO_TRY(served, co_await replays_->load(&home()));
  pre_issue_->start();
  co_return Unit{};
}

// A domain whose secrets do not open serves its certificate and nothing else: the others must not suffer for it.
Task<Result<DomainRef>> Kms::load_one(storage::Value value, std::string key) {
  CLAVIGER_CO_TRY(name, domain_name_of(key));
  if (DomainRef as_before = find_loaded(*table(), name, value.version())) co_return as_before;
  CLAVIGER_CO_TRY(domain, decode_domain(value, name));
  auto loaded = std::make_shared<LoadedDomain>();
  loaded->tenant = name.tenant;
  loaded->domain = std::move(domain);
  if (!loaded->domain.sealed_secrets.empty() && loaded->domain.state != DomainState::Revoked) {
    auto work = [loaded, sealer = &home().sealer, key = std::move(key)] {
      return open_keys(*sealer, key, loaded->domain);
    };
    auto opened = co_await runtime::offload(&home().work_pool, std::move(work));
    if (!opened) co_return opened.error();
    loaded->keys = *std::move(opened);
    if (loaded->keys == nullptr) {
      home().shard.logger().error("kms.secrets", {{"kms", name.kms_uri}, {"generation", name.generation}});
    }
  }
  co_return loaded;
}

Task<Result<DomainTable>> Kms::load() {
  DomainTable table;
  for (std::string from;;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kKmsDomains, from, "", storage::kRangeMax));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      auto one = co_await load_one(std::move(rows[i].value), rows[i].key);
      if (one) {
        const std::string& tenant = (*one)->tenant;
        table.by_tenant[tenant].generations.push_back(*std::move(one));
      } else if (one.failed_with(Code::Corrupt) || one.failed_with(Code::SchemaTooNew)) {
        home().shard.logger().error("kms.domain", {{"code", claviger::name_of(one.error().code)}});
      } else {
        co_return one.error();
      }
    }
    if (!storage::is_full_page(rows, storage::kRangeMax)) break;
    from = rows.back().key + '\0';
  }
  auto externals = co_await load_externals(std::move(table));
  co_return externals;
}

// Those admitted, to their tenants.
Task<Result<DomainTable>> Kms::load_externals(DomainTable table) {
  for (std::string from;;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kKmsCertificates, from, "", storage::kRangeMax));
    for (const storage::Record& row : rows) {
      auto external = decode_external(row.value, row.key);
      if (!external) {
        home().shard.logger().error("kms.external", {{"code", claviger::name_of(external.error().code)}});
        continue;
      }
      const auto found = table.by_tenant.find(std::string_view(row.key).substr(0, row.key.find('\0')));
      if (!external->is_admitted || found == table.by_tenant.end()) continue;
      found->second.externals.push_back(std::make_shared<const ExternalCertificate>(*std::move(external)));
    }
    if (!storage::is_full_page(rows, storage::kRangeMax)) co_return table;
    from = rows.back().key + '\0';
  }
}

void Kms::reserve(std::string_view tenant, std::string_view user_uri) {
  std::string key = user_policy_key(tenant, user_uri);
  policies_.add(key);
  reserved_.insert(std::move(key));
}

bool Kms::is_reserved(std::string_view tenant, std::string_view user_uri) const {
  return !reserved_.empty() && reserved_.contains(user_policy_key(tenant, user_uri));
}

Task<Result<Unit>> Kms::load_policies() {
  std::size_t count = 0;
  // A group management server's name is looked at like a policy: its rows have the same keys, and are few.
  for (std::string from;;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kGroupServers, from, "", storage::kRangeMax));
    for (const storage::Record& row : rows) policies_.add(row.key);
    if (!storage::is_full_page(rows, storage::kRangeMax)) break;
    from = rows.back().key + '\0';
  }
  for (std::string from; count < kPoliciesReadMax;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kKmsUsers, from, "", storage::kRangeMax));
    for (const storage::Record& row : rows) policies_.add(row.key);
    count += rows.size();
    if (!storage::is_full_page(rows, storage::kRangeMax)) {
      policies_.complete();
      break;
    }
    from = rows.back().key + '\0';
  }
  co_return Unit{};
}

Task<Result<Unit>> Kms::reload() {
  CLAVIGER_CO_TRY(loaded, co_await load());
  auto table = std::make_shared<const DomainTable>(std::move(loaded));
  std::function<void(Context&)> step = [this, table](Context& context) { tables_[context.shard.index()] = table; };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(&home(), std::move(shared_step));
  co_return Unit{};
}

}  // namespace claviger::keys
