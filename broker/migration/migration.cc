#include "broker/migration/migration.h"

#include <functional>

#include "broker/migration/binding_holds.h"
#include "broker/migration/outbox_work.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "core/runtime/offload.h"
#include "storage/page.h"

namespace claviger::migration {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// Devices that wait for one and the same binding: one, and its retries.
constexpr std::size_t kWaitersMax = 16;
// A token and a request, each of kLinkAnswerMax, and some room: below runtime::kCallMax.
constexpr Milliseconds kSettleMax{2 * kLinkAnswerMax + Milliseconds(2000)};

storage::OutboxOptions outbox_options() {
  storage::OutboxOptions options;
  // The other system may be away for a weekend.
  options.attempts_max = 255;
  return options;
}

}  // namespace

Migration::Migration(Contexts& contexts) : contexts_(contexts), turns_(contexts.front()->shard) {
  for (std::size_t i = 0; i < contexts.size(); ++i) shards_.push_back(std::make_unique<PerShard>());
}
Migration::~Migration() = default;

Migration::PerShard& Migration::here() { return *shards_[runtime::Shard::current().index()]; }
std::shared_ptr<const AgreementTable> Migration::table() const {
  return shards_[runtime::Shard::current().index()]->table;
}
BindingCache& Migration::cache() { return here().cache; }
std::uint64_t Migration::generation() const {
  const PerShard& shard = *shards_[runtime::Shard::current().index()];
  return shard.tables + shard.cache.generation();
}
Trace& Migration::trace() { return here().trace; }
PartnerCounters& Migration::counters(const AgreementView& view) { return here().counters[view.slot]; }
const PartnerCounters& Migration::counters(std::size_t shard, const AgreementView& view) const {
  return shards_[shard]->counters[view.slot];
}

Task<Result<Unit>> Migration::start() {
  auto turn = co_await turns_.take("agreements");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(loaded, co_await reload());
  // Who was disabled by a build that did not know of bindings. A disk that is full is no reason not to serve.
  const auto owed = co_await owe_following(this);
  if (!owed) home().shard.logger().warning("migration.follow", {{"code", name_of(owed.error().code)}});
  outbox_ =
      std::make_unique<storage::Outbox>(home().shard, home().store, tables::kMigrationPools, *this, outbox_options());
  outbox_->start();
  co_return Unit{};
}

Task<void> Migration::close() {
  if (outbox_ == nullptr) co_return;
  co_await outbox_->close();
  outbox_.reset();
  links_.clear();
}

Task<Result<Unit>> Migration::reload() {
  CLAVIGER_CO_TRY(records, co_await load());
  records_ = std::move(records);
  for (const auto& [name, agreement] : records_) {
    if (!slots_.contains(name) && slots_.size() < kAgreementsMax) slots_.emplace(name, slots_.size());
  }
  co_await publish();
  co_return co_await renew_links();
}

Task<Result<std::map<Migration::Name, Agreement>>> Migration::load() {
  std::map<Name, Agreement> records;
  std::string from;
  for (bool is_last = false; !is_last;) {
    auto page = co_await home().store.range(tables::kAgreements, from, "", storage::kRangeMax);
    if (!page) co_return page.error();
    for (const storage::Record& record : *page) {
      const std::size_t end = record.key.find('\0');
      if (end == std::string::npos) co_return Error{Code::Corrupt, "agreements.key"};
      Name name{record.key.substr(0, end), record.key.substr(end + 1)};
      CLAVIGER_CO_TRY(agreement, decode_agreement(record.value, name.second));
      records.emplace(std::move(name), std::move(agreement));
    }
    is_last = !storage::is_full_page(*page, storage::kRangeMax);
    if (!is_last) from = page->back().key + '\0';
  }
  co_return records;
}

Task<void> Migration::publish() {
  auto table = std::make_shared<AgreementTable>();
  for (const auto& [name, agreement] : records_) {
    const auto slot = slots_.find(name);
    if (slot == slots_.end()) continue;  // beyond kAgreementsMax, which adding one refuses
    auto view = std::make_shared<AgreementView>();
    view->tenant = name.first;
    view->agreement = agreement;
    view->server_name = agreement.own_server_name();
    view->slot = slot->second;
    table->by_tenant[name.first].push_back(std::move(view));
  }
  std::function<void(Context&)> step =
      [this, published = std::shared_ptr<const AgreementTable>(std::move(table))](Context& on) {
        PerShard& shard = *shards_[on.shard.index()];
        shard.table = published;
        ++shard.tables;
      };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(&home(), std::move(shared_step));
}

Task<Result<Unit>> Migration::renew_links() {
  std::erase_if(links_, [&](const auto& name_and_link) {
    const auto record = records_.find(name_and_link.first);
    return record == records_.end() || record->second.version != name_and_link.second->agreement().version;
  });
  std::vector<std::pair<Name, Agreement>> wanted;
  for (const auto& [name, agreement] : records_) {
    if (agreement.has_link() && !links_.contains(name)) wanted.emplace_back(name, agreement);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string system = wanted[i].first.second;
    auto made = co_await make_link(std::move(wanted[i].first), std::move(wanted[i].second));
    // The others serve all the same.
    if (!made)
      home().shard.logger().error("migration.link", {{"system", system}, {"code", name_of(made.error().code)}});
  }
  co_return Unit{};
}

