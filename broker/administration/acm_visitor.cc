// The visitor himself: the user here whom a home system's request stands for, let in, given back to the request that held
// him before, ended, and his time.
#include <algorithm>
#include <limits>

#include "broker/administration/acm.h"
#include "broker/identity/owned_domains.h"
#include "broker/identity/user_procedures.h"
#include "broker/migration/migration_service.h"
#include "broker/partners/partner_procedures.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "storage/page.h"

namespace claviger::administration {

namespace tables = broker::tables;
using runtime::Task;

std::string visitor_key(std::string_view tenant, std::string_view home_system, std::string_view mc_id) {
  return broker::record_key({tenant, "visitor", home_system, mc_id});
}
std::string former_key(std::string_view tenant, std::string_view home_system, std::string_view id,
                       std::string_view mc_id) {
  return broker::record_key({tenant, "former", home_system, id, mc_id});
}
std::string user_row(std::string_view tenant, std::string_view home_system, std::string_view id,
                     std::string_view mc_id) {
  return broker::record_key({tenant, "in", home_system, id, mc_id});
}

namespace {

// Requests for one visitor, one upon the other: more than anybody makes.
constexpr std::size_t kFormersMax = 64;

// Of both names, hexadecimal: what stands for him where his MC ID must not, in his login and in logs.
std::string mark_of(std::string_view home_system, std::string_view mc_id) {
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(std::string(home_system) + '\0' + std::string(mc_id)));
  std::string mark;
  codec::hex_encode(Bytes(digest).first(10), mark);
  return mark;
}

// Where visitors' names lie: our MC system ID's domain, unless the tenant has said which domains it owns and that is none of
// them; an MC system ID need not be a domain.
std::string domain_of_visitors(const AcmPartner& from, const identity::OwnedDomains& owned) {
  const bool is_owned = owned.domains.empty() || identity::lies_in_domains("sip:" + from.own_system, owned.domains);
  return is_owned ? from.own_system : owned.domains.front();
}

// Who disabled a visitor's user: kByUs, when he ended or was given back; kByHand, and then his home's word enables him no more.
std::string shut_row(std::string_view tenant, std::string_view sub) {
  return broker::record_key({tenant, "shut", sub});
}
constexpr std::string_view kByUs = "acm";
constexpr std::string_view kByHand = "hand";

// What nobody else can be called.
struct LocalNames {
  std::string login;
  std::string mc_id;
  std::array<std::string, 3> service_ids;
};
LocalNames local_names(const AcmPartner& from, const SetupUser& user, const std::string& domain) {
  const std::string mark = mark_of(from.system, user.mc_id);
  LocalNames names;
  names.login = "visitor-" + mark;
  names.mc_id = "sip:visitor-" + mark + "@" + domain;
  const bool names_none = std::ranges::all_of(user.service_ids, &std::string::empty);
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    const bool is_given = names_none ? std::ranges::find(from.services, kServices[i]) != from.services.end()
                                     : !user.service_ids[i].empty();
    if (is_given) names.service_ids[i] = "sip:visitor-" + mark + "." + std::string(kServices[i]) + "@" + domain;
  }
  return names;
}

}  // namespace

