// The partner side (steps 4 to 7): a home system's request checked, kept, decided where the agreement asks for it, and the
// users set up at our identity server and on the list of the MC service servers; taken back when it is withdrawn, or when
// their time is over.
//
// A visitor is a user of ours without any credential: he signs in at home and comes with a security token
// (broker/partners). His names here follow from his home system and MC ID.
#include <algorithm>

#include "broker/administration/acm.h"
#include "broker/identity/user_procedures.h"
#include "broker/migration/migration_service.h"
#include "broker/partners/partner_procedures.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"

namespace claviger::administration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

std::string visitor_key(std::string_view tenant, std::string_view home_system, std::string_view mc_id) {
  return broker::record_key({tenant, "visitor", home_system, mc_id});
}
std::string user_row(std::string_view tenant, std::string_view home_system, std::string_view id,
                     std::string_view mc_id) {
  return broker::record_key({tenant, "in", home_system, id, mc_id});
}

// What nobody else can be called, and the same each time.
struct LocalNames {
  std::string login;
  std::string mc_id;
  std::array<std::string, 3> service_ids;
};
LocalNames local_names(const AcmPartner& from, const SetupUser& user) {
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(from.system + '\0' + user.mc_id));
  std::string mark;
  codec::hex_encode(Bytes(digest).first(10), mark);
  LocalNames names;
  names.login = "visitor-" + mark;
  names.mc_id = "sip:visitor-" + mark + "@" + from.own_system;
  const bool names_none = std::ranges::all_of(user.service_ids, &std::string::empty);
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    const bool is_given = names_none ? std::ranges::find(from.services, kServices[i]) != from.services.end()
                                     : !user.service_ids[i].empty();
    if (is_given)
      names.service_ids[i] = "sip:visitor-" + mark + "." + std::string(kServices[i]) + "@" + from.own_system;
  }
  return names;
}

bool is_over(const SetupUser& user, std::int64_t now) { return user.valid_until != 0 && user.valid_until <= now; }

// Step 4, user by user: what the home system may ask for.
bool is_admissible(const AcmPartner& from, const SetupUser& user, std::int64_t now) {
  if (!is_in_domains(user.mc_id, from.domains) || is_over(user, now)) return false;
  return std::ranges::all_of(user.service_ids,
                             [&](const std::string& id) { return id.empty() || is_in_domains(id, from.domains); });
}

}  // namespace

Task<Result<std::string>> Acm::accept_here(std::string tenant, std::shared_ptr<const AcmPartner> from, Asker asker,
                                           std::shared_ptr<const Setup> setup) {
  auto turn = co_await turns_.take("accept/" + tenant + "/" + from->system);
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(journal, co_await look_up(tenant, "system:" + from->system, asker));
  if (!journal.id.empty()) co_return journal.id;
  if (setup->home != from->system) co_return Error{Code::AcmNotAuthorised, "acm.home_system"};
  if (std::ranges::find(setup->targets, from->own_system) == setup->targets.end()) {
    co_return Error{Code::AcmPartnerUnknown, "acm.targets"};
  }
  const std::string prefix = broker::record_prefix({tenant, "visitor", from->system});
  const std::string end = broker::record_prefix_end(prefix);
  std::uint64_t present = 0;
  for (std::string at = prefix; !at.empty();) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmUsers, at, end, storage::kRangeMax));
    present += rows.size();
    at = rows.size() == storage::kRangeMax ? rows.back().key + '\0' : std::string();
  }
  if (present + setup->users.size() > from->quota) co_return Error{Code::AcmQuota, "acm.quota"};
  Setup kept = *setup;
  kept.id = asker.idempotency_key;
  kept.who = asker.who;
  kept.created_at = numeric_date(home().shard.wall());
  StageRecord stage;
  stage.stage = from->is_manual ? Stage::Pending : Stage::Running;
  stage.updated_at = kept.created_at;
  storage::Transaction transaction;
  transaction.expect_absent(tables::kAcmSetups, inbound_key(tenant, from->system, kept.id));
  transaction.put(tables::kAcmSetups, inbound_key(tenant, from->system, kept.id), as_bytes(encode(kept)));
  transaction.put(tables::kAcmSetups, state_key(tenant, from->system, kept.id), as_bytes(encode(stage)));
  remember(transaction, journal, asker, kept.id);
  // The journal is durable before any effect.
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  home().shard.logger().info("acm.accepted", {{"tenant", tenant},
                                              {"system", from->system},
                                              {"request", kept.id},
                                              {"users", kept.users.size()},
                                              {"stage", name_of(stage.stage)}});
  if (stage.stage == Stage::Running) work(tenant, from->system, kept.id);
  co_return kept.id;
}

