#include "broker/administration/acm.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "core/net/tls_context.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"
#include "storage/page.h"

namespace claviger::administration {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

std::string setup_key(std::string_view tenant, std::string_view id) { return broker::record_key({tenant, "out", id}); }
std::string target_key(std::string_view tenant, std::string_view id, std::string_view system) {
  return broker::record_key({tenant, "target", id, system});
}
std::string inbound_key(std::string_view tenant, std::string_view home_system, std::string_view id) {
  return broker::record_key({tenant, "in", home_system, id});
}
std::string state_key(std::string_view tenant, std::string_view home_system, std::string_view id) {
  return broker::record_key({tenant, "state", home_system, id});
}

namespace {

std::string client_key(std::string_view tenant, std::string_view id) {
  return broker::record_key({tenant, "client", id});
}
std::string partner_key(std::string_view tenant, std::string_view system) {
  return broker::record_key({tenant, "partner", system});
}

Result<Unit> check_list(const std::vector<std::string>& list) {
  if (list.size() > kListMax) return Error{Code::TooMany, "acm.list"};
  return std::ranges::all_of(list, is_identity) ? Result<Unit>(Unit{})
                                                : Result<Unit>(Error{Code::BadValue, "acm.list"});
}

Result<Unit> check_client(const AcmClient& record) {
  if (!is_identity(record.id)) return Error{Code::BadValue, "acm.client"};
  for (const auto* list : {&record.operators, &record.partners, &record.domains}) {
    CLAVIGER_TRY(good, check_list(*list));
  }
  return Unit{};
}

Result<Unit> check_partner(const AcmPartner& record) {
  if (!is_identity(record.system) || !is_identity(record.own_system)) return Error{Code::BadValue, "acm.system"};
  if (record.system == record.own_system) return Error{Code::BadValue, "acm.own_system"};
  if (!record.url.empty() && !record.url.starts_with("https://")) return Error{Code::BadValue, "acm.url"};
  if (!record.certificate_digest.empty() && record.certificate_digest.size() != 64) {
    return Error{Code::BadValue, "acm.certificate"};
  }
  for (const auto* list : {&record.domains, &record.services}) {
    CLAVIGER_TRY(good, check_list(*list));
  }
  const bool services_known = std::ranges::all_of(record.services, [](const std::string& service) {
    return std::ranges::find(kServices, service) != kServices.end();
  });
  if (!services_known) return Error{Code::BadValue, "acm.services"};
  // Whoever asks here does so for users of his own domains.
  if (!record.certificate_digest.empty() && (record.domains.empty() || record.partner.empty())) {
    return Error{Code::BadValue, "acm.domains"};
  }
  return Unit{};
}

}  // namespace

void name_skipped(Context& context, std::string_view prefix, std::string_view key, const Error& error) {
  const std::size_t begin = std::min(prefix.find('\0') + 1, prefix.size());
  const std::string_view kind = prefix.substr(begin, prefix.find('\0', begin) - begin);
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(key));
  std::string mark;
  codec::hex_encode(Bytes(digest).first(8), mark);
  context.shard.logger().warning(
      "acm.record_skipped",
      {{"kind", kind}, {"record", mark}, {"code", claviger::name_of(error.code)}, {"where", error.where}});
}

bool is_in_domains(std::string_view mc_id, const std::vector<std::string>& domains) {
  return std::ranges::any_of(domains,
                             [its = domain_of(mc_id)](const std::string& domain) { return is_same_name(domain, its); });
}

std::string SetupView::state() const {
  std::size_t good = 0, bad = 0, withdrawn = 0;
  for (const TargetView& each : targets) {
    const bool all_good = std::ranges::all_of(each.users, [](const UserResult& user) { return is_good(user.status); });
    const Stage stage = each.stage.stage;
    good += stage == Stage::Done && all_good;
    withdrawn += stage == Stage::Withdrawn;
    bad += stage == Stage::Failed || stage == Stage::Rejected || (stage == Stage::Done && !all_good);
  }
  if (withdrawn == targets.size()) return "WITHDRAWN";
  if (good + bad + withdrawn < targets.size()) return "RUNNING";
  if (bad == 0) return "DONE";
  return good == 0 ? "FAILED" : "PARTIAL";
}