// The user here, made when he is not there yet.
Task<Result<std::string>> Acm::local_user(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                          std::shared_ptr<const Setup> setup, std::size_t index) {
  CLAVIGER_CO_TRY(owned, co_await identity::read_owned_domains(&home(), tenant));
  LocalNames names = local_names(*from, setup->users[index], domain_of_visitors(*from, owned));
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
    // He is called as he was, wherever names lie by now.
    const std::array<const std::string*, 3> present{&user->mcptt_id, &user->mcvideo_id, &user->mcdata_id};
    for (std::size_t i = 0; i < present.size(); ++i) {
      const bool stays = !names.service_ids[i].empty() && !present[i]->empty();
      if (stays) names.service_ids[i] = *present[i];
    }
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

// UserDisabled: somebody here disabled him, and only somebody here lets him in again.
Task<Result<Unit>> Acm::check_not_shut(std::string tenant, std::shared_ptr<const Visitor> visitor) {
  if (visitor->sub.empty()) co_return Unit{};
  auto user = co_await identity::find_user(&home(), tenant, visitor->sub);
  if (!user) co_return user.error();
  if (user->status == identity::UserStatus::Enabled) co_return Unit{};
  auto row = co_await home().store.get(tables::kAcmUsers, shut_row(tenant, visitor->sub));
  if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
  // Without a row we never closed him; or a build that kept none did, and left no visitor.
  const bool is_ours = row ? row->text() == kByUs : visitor->version == 0;
  if (!is_ours) co_return Error{Code::UserDisabled, "acm.visitor"};
  co_return Unit{};
}

// Steps 5 and 6: the identity server takes his security tokens, the MC service servers know his identities.
Task<Result<Unit>> Acm::open_visitor(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                     std::shared_ptr<const Visitor> visitor) {
  if (!visitor->sub.empty()) {
    CLAVIGER_CO_TRY(free, co_await check_not_shut(tenant, visitor));
    auto enabled = co_await identity::enable_user(&home(), tenant, visitor->sub);
    if (!enabled) co_return enabled.error();
    partners::PartnerUser mapping;
    mapping.kind = partners::PartnerUserKind::PrimaryMcId;
    mapping.id = visitor->mc_id;
    mapping.sub = visitor->sub;
    auto mapped = co_await partners::add_partner_user(&partners_, &home(), tenant, from->partner, std::move(mapping));
    if (!mapped) co_return mapped.error();
  }
  storage::Transaction transaction;
  if (!visitor->sub.empty()) {
    const std::string shut = shut_row(tenant, visitor->sub);
    auto row = co_await home().store.get(tables::kAcmUsers, shut);
    if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
    if (row) transaction.erase(tables::kAcmUsers, shut);
  }
  for (const std::string& id : visitor->service_ids) {
    migration::put_migration_service(transaction, tenant, from->system, id, visitor->valid_until);
  }
  // Whom an operator mapped he judged himself: he is as he was, with a list or without.
  const bool is_listed = !visitor->sub.empty() && !visitor->service_ids.empty();
  if (is_listed) migration::put_migration_list(transaction, tenant, from->system, visitor->sub);
  if (transaction.empty()) co_return Unit{};
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  co_return Unit{};
}

// Whether a request stands and has, or is about to have, this user set up.
Task<Result<bool>> Acm::still_asks(std::string tenant, std::string home_system, std::string id, std::string mc_id) {
  auto stage = co_await find_stage(state_key(tenant, home_system, id));
  if (stage.failed_with(Code::SetupUnknown)) co_return false;
  if (!stage) co_return stage.error();
  if (stage->stage != Stage::Running && stage->stage != Stage::Done) co_return false;
  auto row = co_await home().store.get(tables::kAcmUsers, user_row(tenant, home_system, id, mc_id));
  if (row.failed_with(Code::NotFound)) co_return stage->stage == Stage::Running;
  if (!row) co_return row.error();
  co_return is_good(row->text());
}

// As the last request before `id` left him that still asks for him; nothing: there is none.
Task<Result<std::optional<Visitor>>> Acm::former_visitor(std::string tenant, std::string home_system, std::string mc_id,
                                                         std::string id) {
  const std::int64_t now = numeric_date(home().shard.wall());
  for (std::size_t i = 0; i < kFormersMax; ++i) {
    auto row = co_await home().store.get(tables::kAcmUsers, former_key(tenant, home_system, id, mc_id));
    if (row.failed_with(Code::NotFound)) break;
    if (!row) co_return row.error();
    auto former = decode_visitor(*row);
    if (!former) {
      name_skipped(home(), broker::record_prefix({tenant, "former"}), former_key(tenant, home_system, id, mc_id),
                   former.error());
      break;
    }
    CLAVIGER_CO_TRY(asks, co_await still_asks(tenant, home_system, former->setup, mc_id));
    const bool is_over = former->valid_until != 0 && former->valid_until <= now;
    if (asks && !is_over) co_return std::optional<Visitor>(*std::move(former));
    id = former->setup;
  }
  co_return std::optional<Visitor>();
}

// What is kept of a visitor for requests from `from` back to `until`, which keeps its own; all of it when there is no such
// request among them. Of one that was withdrawn in between it stayed, for the later ones led past it.
Task<Result<std::vector<std::string>>> Acm::former_rows(std::string tenant, std::string home_system, std::string mc_id,
                                                        std::string from, std::string until) {
  std::vector<std::string> keys;
  for (std::string id = std::move(from); keys.size() < kFormersMax && id != until;) {
    std::string key = former_key(tenant, home_system, id, mc_id);
    auto row = co_await home().store.get(tables::kAcmUsers, key);
    if (row.failed_with(Code::NotFound)) break;
    if (!row) co_return row.error();
    keys.push_back(std::move(key));
    auto former = decode_visitor(*row);
    if (!former) break;
    id = std::move(former->setup);
  }
  co_return keys;
}

// Undoes what this request did to a visitor, and no more: whom an earlier one had set up is as that one left him, everybody
// else ends. A visitor whom a later one has asked for is that one's.
Task<Result<Unit>> Acm::take_back(std::string tenant, std::string home_system, std::string mc_id, std::string setup) {
  const std::string key = visitor_key(tenant, home_system, mc_id);
  auto turn = co_await turns_.take("visitor/" + key);
  if (!turn) co_return turn.error();
  auto row = co_await home().store.get(tables::kAcmUsers, key);
  if (row.failed_with(Code::NotFound)) co_return Unit{};
  if (!row) co_return row.error();
  auto visitor = decode_visitor(*row);
  if (!visitor) {
    // Whose he is nobody can read; the others of the request are not to wait for that.
    name_skipped(home(), broker::record_prefix({tenant, "visitor"}), key, visitor.error());
    co_return Unit{};
  }
  if (visitor->setup != setup) co_return Unit{};
  auto present = std::make_shared<const Visitor>(*std::move(visitor));
  auto partner = co_await find_partner(tenant, home_system);
  if (!partner && !partner.failed_with(Code::AcmPartnerUnknown)) co_return partner.error();
  if (partner) {
    CLAVIGER_CO_TRY(former, co_await former_visitor(tenant, home_system, mc_id, setup));
    // Another user than then: what an operator had mapped for him has gone meanwhile.
    if (former && former->sub == present->sub) {
      auto from = std::make_shared<const AcmPartner>(*std::move(partner));
      auto before = std::make_shared<const Visitor>(*std::move(former));
      co_return co_await give_back(tenant, from, present, before);
    }
  }
  co_return co_await end_visitor(tenant, home_system, present);
}

// The row last: until then all of it is done again after a restart.
Task<Result<Unit>> Acm::give_back(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                  std::shared_ptr<const Visitor> present, std::shared_ptr<const Visitor> before) {
  Visitor next = *before;
  next.is_open = next.valid_from <= numeric_date(home().shard.wall());
  if (!next.sub.empty()) {
    // Who was removed by hand is not made anew: there is nobody to be given back.
    auto user = co_await identity::find_user(&home(), tenant, next.sub);
    if (user.failed_with(Code::UserUnknown)) co_return co_await end_visitor(tenant, from->system, present);
    if (!user) co_return user.error();
    CLAVIGER_CO_TRY(read, co_await find_setup(inbound_key(tenant, from->system, next.setup)));
    auto setup = std::make_shared<const Setup>(std::move(read));
    const auto asked = std::ranges::find(setup->users, next.mc_id, &SetupUser::mc_id);
    if (asked == setup->users.end()) co_return Error{Code::Corrupt, "acm.former"};
    const auto index = static_cast<std::size_t>(asked - setup->users.begin());
    CLAVIGER_CO_TRY(sub, co_await local_user(tenant, from, setup, index));
    if (sub != next.sub) co_return co_await end_visitor(tenant, from->system, present);
  }
  if (next.is_open) {
    auto opening = std::make_shared<const Visitor>(next);
    auto opened = co_await open_visitor(tenant, from, opening);
    if (opened.failed_with(Code::UserDisabled)) co_return co_await end_visitor(tenant, from->system, present);
    if (!opened) co_return opened.error();
  } else {
    CLAVIGER_CO_TRY(closed, co_await close_visitor(tenant, from->partner, present));
  }
  const std::string key = visitor_key(tenant, from->system, next.mc_id);
  CLAVIGER_CO_TRY(formers, co_await former_rows(tenant, from->system, next.mc_id, present->setup, next.setup));
  storage::Transaction transaction;
  transaction.expect_version(tables::kAcmUsers, key, present->version);
  transaction.put(tables::kAcmUsers, key, as_bytes(encode(next)));
  for (const std::string& row : formers) transaction.erase(tables::kAcmUsers, row);
  for (const std::string& id : present->service_ids) {
    const bool stays = next.is_open && std::ranges::find(next.service_ids, id) != next.service_ids.end();
    if (!stays) migration::erase_migration_service(transaction, tenant, from->system, id);
  }
  if (next.service_ids.empty()) migration::erase_migration_list(transaction, tenant, from->system, present->sub);
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  note_time(tenant, next);
  co_return Unit{};
}

// His tokens and sessions are dead when this returns. `idms`: his identity server among our partners; empty: nobody knows any
// more, and his mapping leads to a disabled user.
Task<Result<Unit>> Acm::close_visitor(std::string tenant, std::string idms, std::shared_ptr<const Visitor> visitor) {
  if (visitor->sub.empty()) co_return Unit{};
  auto user = co_await identity::find_user(&home(), tenant, visitor->sub);
  if (!user && !user.failed_with(Code::UserUnknown)) co_return user.error();
  if (user) {
    const std::string shut = shut_row(tenant, visitor->sub);
    const bool is_enabled = user->status == identity::UserStatus::Enabled;
    auto row = co_await home().store.get(tables::kAcmUsers, shut);
    if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
    // Before he is disabled: done again after a restart, it is known still that it was us.
    if (!row || is_enabled) {
      storage::Transaction transaction;
      const std::string_view by = is_enabled ? kByUs : kByHand;
      transaction.put(tables::kAcmUsers, shut, as_bytes(by));
      CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
    }
  }
  auto disabled = co_await identity::disable_user(&home(), tenant, visitor->sub);
  if (!disabled && !disabled.failed_with(Code::UserUnknown)) co_return disabled.error();
  if (idms.empty()) co_return Unit{};
  auto unmapped = co_await partners::remove_partner_user(&partners_, &home(), tenant, idms,
                                                         partners::PartnerUserKind::PrimaryMcId, visitor->mc_id);
  const bool is_gone =
      unmapped || unmapped.failed_with(Code::PartnerUserUnknown) || unmapped.failed_with(Code::PartnerUnknown);
  if (!is_gone) co_return unmapped.error();
  co_return Unit{};
}

// All of it. The user's record stays, disabled, because his identities never become anybody else's. Ends also when the
// agreement with his system has gone: then his own row says which identity server it was.
Task<Result<Unit>> Acm::end_visitor(std::string tenant, std::string home_system,
                                    std::shared_ptr<const Visitor> visitor) {
  CLAVIGER_CO_TRY(counted, co_await count_visitors(tenant, home_system));
  auto partner = co_await find_partner(tenant, home_system);
  if (!partner && !partner.failed_with(Code::AcmPartnerUnknown)) co_return partner.error();
  std::string idms = partner ? partner->partner : visitor->idms;
  CLAVIGER_CO_TRY(closed, co_await close_visitor(tenant, std::move(idms), visitor));
  const std::string key = visitor_key(tenant, home_system, visitor->mc_id);
  CLAVIGER_CO_TRY(formers, co_await former_rows(tenant, home_system, visitor->mc_id, visitor->setup, std::string()));
  storage::Transaction transaction;
  transaction.expect_version(tables::kAcmUsers, key, visitor->version);
  transaction.erase(tables::kAcmUsers, key);
  for (const std::string& row : formers) transaction.erase(tables::kAcmUsers, row);
  for (const std::string& id : visitor->service_ids) {
    migration::erase_migration_service(transaction, tenant, home_system, id);
  }
  migration::erase_migration_list(transaction, tenant, home_system, visitor->sub);
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  give_up_place(tenant, home_system);
  co_return Unit{};
}

// Ends him whose time is over, lets in him whose time has begun: without a message from their home. As he stands now, and nobody
// else has him in hand: the page that he was found on may be seconds old.
Task<Result<Unit>> Acm::look_at_time(std::string tenant, std::string system, std::string key) {
  auto turn = co_await turns_.take("visitor/" + key);
  if (!turn) co_return turn.error();
  auto row = co_await home().store.get(tables::kAcmUsers, key);
  if (row.failed_with(Code::NotFound)) co_return Unit{};
  if (!row) co_return row.error();
  CLAVIGER_CO_TRY(read, decode_visitor(*row));
  auto visitor = std::make_shared<const Visitor>(std::move(read));
  const std::int64_t now = numeric_date(home().shard.wall());
  if (visitor->valid_until != 0 && visitor->valid_until <= now) {
    CLAVIGER_CO_TRY(ended, co_await end_visitor(tenant, system, visitor));
    home().shard.logger().info("acm.expired", {{"tenant", tenant}, {"system", system}, {"request", visitor->setup}});
    co_return Unit{};
  }
  if (visitor->is_open || visitor->valid_from > now) co_return Unit{};
  CLAVIGER_CO_TRY(partner, co_await find_partner(tenant, system));
  auto from = std::make_shared<const AcmPartner>(std::move(partner));
  Visitor next = *visitor;
  next.is_open = true;
  auto opening = std::make_shared<const Visitor>(next);
  auto opened = co_await open_visitor(tenant, from, opening);
  if (opened.failed_with(Code::UserDisabled)) co_return Unit{};  // until somebody here enables him
  if (!opened) co_return opened.error();
  storage::Transaction transaction;
  transaction.expect_version(tables::kAcmUsers, key, visitor->version);
  transaction.put(tables::kAcmUsers, key, as_bytes(encode(next)));
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  co_return Unit{};
}

// A time of his that lies ahead.
void Acm::note_time(const std::string& tenant, const Visitor& visitor) {
  const auto due = due_.find(tenant);
  if (due == due_.end()) return;  // everybody is looked at soon in any case
  if (visitor.valid_until != 0) due->second = std::min(due->second, visitor.valid_until);
  if (!visitor.is_open) due->second = std::min(due->second, visitor.valid_from);
}

// One whom something is wrong with is named and passed over: those behind him have their time, too. Before the next time of
// anybody nobody is looked at.
Task<Result<Unit>> Acm::look_at_validity(std::string tenant) {
  const auto due = due_.find(tenant);
  if (due != due_.end() && due->second > numeric_date(home().shard.wall())) co_return Unit{};
  due_[tenant] = std::numeric_limits<std::int64_t>::max();  // whoever is written from here on notes his time
  const auto looked = co_await look_at_everybody(tenant);
  if (!looked) due_.erase(tenant);
  co_return looked;
}

Task<Result<Unit>> Acm::look_at_everybody(std::string tenant) {
  const std::string prefix = broker::record_prefix({tenant, "visitor"});
  const std::string end = broker::record_prefix_end(prefix);
  const std::int64_t now = numeric_date(home().shard.wall());
  for (std::string at = prefix; !at.empty() && !is_closing_;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmUsers, at, end, storage::kRangeMax));
    at = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::string_view rest = std::string_view(rows[i].key).substr(prefix.size());
      const std::size_t cut = std::min(rest.find('\0'), rest.size());
      const std::string system(rest.substr(0, cut));
      const std::string mark = mark_of(system, rest.substr(std::min(cut + 1, rest.size())));
      Result<Unit> looked = Unit{};
      const auto visitor = decode_visitor(rows[i].value);
      if (!visitor) {
        looked = visitor.error();
      } else {
        const bool has_ended = visitor->valid_until != 0 && visitor->valid_until <= now;
        const bool has_begun = !visitor->is_open && visitor->valid_from <= now;
        if (has_ended || has_begun) looked = co_await look_at_time(tenant, system, rows[i].key);
        Visitor later = *visitor;
        later.is_open = later.is_open || (has_begun && looked);
        if (!has_ended || !looked) note_time(tenant, later);
      }
      if (looked) continue;
      home().shard.logger().warning("acm.visitor_skipped", {{"tenant", tenant},
                                                            {"system", system},
                                                            {"visitor", "visitor-" + mark},
                                                            {"code", claviger::name_of(looked.error().code)},
                                                            {"where", looked.error().where}});
    }
  }
  co_return Unit{};
}

Task<void> Acm::watch_validity() {
  for (;;) {
    const bool goes_on = co_await pause(kValidityEvery);
    if (!goes_on) co_return;
    const std::int64_t now = numeric_date(home().shard.wall());
    const bool forgets = now - forgot_at_ >= kForgetEvery;
    if (forgets) forgot_at_ = now;
    std::vector<std::string> tenants;
    for (const auto& [name, view] : home().snapshot->tenants) tenants.push_back(name);
    for (std::size_t i = 0; i < tenants.size(); ++i) {
      if (forgets) {
        const auto forgotten = co_await forget_ended(tenants[i]);
        if (!forgotten) {
          home().shard.logger().warning("acm.forget",
                                        {{"tenant", tenants[i]}, {"code", claviger::name_of(forgotten.error().code)}});
        }
      }
      const auto looked = co_await look_at_validity(tenants[i]);
      if (!looked) {
        home().shard.logger().warning("acm.validity",
                                      {{"tenant", tenants[i]}, {"code", claviger::name_of(looked.error().code)}});
      }
    }
  }
}

}  // namespace claviger::administration