Task<Result<Acm::InboundView>> Acm::inbound_here(std::string tenant, std::string home_system, std::string id) {
  InboundView view;
  CLAVIGER_CO_TRY(setup, co_await find_setup(inbound_key(tenant, home_system, id)));
  CLAVIGER_CO_TRY(stage, co_await find_stage(state_key(tenant, home_system, id)));
  view.setup = std::move(setup);
  view.stage = std::move(stage);
  // Somebody who asks whether it is done, again and again, costs nothing per user.
  if (view.stage.stage != Stage::Done && view.stage.stage != Stage::Rejected) co_return view;
  std::map<std::string, std::string, std::less<>> statuses;
  const std::string prefix = broker::record_prefix({tenant, "in", home_system, id});
  const std::string end = broker::record_prefix_end(prefix);
  for (std::string from = prefix; !from.empty();) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmUsers, from, end, storage::kRangeMax));
    for (const storage::Record& row : rows) {
      statuses.emplace(row.key.substr(prefix.size()), std::string(row.value.text()));
    }
    from = rows.size() == storage::kRangeMax ? rows.back().key + '\0' : std::string();
  }
  for (const SetupUser& user : view.setup.users) {
    const auto found = statuses.find(user.mc_id);
    view.users.push_back(
        {user.mc_id, found == statuses.end() ? std::string(name_of(view.stage.stage)) : found->second});
  }
  co_return view;
}

Task<Result<std::vector<Acm::InboundView>>> Acm::list_inbound(std::string tenant) {
  broker::Context* here = contexts_[runtime::Shard::current().index()].get();
  const std::string prefix = broker::record_prefix({tenant, "in"});
  CLAVIGER_CO_TRY(
      rows, co_await here->store.range(tables::kAcmSetups, prefix, broker::record_prefix_end(prefix), kPartiesMax));
  std::vector<InboundView> all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CLAVIGER_CO_TRY(setup, decode_setup(rows[i].value));
    auto stage = co_await here->store.get(tables::kAcmSetups, state_key(tenant, setup.home, setup.id));
    if (!stage) co_return stage.error();
    CLAVIGER_CO_TRY(read, decode_stage(*stage));
    all.push_back({std::move(setup), std::move(read), {}});
  }
  co_return all;
}

Task<Result<Unit>> Acm::change_inbound(std::string tenant, std::string home_system, std::string id, Stage to,
                                       std::string who) {
  const std::string key = state_key(tenant, home_system, id);
  for (int tries = 0;; ++tries) {
    CLAVIGER_CO_TRY(stage, co_await find_stage(key));
    const bool is_withdrawn = stage.stage == Stage::Withdrawing || stage.stage == Stage::Withdrawn;
    if (to == Stage::Withdrawing && is_withdrawn) break;
    if (to != Stage::Withdrawing && stage.stage != Stage::Pending) co_return Error{Code::SetupDecided, "acm.decide"};
    stage.stage = to;
    stage.by = who;
    auto kept = co_await put_stage(key, std::move(stage));
    if (kept.failed_with(Code::Conflict) && tries < 8) continue;
    if (!kept) co_return kept.error();
    break;
  }
  home().shard.logger().info(
      "acm.decided",
      {{"tenant", tenant}, {"system", home_system}, {"request", id}, {"stage", name_of(to)}, {"by", who}});
  if (to != Stage::Rejected) work(tenant, home_system, id);
  co_return Unit{};
}