Acm::Acm(Contexts& contexts, partners::Partners& partners)
    : contexts_(contexts), partners_(partners), turns_(contexts.front()->shard) {}
Acm::~Acm() = default;

template <typename T, typename Start>
Task<Result<T>> Acm::at_home(Start start_there) {
  runtime::Shard* shard = &home().shard;
  auto done = co_await runtime::call_on(shard, std::move(start_there));
  co_return done;
}

Task<Result<Unit>> Acm::start() {
  // A snapshot may be published meanwhile.
  std::vector<std::string> tenants;
  for (const auto& [name, view] : home().snapshot->tenants) tenants.push_back(name);
  std::vector<Target> unlisted;
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    const std::string tenant = tenants[i];
    // Every request that has not ended is taken up again; pages of the stages alone, which are small.
    for (const std::string_view kind : {std::string_view("target"), std::string_view("state")}) {
      const std::string prefix = broker::record_prefix({tenant, kind});
      const std::string end = broker::record_prefix_end(prefix);
      for (std::string from = prefix; !from.empty();) {
        CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmSetups, from, end, storage::kRangeMax));
        for (const storage::Record& row : rows) {
          const auto stage = decode_stage(row.value);
          if (!stage) {
            name_skipped(home(), prefix, row.key, stage.error());
            continue;
          }
          const std::string_view rest = std::string_view(row.key).substr(prefix.size());
          const std::size_t cut = rest.find('\0');
          std::string first(rest.substr(0, cut)), second(rest.substr(cut + 1));
          if (is_under_way(stage->stage)) under_way_.insert(row.key);
          const bool is_open = stage->stage == Stage::Sending || stage->stage == Stage::Waiting ||
                               stage->stage == Stage::Running || stage->stage == Stage::Withdrawing;
          // Who was set up when there was no list yet.
          const bool is_unlisted = kind == "target" && stage->stage == Stage::Done && !stage->is_listed;
          if (is_unlisted)
            unlisted.push_back({tenant, std::move(first), std::move(second)});
          else if (is_open && kind == "target")
            follow(tenant, std::move(first), std::move(second));
          else if (is_open)
            work(tenant, std::move(first), std::move(second));
        }
        from = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
      }
    }
  }
  scope_.spawn(watch_validity());
  if (!unlisted.empty()) scope_.spawn(list_former(std::move(unlisted)));
  co_return Unit{};
}

// What is under way follows from its records and is taken up at the next start: nobody waits for a slow partner here.
void Acm::close() {
  is_closing_ = true;
  scope_.cancel();
  links_.clear();
}

Task<bool> Acm::pause(Seconds seconds) {
  if (is_closing_) co_return false;
  runtime::OneShotPair<Unit> pair;
  co_await pair.waiter.until(home().shard.now() + seconds);
  co_return !is_closing_;
}

