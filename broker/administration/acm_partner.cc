// The partner side (steps 4 to 7): a home system's request checked, kept, decided where the agreement asks for it, and the
// users set up at our identity server and on the list of the MC service servers; taken back when it is withdrawn, or when
// their time is over.
//
// A visitor is a user of ours without any credential: he signs in at home and comes with a security token
// (broker/partners). His names here follow from his home system and MC ID.
#include <algorithm>

#include "broker/administration/acm.h"
#include "broker/migration/migration_service.h"
#include "broker/partners/partner_users.h"
#include "broker/partners/security_token.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/uri.h"
#include "storage/page.h"

namespace claviger::administration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

bool is_over(const SetupUser& user, std::int64_t now) { return user.valid_until != 0 && user.valid_until <= now; }

// Step 4, user by user: what the home system may ask for, here and of the identity server (`idms`), which will have to know
// him by a URI of its partner's domains.
bool is_admissible(const AcmPartner& from, const partners::PartnerRef& idms, const SetupUser& user, std::int64_t now) {
  if (!is_in_domains(user.mc_id, from.domains) || is_over(user, now)) return false;
  const bool is_known_there = codec::parse_uri(user.mc_id).has_value() &&
                              (idms == nullptr || partners::is_in_domains(user.mc_id, idms->partner.domains));
  if (!is_known_there) return false;
  return std::ranges::all_of(user.service_ids,
                             [&](const std::string& id) { return id.empty() || is_in_domains(id, from.domains); });
}

bool asks_the_same(const Setup& one, const Setup& other) {
  const auto is_same = [](const SetupUser& a, const SetupUser& b) {
    return a.mc_id == b.mc_id && a.service_ids == b.service_ids && a.valid_from == b.valid_from &&
           a.valid_until == b.valid_until;
  };
  return one.targets == other.targets && one.is_all_or_nothing == other.is_all_or_nothing &&
         std::ranges::equal(one.users, other.users, is_same);
}

}  // namespace

Task<Result<std::string>> Acm::accept_here(std::string tenant, std::shared_ptr<const AcmPartner> from, Asker asker,
                                           std::shared_ptr<const Setup> setup) {
  auto turn = co_await turns_.take("accept/" + tenant + "/" + from->system);
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(journal, co_await look_up(tenant, "system:" + from->system, asker));
  if (!journal.id.empty()) co_return journal.id;
  if (!is_same_name(setup->home, from->system)) co_return Error{Code::AcmNotAuthorised, "acm.home_system"};
  const auto is_ours = [&from](const std::string& target) { return is_same_name(target, from->own_system); };
  if (std::ranges::none_of(setup->targets, is_ours)) {
    co_return Error{Code::AcmPartnerUnknown, "acm.targets"};
  }
  // The journal forgets a key, the request that is called by it does not.
  auto former = co_await find_setup(inbound_key(tenant, from->system, asker.idempotency_key));
  if (!former && !former.failed_with(Code::SetupUnknown)) co_return former.error();
  if (former && !asks_the_same(*former, *setup)) co_return Error{Code::IdempotencyKeyReused, "acm.key"};
  if (former) co_return former->id;
  CLAVIGER_CO_TRY(has_room, co_await check_room(tenant, from, setup));
  Setup kept = *setup;
  kept.home = from->system;
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
  under_way_.insert(state_key(tenant, from->system, kept.id));
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
    from = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
  }
  for (const SetupUser& user : view.setup.users) {
    const auto found = statuses.find(user.mc_id);
    view.users.push_back(
        {user.mc_id, found == statuses.end() ? std::string(name_of(view.stage.stage)) : found->second});
  }
  co_return view;
}