void Acm::work(std::string tenant, std::string home_system, std::string id) {
  if (is_closing_ || !busy_.insert(state_key(tenant, home_system, id)).second) return;
  scope_.spawn(work_on(std::move(tenant), std::move(home_system), std::move(id)));
}

Task<void> Acm::work_on(std::string tenant, std::string home_system, std::string id) {
  const std::string key = state_key(tenant, home_system, id);
  Seconds wait = kRetryFirst;
  for (;;) {
    const auto stage = co_await find_stage(key);
    if (stage && stage->stage != Stage::Running && stage->stage != Stage::Withdrawing) break;
    Result<Unit> done = Unit{};
    if (!stage) {
      done = stage.error();
    } else if (stage->stage == Stage::Running) {
      done = co_await run_inbound(tenant, home_system, id);
    } else {
      done = co_await undo_inbound(tenant, home_system, id);
    }
    if (done) continue;  // looks again: it may have been withdrawn meanwhile
    home().shard.logger().warning("acm.retry", {{"tenant", tenant},
                                                {"request", id},
                                                {"system", home_system},
                                                {"code", claviger::name_of(done.error().code)},
                                                {"where", done.error().where}});
    const bool goes_on = co_await pause(wait);
    if (!goes_on) break;
    wait = std::min(wait * 2, kRetryLast);
  }
  busy_.erase(key);
  const auto stage = co_await find_stage(key);
  if (stage && stage->stage == Stage::Withdrawing) work(tenant, home_system, id);
}

// A status of one user into the frame of run_inbound; "" for what must be tried again.
Task<void> Acm::set_up_into(std::string tenant, std::shared_ptr<const AcmPartner> from,
                            std::shared_ptr<const Setup> setup, std::size_t index, std::string* status) {
  if (!is_admissible(*from, setup->users[index], numeric_date(home().shard.wall()))) {
    *status = "REJECTED";
    co_return;
  }
  const auto done = co_await set_up(tenant, from, setup, index);
  if (done) {
    *status = *done ? "CREATED" : "EXISTED";
    co_return;
  }
  const Code code = done.error().code;
  const bool is_passing = code == Code::Overload || code == Code::Conflict || code == Code::DeadlinePassed ||
                          code == Code::NoSpace || code == Code::Io || code == Code::Closed || code == Code::Cancelled;
  if (is_passing) co_return;
  home().shard.logger().warning(
      "acm.user_failed",
      {{"tenant", tenant}, {"request", setup->id}, {"code", claviger::name_of(code)}, {"where", done.error().where}});
  *status = "FAILED";
}