Task<Result<Unit>> Acm::put_client(std::string tenant, AcmClient record) {
  CLAVIGER_CO_TRY(good, check_client(record));
  Context* here = contexts_[runtime::Shard::current().index()].get();
  record.created_at = numeric_date(here->shard.wall());
  storage::Transaction transaction;
  transaction.put(tables::kAcmClients, client_key(tenant, record.id), as_bytes(encode(record)));
  CLAVIGER_CO_TRY(committed, co_await here->store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<Result<Unit>> Acm::remove_client(std::string tenant, std::string id) {
  Context* here = contexts_[runtime::Shard::current().index()].get();
  const std::string key = client_key(tenant, id);
  auto value = co_await here->store.get(tables::kAcmClients, key);
  if (value.failed_with(Code::NotFound)) co_return Error{Code::AcmClientUnknown, "acm.client"};
  if (!value) co_return value.error();
  storage::Transaction transaction;
  transaction.erase(tables::kAcmClients, key);
  CLAVIGER_CO_TRY(committed, co_await here->store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<Result<std::vector<AcmClient>>> Acm::list_clients(std::string tenant) {
  Context* here = contexts_[runtime::Shard::current().index()].get();
  const std::string prefix = broker::record_prefix({tenant, "client"});
  CLAVIGER_CO_TRY(rows, co_await storage::range_all(&here->store, tables::kAcmClients, prefix,
                                                    broker::record_prefix_end(prefix), kPartiesMax));
  std::vector<AcmClient> all;
  for (const storage::Record& row : rows) {
    auto one = decode_client(row.value);
    if (one)
      all.push_back(*std::move(one));
    else
      name_skipped(*here, prefix, row.key, one.error());
  }
  co_return all;
}

Task<Result<Unit>> Acm::put_partner(std::string tenant, AcmPartner record, std::shared_ptr<SecretBytes> key) {
  CLAVIGER_CO_TRY(good, check_partner(record));
  Context* here = contexts_[runtime::Shard::current().index()].get();
  const std::string row = partner_key(tenant, record.system);
  if (key != nullptr && !key->empty()) {
    CLAVIGER_CO_TRY(sealed, here->sealer.seal(tables::kAcmClients, row, key->reveal()));
    codec::hex_encode(as_bytes(sealed), record.sealed_key);
  } else if (!record.certificate_pem.empty()) {
    auto before = co_await find_partner(tenant, record.system);
    if (!before || before->sealed_key.empty()) co_return Error{Code::BadValue, "acm.key"};
    record.sealed_key = before->sealed_key;
  }
  record.created_at = numeric_date(here->shard.wall());
  storage::Transaction transaction;
  transaction.put(tables::kAcmClients, row, as_bytes(encode(record)));
  CLAVIGER_CO_TRY(committed, co_await here->store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<Result<Unit>> Acm::remove_partner(std::string tenant, std::string system) {
  Context* here = contexts_[runtime::Shard::current().index()].get();
  CLAVIGER_CO_TRY(known, co_await find_partner(tenant, system));
  storage::Transaction transaction;
  transaction.erase(tables::kAcmClients, partner_key(tenant, system));
  CLAVIGER_CO_TRY(committed, co_await here->store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<Result<std::vector<AcmPartner>>> Acm::list_partners(std::string tenant) {
  Context* here = contexts_[runtime::Shard::current().index()].get();
  const std::string prefix = broker::record_prefix({tenant, "partner"});
  CLAVIGER_CO_TRY(rows, co_await storage::range_all(&here->store, tables::kAcmClients, prefix,
                                                    broker::record_prefix_end(prefix), kPartiesMax));
  std::vector<AcmPartner> all;
  for (const storage::Record& row : rows) {
    auto one = decode_partner(row.value);
    if (one)
      all.push_back(*std::move(one));
    else
      name_skipped(*here, prefix, row.key, one.error());
  }
  co_return all;
}

Task<Result<AcmPartner>> Acm::find_partner(std::string tenant, std::string system) {
  Context* here = contexts_[runtime::Shard::current().index()].get();
  auto value = co_await here->store.get(tables::kAcmClients, partner_key(tenant, system));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::AcmPartnerUnknown, "acm.partner"};
  if (!value) co_return value.error();
  co_return decode_partner(*value);
}

Task<Result<Setup>> Acm::find_setup(std::string key) {
  auto value = co_await home().store.get(tables::kAcmSetups, std::move(key));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::SetupUnknown, "acm.setup"};
  if (!value) co_return value.error();
  co_return decode_setup(*value);
}

Task<Result<StageRecord>> Acm::find_stage(std::string key) {
  auto value = co_await home().store.get(tables::kAcmSetups, std::move(key));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::SetupUnknown, "acm.stage"};
  if (!value) co_return value.error();
  co_return decode_stage(*value);
}

Task<Result<Unit>> Acm::put_stage(std::string key, StageRecord record) {
  record.updated_at = numeric_date(home().shard.wall());
  storage::Transaction transaction;
  transaction.expect_version(tables::kAcmSetups, key, record.version);
  transaction.put(tables::kAcmSetups, key, as_bytes(encode(record)));
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  if (is_under_way(record.stage))
    under_way_.insert(key);
  else
    under_way_.erase(key);
  co_return Unit{};
}

Task<Result<Acm::Journal>> Acm::look_up(std::string tenant, std::string asker, Asker said) {
  Journal journal;
  journal.key = broker::record_key({tenant, asker, said.idempotency_key});
  auto value = co_await home().store.get(tables::kAcmJournal, journal.key);
  if (value.failed_with(Code::NotFound)) co_return journal;
  if (!value) co_return value.error();
  const std::string_view text = value->text();
  if (text.size() < 65 || text.front() != 1) co_return Error{Code::Corrupt, "acm.journal"};
  if (text.substr(1, 64) != said.body_digest) co_return Error{Code::IdempotencyKeyReused, "acm.journal"};
  journal.id = text.substr(65);
  co_return journal;
}

void Acm::remember(storage::Transaction& transaction, const Journal& journal, const Asker& said,
                   const std::string& id) {
  const std::string value = std::string(1, '\1') + said.body_digest + id;
  transaction.expect_absent(tables::kAcmJournal, journal.key);
  transaction.put(tables::kAcmJournal, journal.key, as_bytes(value), numeric_date(home().shard.wall()) + kJournalKept);
}

Task<Result<std::string>> Acm::ask(std::string tenant, Asker asker, std::shared_ptr<const Setup> setup) {
  auto start_there = [this, tenant = std::move(tenant), asker = std::move(asker), setup = std::move(setup)] {
    return ask_here(tenant, asker, setup);
  };
  auto done = co_await at_home<std::string>(std::move(start_there));
  co_return done;
}
Task<Result<SetupView>> Acm::view(std::string tenant, std::string id) {
  auto start_there = [this, tenant = std::move(tenant), id = std::move(id)] { return view_here(tenant, id); };
  auto done = co_await at_home<SetupView>(std::move(start_there));
  co_return done;
}
Task<Result<Unit>> Acm::withdraw(std::string tenant, std::string id, std::string who) {
  auto start_there = [this, tenant = std::move(tenant), id = std::move(id), who = std::move(who)] {
    return withdraw_here(tenant, id, who);
  };
  auto done = co_await at_home<Unit>(std::move(start_there));
  co_return done;
}
Task<Result<std::string>> Acm::accept(std::string tenant, AcmPartner from, Asker asker,
                                      std::shared_ptr<const Setup> setup) {
  auto shared = std::make_shared<const AcmPartner>(std::move(from));
  auto start_there = [this, tenant = std::move(tenant), shared, asker = std::move(asker), setup = std::move(setup)] {
    return accept_here(tenant, shared, asker, setup);
  };
  auto done = co_await at_home<std::string>(std::move(start_there));
  co_return done;
}
Task<Result<Acm::InboundView>> Acm::inbound(std::string tenant, std::string home_system, std::string id) {
  auto start_there = [this, tenant = std::move(tenant), home_system = std::move(home_system), id = std::move(id)] {
    return inbound_here(tenant, home_system, id);
  };
  auto done = co_await at_home<InboundView>(std::move(start_there));
  co_return done;
}
Task<Result<Unit>> Acm::decide(std::string tenant, std::string home_system, std::string id, bool is_approved,
                               std::string who) {
  const Stage to = is_approved ? Stage::Running : Stage::Rejected;
  auto start_there = [this, tenant = std::move(tenant), home_system = std::move(home_system), id = std::move(id), to,
                      who = std::move(who)] { return change_inbound(tenant, home_system, id, to, who); };
  auto done = co_await at_home<Unit>(std::move(start_there));
  co_return done;
}
Task<Result<Unit>> Acm::withdraw_inbound(std::string tenant, std::string home_system, std::string id, std::string who) {
  auto start_there = [this, tenant = std::move(tenant), home_system = std::move(home_system), id = std::move(id),
                      who = std::move(who)] {
    return change_inbound(tenant, home_system, id, Stage::Withdrawing, who);
  };
  auto done = co_await at_home<Unit>(std::move(start_there));
  co_return done;
}

}  // namespace claviger::administration
