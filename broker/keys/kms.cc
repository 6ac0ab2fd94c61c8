#include "broker/keys/kms.h"

#include <algorithm>
#include <functional>

#include "broker/keys/pre_issue.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// Over all tenants; a page of the store.
constexpr std::size_t kDomainsMax = storage::kRangeMax;

// A domain whose secrets do not open serves its certificate and nothing else: the others must not suffer for it.
std::shared_ptr<const DomainKeys> open_keys(Context& context, std::string_view key, const Domain& domain) {
  if (domain.sealed_secrets.empty() || domain.state == DomainState::Revoked) return nullptr;
  const auto opened = context.sealer.open(tables::kKmsDomains, key, as_bytes(domain.sealed_secrets));
  if (opened) {
    auto keys = DomainKeys::restore(opened->reveal());
    const bool is_right = keys && (*keys)->public_encryption() == domain.public_encryption &&
                          (*keys)->public_authentication() == domain.public_authentication;
    if (is_right) return *std::move(keys);
  }
  context.shard.logger().error("kms.secrets", {{"kms", domain.kms_uri}, {"generation", domain.generation}});
  return nullptr;
}

}  // namespace

std::uint64_t TenantDomains::cache_number() const {
  std::uint64_t number = 0;
  for (const DomainRef& each : generations) number = std::max(number, each->domain.cache_number);
  return number;
}

Kms::Kms(Contexts& contexts, std::size_t threads, std::vector<int> cpus)
    : contexts_(contexts),
      tables_(contexts.size(), std::make_shared<const DomainTable>()),
      turns_(contexts.front()->shard),
      pool_("kms", threads, kExtractionQueueMax, cpus),
      // Half of the cores at most, at low priority: requests want theirs.
      pre_issue_(std::make_unique<PreIssue>(*this, std::max<std::size_t>(1, threads / 2), std::move(cpus))) {}
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
  pre_issue_->start();
  co_return Unit{};
}

Task<Result<DomainTable>> Kms::load() {
  CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kKmsDomains, "", "", kDomainsMax));
  DomainTable table;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(name, domain_name_of(row.key));
    CLAVIGER_CO_TRY(domain, decode_domain(row.value, name));
    LoadedDomain loaded;
    loaded.tenant = name.tenant;
    // Opening is a millisecond of arithmetic; it happens at start and when an operator changes something.
    loaded.keys = open_keys(home(), row.key, domain);
    loaded.domain = std::move(domain);
    table.by_tenant[name.tenant].generations.push_back(std::make_shared<const LoadedDomain>(std::move(loaded)));
  }
  co_return table;
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