Task<Result<Unit>> Acm::run_inbound(std::string tenant, std::string home_system, std::string id) {
  CLAVIGER_CO_TRY(read, co_await find_setup(inbound_key(tenant, home_system, id)));
  auto setup = std::make_shared<const Setup>(std::move(read));
  CLAVIGER_CO_TRY(partner, co_await find_partner(tenant, home_system));
  auto from = std::make_shared<const AcmPartner>(std::move(partner));
  const std::int64_t now = numeric_date(home().shard.wall());
  // With all or nothing the checks of everybody come before the first effect.
  const bool is_refused = setup->is_all_or_nothing && !std::ranges::all_of(setup->users, [&](const SetupUser& user) {
                            return is_admissible(*from, user, now);
                          });
  bool has_failed = false;
  for (std::size_t begin = 0; begin < setup->users.size(); begin += kSideBySide) {
    const std::size_t end = std::min(setup->users.size(), begin + kSideBySide);
    std::vector<std::string> statuses(end - begin);
    runtime::Scope side_by_side;
    for (std::size_t i = begin; i < end; ++i) {
      auto row = co_await home().store.get(tables::kAcmUsers, user_row(tenant, home_system, id, setup->users[i].mc_id));
      if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
      if (row)
        statuses[i - begin] = row->text();  // done before a restart
      else if (is_refused)
        statuses[i - begin] = "REJECTED";
      else
        side_by_side.spawn(set_up_into(tenant, from, setup, i, &statuses[i - begin]));
    }
    co_await side_by_side.close();
    storage::Transaction transaction;
    bool must_retry = false;
    for (std::size_t i = begin; i < end; ++i) {
      const std::string& status = statuses[i - begin];
      must_retry = must_retry || status.empty();
      has_failed = has_failed || status == "FAILED";
      if (!status.empty()) {
        transaction.put(tables::kAcmUsers, user_row(tenant, home_system, id, setup->users[i].mc_id), as_bytes(status));
      }
    }
    CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
    if (must_retry) co_return Error{Code::Overload, "acm.users"};
    CLAVIGER_CO_TRY(stage, co_await find_stage(state_key(tenant, home_system, id)));
    if (stage.stage != Stage::Running) co_return Unit{};  // withdrawn: what was done is undone next
  }
  StageRecord reason;
  if (setup->is_all_or_nothing && has_failed) {
    // Compensation: nobody stays who came with this request.
    for (std::size_t i = 0; i < setup->users.size(); ++i) {
      const std::string mc_id = setup->users[i].mc_id;
      auto ended = co_await end_visitor(tenant, home_system, mc_id, id);
      if (!ended) co_return ended.error();
      storage::Transaction transaction;
      const std::string_view failed = "FAILED";
      transaction.put(tables::kAcmUsers, user_row(tenant, home_system, id, mc_id), as_bytes(failed));
      CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
    }
  }
  CLAVIGER_CO_TRY(stage, co_await find_stage(state_key(tenant, home_system, id)));
  if (stage.stage != Stage::Running) co_return Unit{};
  stage.stage = Stage::Done;
  if (is_refused) stage.reason = "a user was refused, and it was to be all or nothing";
  auto put = co_await put_stage(state_key(tenant, home_system, id), std::move(stage));
  if (put.failed_with(Code::Conflict)) co_return Unit{};  // withdrawn this very moment
  if (!put) co_return put.error();
  home().shard.logger().info("acm.done", {{"tenant", tenant}, {"system", home_system}, {"request", id}});
  co_return Unit{};
}

// The user here, made when he is not there yet.
Task<Result<std::string>> Acm::local_user(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                          std::shared_ptr<const Setup> setup, std::size_t index) {
  const LocalNames names = local_names(*from, setup->users[index]);
  auto user = co_await identity::find_user_by_login(&home(), tenant, names.login);
  if (user.failed_with(Code::UserUnknown)) {
    identity::UserDraft draft;
    draft.login = names.login;
    draft.display_name = "Visitor from " + from->system;
    draft.mc_id = names.mc_id;
    draft.mcptt_id = names.service_ids[0];
    draft.mcvideo_id = names.service_ids[1];
    draft.mcdata_id = names.service_ids[2];
    auto made = co_await identity::create_user(&home(), tenant, std::move(draft));
    if (made.failed_with(Code::LoginTaken)) co_return Error{Code::Conflict, "acm.visitor"};
    if (!made) co_return made.error();
    co_return made->sub;
  } else if (!user) {
    co_return user.error();
  } else {
    identity::UserChange change;
    if (user->mcptt_id != names.service_ids[0]) change.mcptt_id = names.service_ids[0];
    if (user->mcvideo_id != names.service_ids[1]) change.mcvideo_id = names.service_ids[1];
    if (user->mcdata_id != names.service_ids[2]) change.mcdata_id = names.service_ids[2];
    if (change.mcptt_id || change.mcvideo_id || change.mcdata_id) {
      auto changed = co_await identity::change_user(&home(), tenant, user->sub, std::move(change));
      if (!changed) co_return changed.error();
    }
  }
  co_return user->sub;
}