Task<Result<Unit>> Migration::make_link(Name name, Agreement agreement) {
  const std::string place = agreement_key(name.first, name.second);
  CLAVIGER_CO_TRY(key, home().sealer.open(tables::kAgreements, place, as_bytes(agreement.sealed_key)));
  auto shared_key = std::make_shared<SecretBytes>(std::move(key));
  auto work = [ca = agreement.ca_pem, chain = agreement.certificate_pem, shared_key] {
    net::TlsClientOptions options;
    options.ca_pem = ca;
    options.certificate_chain_pem = chain;
    options.private_key_pem = std::move(*shared_key);
    return net::TlsContext::client(std::move(options));
  };
  auto made = co_await runtime::offload(&home().work_pool, std::move(work));
  if (!made) co_return made.error();
  if (!*made) co_return made->error();
  std::shared_ptr<const net::TlsContext> tls = **std::move(made);
  links_[name] = std::make_shared<SystemLink>(home(), name.first, std::move(agreement), std::move(tls));
  co_return Unit{};
}

std::shared_ptr<SystemLink> Migration::link(const std::string& tenant, const std::string& system) {
  const auto found = links_.find(Name{tenant, system});
  return found == links_.end() ? nullptr : found->second;
}

Task<void> Migration::publish_bindings(std::vector<std::string> keys) {
  std::function<void(Context&)> step = [this, keys = std::move(keys)](Context& on) {
    for (const std::string& key : keys) shards_[on.shard.index()]->cache.forget(key);
  };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(&home(), std::move(shared_step));
}

Task<Result<BindingRef>> Migration::find_binding(std::string key) {
  constexpr int kTriesMax = 3;  // changes that come while we read
  PerShard& shard = here();
  Context& context = *contexts_[runtime::Shard::current().index()];
  for (int tries = 1;; ++tries) {
    if (BindingRef known = shard.cache.find(key)) co_return known;
    const std::uint64_t generation = shard.cache.generation();
    auto value = co_await context.store.get(tables::kMigrationBindings, key);
    if (value.failed_with(Code::NotFound)) co_return Error{Code::BindingUnknown, "binding"};
    if (!value) co_return value.error();
    auto read = decode_binding(*value, key);
    if (!read) co_return read.error();
    BindingRef binding = std::make_shared<const Binding>(*std::move(read));
    if (shard.cache.keep(key, binding, generation) || tries == kTriesMax) co_return binding;
  }
}

Task<Result<Unit>> Migration::wait_for_settled(std::string key) {
  auto& waiters = waiting_[key];
  if (waiters.size() >= kWaitersMax) co_return Error{Code::Overload, "migration.waiters"};
  runtime::OneShotPair<Result<Unit>> pair;
  waiters.push_back(std::move(pair.completer));
  auto outcome = co_await pair.waiter.until(home().shard.now() + kSettleMax);
  if (!outcome) co_return Error{Code::DeadlinePassed, "migration.settle"};
  co_return *std::move(outcome);
}

void Migration::settled(const std::string& key, Result<Unit> outcome) {
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) return;
  auto completers = std::move(found->second);
  waiting_.erase(found);
  for (auto& completer : completers) {
    home().shard.defer([completer = std::move(completer), outcome]() mutable { completer.complete(outcome); });
  }
}

Task<Result<Unit>> Migration::handle(storage::OutboxRow row) {
  auto work = read_outbox_work(row.payload);
  if (!work) co_return Error{Code::NotPermitted, "migration.outbox"};
  const std::string key = outbound_key(work->tenant, work->system, work->primary_impi);
  const std::string system = work->system;
  work->row_id = row.id;
  auto outcome = co_await do_outbox_work(this, *std::move(work));
  if (!outcome.result) {
    home().shard.logger().warning("migration.outbox",
                                  {{"system", system}, {"code", name_of(outcome.result.error().code)}});
  }
  settled(key, outcome.result);
  // What is final is done, well or not: the row goes.
  if (outcome.is_final) co_return Unit{};
  co_return outcome.result;
}

void Migration::gave_up(const storage::OutboxRow& row, const Error& error) {
  const auto read = read_outbox_work(row.payload);
  const OutboxWork work = read ? *read : OutboxWork{};
  home().shard.logger().error("migration.given_up", {{"row", row.id},
                                                     {"work", row.payload.substr(0, row.payload.find('\0'))},
                                                     {"tenant", work.tenant},
                                                     {"system", work.system},
                                                     {"primary", work.primary_impi},
                                                     {"code", name_of(error.code)}});
  TraceStep& step = trace().add();
  step.at = home().shard.wall();
  step.step = "given up, the other system was not told";
  step.outcome = name_of(error.code);
  step.primary = work.primary_impi;
  step.tenant = work.tenant;
  step.system = work.system;
}

}  // namespace claviger::migration