// By their stages, which are small; what a request says is read of those alone that are on the page. Twice through the
// stages: first what is under way, then what has ended. A page's last is "1 SYSTEM REQUEST" or "2 SYSTEM REQUEST".
Task<Result<Acm::InboundPage>> Acm::list_inbound(std::string tenant, std::string after, std::size_t limit,
                                                 Users wanted) {
  broker::Context* here = contexts_[runtime::Shard::current().index()].get();
  const bool is_good_cursor = after.empty() || after.starts_with("1 ") || after.starts_with("2 ");
  if (!is_good_cursor) co_return Error{Code::BadValue, "acm.after"};
  const std::string requests = broker::record_prefix({tenant, "in"});
  const std::string prefix = broker::record_prefix({tenant, "state"});
  const std::string end = broker::record_prefix_end(prefix);
  InboundPage page;
  std::size_t users = 0;
  std::string rest = after.empty() ? std::string() : after.substr(2);
  std::ranges::replace(rest, ' ', '\0');
  for (char pass = after.starts_with("2 ") ? '2' : '1'; pass <= '2'; ++pass) {
    for (std::string from = rest.empty() ? prefix : prefix + rest + '\0'; !from.empty();) {
      CLAVIGER_CO_TRY(rows, co_await here->store.range(tables::kAcmSetups, from, end, storage::kRangeMax));
      from = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
      for (std::size_t i = 0; i < rows.size(); ++i) {
        auto stage = decode_stage(rows[i].value);
        if (!stage && pass == '1') name_skipped(*here, prefix, rows[i].key, stage.error());
        if (!stage || is_under_way(stage->stage) != (pass == '1')) continue;
        std::string name = rows[i].key.substr(prefix.size());
        std::string setup_row = requests + name;
        auto setup = co_await find_setup(std::move(setup_row));
        if (!setup && !is_unreadable(setup.error().code)) co_return setup.error();
        if (!setup) {
          name_skipped(*here, prefix, rows[i].key, setup.error());
          continue;
        }
        InboundView view{*std::move(setup), *std::move(stage), {}, 0};
        view.asked = view.setup.users.size();
        users += view.asked;
        if (wanted == Users::Counted) view.setup.users = {};
        page.views.push_back(std::move(view));
        const std::size_t users_max = wanted == Users::Counted ? kCountedUsersMax : kListedUsersMax;
        if (page.views.size() < std::min(limit, kListedMax) && users < users_max) continue;
        std::ranges::replace(name, '\0', ' ');
        page.next = std::string(1, pass) + ' ' + name;
        co_return page;
      }
    }
    rest.clear();
  }
  co_return page;
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
  const partners::PartnerRef idms = partners_.table()->find(tenant, from->partner);
  if (!is_admissible(*from, idms, setup->users[index], numeric_date(home().shard.wall()))) {
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
  if (code == Code::AcmQuota) {
    *status = "REJECTED";
    co_return;
  }
  home().shard.logger().warning(
      "acm.user_failed",
      {{"tenant", tenant}, {"request", setup->id}, {"code", claviger::name_of(code)}, {"where", done.error().where}});
  *status = code == Code::UserDisabled ? "REJECTED" : "FAILED";
}

Task<Result<Unit>> Acm::run_inbound(std::string tenant, std::string home_system, std::string id) {
  CLAVIGER_CO_TRY(read, co_await find_setup(inbound_key(tenant, home_system, id)));
  auto setup = std::make_shared<const Setup>(std::move(read));
  auto partner = co_await find_partner(tenant, home_system);
  if (partner.failed_with(Code::AcmPartnerUnknown)) co_return co_await abandon_inbound(tenant, home_system, id);
  if (!partner) co_return partner.error();
  auto from = std::make_shared<const AcmPartner>(*std::move(partner));
  const std::int64_t now = numeric_date(home().shard.wall());
  const partners::PartnerRef idms = partners_.table()->find(tenant, from->partner);
  // With all or nothing the checks of everybody come before the first effect.
  const bool is_refused = setup->is_all_or_nothing && !std::ranges::all_of(setup->users, [&](const SetupUser& user) {
                            return is_admissible(*from, idms, user, now);
                          });
  bool has_failed = false;
  std::size_t good = 0, bad = 0;
  for (std::size_t begin = 0; begin < setup->users.size(); begin += kSideBySide) {
    const std::size_t end = std::min(setup->users.size(), begin + kSideBySide);
    std::vector<std::string> statuses(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      auto row = co_await home().store.get(tables::kAcmUsers, user_row(tenant, home_system, id, setup->users[i].mc_id));
      if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
      if (row)
        statuses[i - begin] = row->text();  // done before a restart
      else if (is_refused)
        statuses[i - begin] = "REJECTED";
    }
    // They write into this frame: nothing returns from it before all of them have.
    runtime::Scope side_by_side;
    for (std::size_t i = begin; i < end; ++i) {
      std::string& status = statuses[i - begin];
      if (status.empty()) side_by_side.spawn(set_up_into(tenant, from, setup, i, &status));
    }
    co_await side_by_side.close();
    storage::Transaction transaction;
    bool must_retry = false;
    for (std::size_t i = begin; i < end; ++i) {
      const std::string& status = statuses[i - begin];
      must_retry = must_retry || status.empty();
      if (!status.empty()) ++(is_good(status) ? good : bad);
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
  // Refused at the second look, too: somebody's time may have ended between two attempts.
  if (setup->is_all_or_nothing && (has_failed || (good != 0 && bad != 0))) {
    Result<Unit> first = Unit{};
    // Compensation: nobody stays who came with this request, and who was there before is as he was.
    for (std::size_t i = 0; i < setup->users.size(); ++i) {
      const std::string mc_id = setup->users[i].mc_id;
      auto row = co_await home().store.get(tables::kAcmUsers, user_row(tenant, home_system, id, mc_id));
      const bool is_rejected = row && row->text() == "REJECTED";
      if (is_rejected) continue;
      auto undone = co_await take_back(tenant, home_system, mc_id, id);
      if (!undone) {
        if (first) first = undone.error();
        continue;  // those behind him are not to stay for that
      }
      storage::Transaction transaction;
      const std::string_view failed = "FAILED";
      transaction.put(tables::kAcmUsers, user_row(tenant, home_system, id, mc_id), as_bytes(failed));
      CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
    }
    if (!first) co_return first.error();
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

// True: created by this request. Who is not here yet takes a place of the agreement's quota, and gives it back when he does
// not stay. AcmQuota.
Task<Result<bool>> Acm::set_up(std::string tenant, std::shared_ptr<const AcmPartner> from,
                               std::shared_ptr<const Setup> setup, std::size_t index) {
  const std::string key = visitor_key(tenant, from->system, setup->users[index].mc_id);
  auto turn = co_await turns_.take("visitor/" + key);
  if (!turn) co_return turn.error();
  auto row = co_await home().store.get(tables::kAcmUsers, key);
  if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
  if (!row) {
    CLAVIGER_CO_TRY(placed, co_await take_place(tenant, from));
  }
  auto done = co_await set_up_in_turn(tenant, from, setup, index);
  if (!row && !done) {
    auto written = co_await home().store.get(tables::kAcmUsers, key);
    if (written.failed_with(Code::NotFound)) give_up_place(tenant, from->system);
  }
  co_return done;
}

// Each step is repeated without harm; the visitor's row comes first, so that whatever follows can be found and undone.
Task<Result<bool>> Acm::set_up_in_turn(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                       std::shared_ptr<const Setup> setup, std::size_t index) {
  const SetupUser* asked = &setup->users[index];
  const std::string key = visitor_key(tenant, from->system, asked->mc_id);
  Visitor visitor;
  auto row = co_await home().store.get(tables::kAcmUsers, key);
  if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
  std::vector<std::string> former_ids;
  std::string former_sub;
  std::string former;  // as another request left him
  if (row) {
    CLAVIGER_CO_TRY(known, decode_visitor(*row));
    visitor = std::move(known);
    former_ids = visitor.service_ids;
    former_sub = visitor.sub;
    if (visitor.setup != setup->id) former = encode(visitor);
  }
  const std::string former_row = former_key(tenant, from->system, setup->id, asked->mc_id);
  bool is_new = former.empty();
  if (row && is_new) {  // begun before a restart: whom did it find then?
    auto found = co_await home().store.get(tables::kAcmUsers, former_row);
    if (!found && !found.failed_with(Code::NotFound)) co_return found.error();
    is_new = !found;
  }
  auto mapped = co_await partners::read_partner_user(&home(), tenant, from->partner,
                                                     partners::PartnerUserKind::PrimaryMcId, asked->mc_id);
  if (!mapped && !mapped.failed_with(Code::PartnerUserUnknown)) co_return mapped.error();
  // Confirmed, not created (step 5): an operator mapped him to a user of his choice, which is not ours to end.
  const bool is_confirmed = mapped.has_value() && visitor.sub.empty();
  if (!is_confirmed) {
    CLAVIGER_CO_TRY(sub, co_await local_user(tenant, from, setup, index));
    visitor.sub = std::move(sub);
  }
  auto asked_for = std::make_shared<const Visitor>(visitor);
  CLAVIGER_CO_TRY(free, co_await check_not_shut(tenant, asked_for));
  visitor.mc_id = asked->mc_id;
  visitor.setup = setup->id;
  visitor.idms = from->partner;
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
  if (!former.empty()) transaction.put(tables::kAcmUsers, former_row, as_bytes(former));
  for (const std::string& id : former_ids) {
    if (std::ranges::find(visitor.service_ids, id) == visitor.service_ids.end()) {
      migration::erase_migration_service(transaction, tenant, from->system, id);
    }
  }
  if (visitor.service_ids.empty() || visitor.sub != former_sub) {
    migration::erase_migration_list(transaction, tenant, from->system, former_sub);
  }
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  note_time(tenant, visitor);
  if (visitor.is_open) {
    auto shared = std::make_shared<const Visitor>(visitor);
    CLAVIGER_CO_TRY(opened, co_await open_visitor(tenant, from, shared));
  }
  co_return is_new && !is_confirmed;
}

// The agreement was removed under it: what was done is undone, and nobody waits for what cannot be.
Task<Result<Unit>> Acm::abandon_inbound(std::string tenant, std::string home_system, std::string id) {
  CLAVIGER_CO_TRY(stage, co_await find_stage(state_key(tenant, home_system, id)));
  if (stage.stage != Stage::Running) co_return Unit{};
  stage.stage = Stage::Withdrawing;
  stage.reason = "the agreement with this system was removed";
  auto put = co_await put_stage(state_key(tenant, home_system, id), std::move(stage));
  if (!put && !put.failed_with(Code::Conflict)) co_return put.error();
  co_return Unit{};
}

Task<Result<Unit>> Acm::undo_inbound(std::string tenant, std::string home_system, std::string id) {
  CLAVIGER_CO_TRY(setup, co_await find_setup(inbound_key(tenant, home_system, id)));
  // One with whom it does not go delays nobody else; what is left is tried again.
  Result<Unit> first = Unit{};
  for (std::size_t i = 0; i < setup.users.size(); ++i) {
    auto undone = co_await take_back(tenant, home_system, setup.users[i].mc_id, id);
    if (!undone && first) first = undone.error();
  }
  if (!first) co_return first.error();
  CLAVIGER_CO_TRY(stage, co_await find_stage(state_key(tenant, home_system, id)));
  stage.stage = Stage::Withdrawn;
  CLAVIGER_CO_TRY(put, co_await put_stage(state_key(tenant, home_system, id), std::move(stage)));
  home().shard.logger().info("acm.undone", {{"tenant", tenant}, {"system", home_system}, {"request", id}});
  co_return Unit{};
}

}  // namespace claviger::administration