// True: created by this request. Each step is repeated without harm; the visitor's row comes first, so that whatever
// follows can be found and undone.
Task<Result<bool>> Acm::set_up(std::string tenant, std::shared_ptr<const AcmPartner> from,
                               std::shared_ptr<const Setup> setup, std::size_t index) {
  const SetupUser* asked = &setup->users[index];
  const std::string key = visitor_key(tenant, from->system, asked->mc_id);
  Visitor visitor;
  auto row = co_await home().store.get(tables::kAcmUsers, key);
  if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
  const bool was_there = row.has_value();
  std::vector<std::string> former_ids;
  if (was_there) {
    CLAVIGER_CO_TRY(known, decode_visitor(*row));
    visitor = std::move(known);
    former_ids = visitor.service_ids;
  }
  const bool is_new = !was_there || visitor.setup == setup->id;
  auto mapped = co_await partners::read_partner_user(&home(), tenant, from->partner,
                                                     partners::PartnerUserKind::PrimaryMcId, asked->mc_id);
  if (!mapped && !mapped.failed_with(Code::PartnerUserUnknown)) co_return mapped.error();
  // Confirmed, not created (step 5): an operator mapped him to a user of his choice, which is not ours to end.
  const bool is_confirmed = mapped.has_value() && visitor.sub.empty();
  if (!is_confirmed) {
    CLAVIGER_CO_TRY(sub, co_await local_user(tenant, from, setup, index));
    visitor.sub = std::move(sub);
  }
  visitor.mc_id = asked->mc_id;
  visitor.setup = setup->id;
  visitor.valid_from = asked->valid_from;
  visitor.valid_until = asked->valid_until;
  visitor.is_open = visitor.valid_from <= numeric_date(home().shard.wall());
  visitor.service_ids.clear();
  for (const std::string& id : asked->service_ids) {
    if (!id.empty()) visitor.service_ids.push_back(id);
  }
  storage::Transaction transaction;
  transaction.expect_version(tables::kAcmUsers, key, visitor.version);
  transaction.put(tables::kAcmUsers, key, as_bytes(encode(visitor)));
  for (const std::string& id : former_ids) {
    if (std::ranges::find(visitor.service_ids, id) == visitor.service_ids.end()) {
      migration::erase_migration_service(transaction, tenant, from->system, id);
    }
  }
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  if (visitor.is_open) {
    auto shared = std::make_shared<const Visitor>(visitor);
    CLAVIGER_CO_TRY(opened, co_await open_visitor(tenant, from, shared));
  }
  co_return is_new && !is_confirmed;
}

// Steps 5 and 6: the identity server takes his security tokens, the MC service servers know his identities.
Task<Result<Unit>> Acm::open_visitor(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                     std::shared_ptr<const Visitor> visitor) {
  if (!visitor->sub.empty()) {
    auto enabled = co_await identity::enable_user(&home(), tenant, visitor->sub);
    if (!enabled) co_return enabled.error();
    partners::PartnerUser mapping;
    mapping.kind = partners::PartnerUserKind::PrimaryMcId;
    mapping.id = visitor->mc_id;
    mapping.sub = visitor->sub;
    auto mapped = co_await partners::add_partner_user(&partners_, &home(), tenant, from->partner, std::move(mapping));
    if (!mapped) co_return mapped.error();
  }
  if (visitor->service_ids.empty()) co_return Unit{};
  storage::Transaction transaction;
  for (const std::string& id : visitor->service_ids) {
    migration::put_migration_service(transaction, tenant, from->system, id, visitor->valid_until);
  }
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  co_return Unit{};
}

// Undoes all; only of the visitor whom this request asked for last. The user's record stays, disabled, because his
// identities never become anybody else's; his tokens and sessions are dead when this returns.
Task<Result<Unit>> Acm::end_visitor(std::string tenant, std::string home_system, std::string mc_id, std::string setup) {
  const std::string key = visitor_key(tenant, home_system, mc_id);
  auto row = co_await home().store.get(tables::kAcmUsers, key);
  if (row.failed_with(Code::NotFound)) co_return Unit{};
  if (!row) co_return row.error();
  CLAVIGER_CO_TRY(visitor, decode_visitor(*row));
  if (visitor.setup != setup) co_return Unit{};
  CLAVIGER_CO_TRY(from, co_await find_partner(tenant, home_system));
  if (!visitor.sub.empty()) {
    auto disabled = co_await identity::disable_user(&home(), tenant, visitor.sub);
    if (!disabled && !disabled.failed_with(Code::UserUnknown)) co_return disabled.error();
    auto unmapped = co_await partners::remove_partner_user(&partners_, &home(), tenant, from.partner,
                                                           partners::PartnerUserKind::PrimaryMcId, mc_id);
    const bool is_gone =
        unmapped || unmapped.failed_with(Code::PartnerUserUnknown) || unmapped.failed_with(Code::PartnerUnknown);
    if (!is_gone) co_return unmapped.error();
  }
  storage::Transaction transaction;
  transaction.expect_version(tables::kAcmUsers, key, visitor.version);
  transaction.erase(tables::kAcmUsers, key);
  for (const std::string& id : visitor.service_ids) {
    migration::erase_migration_service(transaction, tenant, home_system, id);
  }
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<Result<Unit>> Acm::undo_inbound(std::string tenant, std::string home_system, std::string id) {
  CLAVIGER_CO_TRY(setup, co_await find_setup(inbound_key(tenant, home_system, id)));
  for (std::size_t i = 0; i < setup.users.size(); ++i) {
    auto ended = co_await end_visitor(tenant, home_system, setup.users[i].mc_id, id);
    if (!ended) co_return ended.error();
  }
  CLAVIGER_CO_TRY(stage, co_await find_stage(state_key(tenant, home_system, id)));
  stage.stage = Stage::Withdrawn;
  CLAVIGER_CO_TRY(put, co_await put_stage(state_key(tenant, home_system, id), std::move(stage)));
  home().shard.logger().info("acm.undone", {{"tenant", tenant}, {"system", home_system}, {"request", id}});
  co_return Unit{};
}

// Users whose time has come, and those whose time is over: without a message from their home.
Task<Result<Unit>> Acm::look_at_validity(std::string tenant) {
  const std::int64_t now = numeric_date(home().shard.wall());
  const std::string prefix = broker::record_prefix({tenant, "visitor"});
  const std::string end = broker::record_prefix_end(prefix);
  for (std::string at = prefix; !at.empty() && !is_closing_;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmUsers, at, end, storage::kRangeMax));
    at = rows.size() == storage::kRangeMax ? rows.back().key + '\0' : std::string();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CLAVIGER_CO_TRY(visitor, decode_visitor(rows[i].value));
      const std::string_view rest = std::string_view(rows[i].key).substr(prefix.size());
      const std::string system(rest.substr(0, rest.find('\0')));
      const bool has_ended = visitor.valid_until != 0 && visitor.valid_until <= now;
      const bool has_begun = !visitor.is_open && visitor.valid_from <= now;
      if (has_ended) {
        auto ended = co_await end_visitor(tenant, system, visitor.mc_id, visitor.setup);
        if (!ended) co_return ended.error();
        home().shard.logger().info("acm.expired", {{"tenant", tenant}, {"system", system}, {"request", visitor.setup}});
      } else if (has_begun) {
        CLAVIGER_CO_TRY(partner, co_await find_partner(tenant, system));
        auto from = std::make_shared<const AcmPartner>(std::move(partner));
        visitor.is_open = true;
        auto shared = std::make_shared<const Visitor>(visitor);
        CLAVIGER_CO_TRY(opened, co_await open_visitor(tenant, from, shared));
        storage::Transaction transaction;
        transaction.expect_version(tables::kAcmUsers, rows[i].key, visitor.version);
        transaction.put(tables::kAcmUsers, rows[i].key, as_bytes(encode(visitor)));
        auto committed = co_await home().store.commit(std::move(transaction));
        if (!committed && !committed.failed_with(Code::Conflict)) co_return committed.error();
      }
    }
  }
  co_return Unit{};
}

Task<void> Acm::watch_validity() {
  for (;;) {
    const bool goes_on = co_await pause(kValidityEvery);
    if (!goes_on) co_return;
    std::vector<std::string> tenants;
    for (const auto& [name, view] : home().snapshot->tenants) tenants.push_back(name);
    for (std::size_t i = 0; i < tenants.size(); ++i) {
      const auto looked = co_await look_at_validity(tenants[i]);
      if (!looked) {
        home().shard.logger().warning("acm.validity",
                                      {{"tenant", tenants[i]}, {"code", claviger::name_of(looked.error().code)}});
      }
    }
  }
}

}  // namespace claviger::administration
