// The home side (steps 1 to 3, 7 and 8 of TR 23.700-38 figure 7.x.1.3-1): an ACM client's request checked, kept, sent to
// each partner by itself, and what they answered.
#include <algorithm>
#include <utility>

#include "broker/administration/acm.h"
#include "broker/identity/user_procedures.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/hex.h"
#include "core/net/tls_context.h"
#include "core/runtime/offload.h"
#include "storage/page.h"

namespace claviger::administration {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

constexpr Milliseconds kAnswerMax{30'000};

// Answers that will be the same however often one asks.
bool is_final_refusal(std::uint16_t status) { return status >= 400 && status < 500 && status != 408 && status != 429; }

// Of a request that was sent: taken, done or refused for good.
bool is_answer(const Result<http::ClientResponse>& sent) {
  return sent && (sent->status == 200 || sent->status == 202 || is_final_refusal(sent->status));
}

bool is_unanswered(Stage stage) { return stage == Stage::Sending || stage == Stage::Waiting; }

}  // namespace

std::string result_row(std::string_view tenant, std::string_view id, std::string_view system, std::string_view mc_id) {
  return broker::record_key({tenant, "out", id, system, mc_id});
}

// Step 2. The ACM client may speak for these users and these partners; the users are ours. The request as our own records
// write its names, which is how our tokens write them, too.
Task<Result<Setup>> Acm::check_asked(std::string tenant, std::string acmc, std::shared_ptr<const Setup> setup) {
  const std::string key = broker::record_key({tenant, "client", acmc});
  auto value = co_await home().store.get(tables::kAcmClients, key);
  if (value.failed_with(Code::NotFound)) co_return Error{Code::AcmNotAuthorised, "acm.client"};
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(client, decode_client(*value));
  Setup kept = *setup;
  CLAVIGER_CO_TRY(partners, co_await list_partners(tenant));
  for (std::size_t i = 0; i < kept.targets.size(); ++i) {
    std::string& target = kept.targets[i];
    const auto is_it = [&target](const AcmPartner& each) { return each.system == target; };
    auto partner = std::ranges::find_if(partners, is_it);
    if (partner == partners.end()) {
      const auto is_called_so = [&target](const AcmPartner& each) { return is_same_name(each.system, target); };
      partner = std::ranges::find_if(partners, is_called_so);
    }
    if (partner == partners.end()) co_return Error{Code::AcmPartnerUnknown, "acm.partner"};
    target = partner->system;
    if (partner->url.empty()) co_return Error{Code::AcmPartnerUnknown, "acm.url"};
    // Nobody asks here in the name of another system.
    if (!kept.home.empty() && !is_same_name(kept.home, partner->own_system))
      co_return Error{Code::AcmNotAuthorised, "acm.home"};
    const auto& allowed = client.partners;
    const auto is_target = [&target](const std::string& system) { return is_same_name(system, target); };
    if (!allowed.empty() && std::ranges::none_of(allowed, is_target)) {
      co_return Error{Code::AcmNotAuthorised, "acm.target"};
    }
  }
  for (std::size_t i = 0; i < kept.users.size(); ++i) {
    SetupUser* asked = &kept.users[i];
    if (!client.domains.empty() && !is_in_domains(asked->mc_id, client.domains)) {
      co_return Error{Code::AcmNotAuthorised, "acm.domain"};
    }
    auto user = co_await identity::find_user_by_mc_identity(&home(), tenant, "mc", asked->mc_id);
    if (user.failed_with(Code::UserUnknown)) co_return Error{Code::BadValue, "acm.mc_id"};
    if (!user) co_return user.error();
    const std::array<const std::string*, 3> own{&user->mcptt_id, &user->mcvideo_id, &user->mcdata_id};
    for (std::size_t service = 0; service < own.size(); ++service) {
      std::string& id = asked->service_ids[service];
      if (id.empty()) continue;
      if (one_writing(id) != one_writing(*own[service])) co_return Error{Code::BadValue, "acm.mc_service_ids"};
      id = *own[service];
    }
    asked->mc_id = user->mc_id;
  }
  co_return kept;
}

Task<Result<std::string>> Acm::ask_here(std::string tenant, Asker asker, std::shared_ptr<const Setup> setup) {
  auto turn = co_await turns_.take("ask/" + tenant);
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(journal, co_await look_up(tenant, "acmc:" + asker.acmc, asker));
  if (!journal.id.empty()) co_return journal.id;
  CLAVIGER_CO_TRY(kept, co_await check_asked(tenant, asker.acmc, setup));
  const auto fresh = home().tokens->random_id();
  if (!fresh) co_return fresh.error();
  kept.id.assign(fresh->data(), fresh->size());
  // Operators name it on a command line, where a hyphen in front begins an option.
  if (kept.id.starts_with('-')) kept.id.front() = '_';
  kept.acmc = asker.acmc;
  kept.who = asker.who;
  kept.created_at = numeric_date(home().shard.wall());
  storage::Transaction transaction;
  transaction.put(tables::kAcmSetups, setup_key(tenant, kept.id), as_bytes(encode(kept)));
  StageRecord sending;
  sending.updated_at = kept.created_at;
  for (const std::string& system : kept.targets) {
    transaction.put(tables::kAcmSetups, target_key(tenant, kept.id, system), as_bytes(encode(sending)));
  }
  remember(transaction, journal, asker, kept.id);
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  home().shard.logger().info("acm.asked", {{"tenant", tenant},
                                           {"request", kept.id},
                                           {"by", asker.who},
                                           {"users", kept.users.size()},
                                           {"targets", kept.targets.size()}});
  for (const std::string& system : kept.targets) follow(tenant, kept.id, system);
  co_return kept.id;
}

Task<Result<SetupView>> Acm::view_here(std::string tenant, std::string id) {
  SetupView view;
  CLAVIGER_CO_TRY(setup, co_await find_setup(setup_key(tenant, id)));
  view.setup = std::move(setup);
  for (std::size_t i = 0; i < view.setup.targets.size(); ++i) {
    TargetView target;
    target.system = view.setup.targets[i];
    CLAVIGER_CO_TRY(stage, co_await find_stage(target_key(tenant, id, target.system)));
    target.stage = std::move(stage);
    const std::string prefix = broker::record_prefix({tenant, "out", id, target.system});
    const std::string end = broker::record_prefix_end(prefix);
    for (std::string from = prefix; !from.empty();) {
      CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmUsers, from, end, storage::kRangeMax));
      for (const storage::Record& row : rows) {
        std::string status(row.value.text());
        // What he was is history: he is set up there no more.
        if (target.stage.stage == Stage::Withdrawn && is_good(status)) status = kWithdrawn;
        target.users.push_back({row.key.substr(prefix.size()), std::move(status)});
      }
      from = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
    }
    // Refused as a whole, or never answered: the response names whom it is about all the same (TR 23.700-38 table 7.x.1.2.2-1).
    if (target.stage.stage == Stage::Failed && target.users.empty()) {
      for (const SetupUser& user : view.setup.users) target.users.push_back({user.mc_id, "FAILED"});
    }
    view.targets.push_back(std::move(target));
  }
  co_return view;
}

Task<Result<Acm::SetupPage>> Acm::list(std::string tenant, std::string after, std::size_t limit) {
  Context* here = contexts_[runtime::Shard::current().index()].get();
  const std::string prefix = broker::record_prefix({tenant, "out"});
  const std::string end = broker::record_prefix_end(prefix);
  SetupPage page;
  std::size_t users = 0;
  for (std::string from = after.empty() ? prefix : prefix + after + '\0'; !from.empty();) {
    CLAVIGER_CO_TRY(rows, co_await here->store.range(tables::kAcmSetups, from, end, kSetupsPage));
    from = storage::is_full_page(rows, kSetupsPage) ? rows.back().key + '\0' : std::string();
    for (const storage::Record& row : rows) {
      auto one = decode_setup(row.value);
      if (!one) {
        name_skipped(*here, prefix, row.key, one.error());
        continue;
      }
      SetupHead head{*std::move(one), 0};
      head.users = std::exchange(head.setup.users, {}).size();
      users += head.users;
      page.setups.push_back(std::move(head));
      const bool is_last = &row == &rows.back() && from.empty();
      if (is_last || (page.setups.size() < std::min(limit, kListedMax) && users < kCountedUsersMax)) continue;
      page.next = row.key.substr(prefix.size());
      co_return page;
    }
  }
  co_return page;
}

Task<Result<Unit>> Acm::withdraw_here(std::string tenant, std::string id, std::string who) {
  CLAVIGER_CO_TRY(setup, co_await find_setup(setup_key(tenant, id)));
  Result<Unit> first = Unit{};
  for (std::size_t i = 0; i < setup.targets.size(); ++i) {
    const std::string system = setup.targets[i];
    for (int tries = 0;; ++tries) {
      CLAVIGER_CO_TRY(stage, co_await find_stage(target_key(tenant, id, system)));
      if (stage.stage == Stage::Withdrawn || stage.stage == Stage::Withdrawing) break;
      if (is_unanswered(stage.stage)) {
        stage.unanswered = stage.stage;
        stage.reason.clear();
      }
      stage.stage = Stage::Withdrawing;
      stage.by = who;
      auto kept = co_await put_stage(target_key(tenant, id, system), std::move(stage));
      if (kept.failed_with(Code::Conflict) && tries < 8) continue;  // its follower was quicker
      if (!kept) co_return kept.error();
      break;
    }
    // The follower first: it tells the partner, and does what comes here, too, should that not go.
    follow(tenant, id, system);
    // From the answer on nobody goes there because of it, whenever the partner hears of it.
    const auto ended = co_await end_abroad(tenant, id, system);
    if (!ended && first) first = ended.error();
  }
  home().shard.logger().info("acm.withdrawn", {{"tenant", tenant}, {"request", id}, {"by", who}});
  co_return first;
}

void Acm::follow(std::string tenant, std::string id, std::string system) {
  if (is_closing_ || !busy_.insert(target_key(tenant, id, system)).second) return;
  scope_.spawn(follow_target(std::move(tenant), std::move(id), std::move(system)));
}

void Acm::note_retry(std::string_view tenant, std::string_view id, std::string_view system, const Error& error) {
  home().shard.logger().warning("acm.retry", {{"tenant", tenant},
                                              {"request", id},
                                              {"system", system},
                                              {"code", claviger::name_of(error.code)},
                                              {"where", error.where}});
}

// One partner's slowness is its own: each is followed by itself.
Task<void> Acm::follow_target(std::string tenant, std::string id, std::string system) {
  Seconds wait = kRetryFirst;
  for (;;) {
    const auto done = co_await step(tenant, id, system);
    if (done && *done) break;
    if (!done) note_retry(tenant, id, system, done.error());
    const bool goes_on = co_await pause(wait);
    if (!goes_on) break;
    wait = std::min(wait * 2, kRetryLast);
  }
  busy_.erase(target_key(tenant, id, system));
  // Withdrawn in the very moment when it had ended: nobody else would look at it again.
  const auto stage = co_await find_stage(target_key(tenant, id, system));
  if (stage && stage->stage == Stage::Withdrawing) follow(tenant, id, system);
}

Task<void> Acm::list_former(std::vector<Target> targets) {
  for (Seconds wait = kRetryFirst; !targets.empty(); wait = std::min(wait * 2, kRetryLast)) {
    std::vector<Target> left;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const Target at = targets[i];
      const std::string key = target_key(at.tenant, at.id, at.system);
      if (!busy_.insert(key).second) continue;  // withdrawn: its follower does the rest
      const auto done = co_await step(at.tenant, at.id, at.system);
      busy_.erase(key);
      const auto stage = co_await find_stage(key);
      if (stage && stage->stage == Stage::Withdrawing) {
        follow(at.tenant, at.id, at.system);
      } else if (!done) {
        note_retry(at.tenant, at.id, at.system, done.error());
        left.push_back(at);
      }
    }
    targets = std::move(left);
    if (targets.empty()) break;
    const bool goes_on = co_await pause(wait);
    if (!goes_on) break;
  }
}

Task<Result<std::shared_ptr<Acm::Link>>> Acm::link_to(std::string tenant, std::shared_ptr<const AcmPartner> partner) {
  const std::string row = broker::record_key({tenant, "partner", partner->system});
  const std::string text = encode(*partner);
  if (const auto known = links_.find(row); known != links_.end() && known->second.first == text) {
    co_return known->second.second;
  }
  net::TlsClientOptions options;
  options.ca_pem = partner->ca_pem;
  options.certificate_chain_pem = partner->certificate_pem;
  if (!partner->certificate_pem.empty()) {
    std::string sealed(partner->sealed_key.size() / 2, '\0');
    const auto size = codec::hex_decode(partner->sealed_key, std::as_writable_bytes(std::span(sealed)));
    if (!size) co_return Error{Code::Corrupt, "acm.key"};
    CLAVIGER_CO_TRY(opened, home().sealer.open(tables::kAcmClients, row, as_bytes(sealed)));
    options.private_key_pem = std::move(opened);
  }
  auto shared = std::make_shared<net::TlsClientOptions>(std::move(options));
  auto work = [shared] { return net::TlsContext::client(std::move(*shared)); };
  auto tls = co_await runtime::offload(&home().work_pool, std::move(work));
  if (!tls) co_return tls.error();
  if (!*tls) co_return tls->error();
  http::ClientOptions client;
  client.tls = **std::move(tls);
  auto link = std::make_shared<Link>(home().shard, std::move(client));
  links_[row] = {text, link};
  co_return link;
}

Task<Result<Unit>> Acm::keep_results(std::string tenant, std::string id, std::string system,
                                     std::shared_ptr<const ResultMessage> message) {
  CLAVIGER_CO_TRY(setup, co_await find_setup(setup_key(tenant, id)));
  // Step 8: the answering system is the one that was asked, and answers for those who were asked for.
  if (!is_same_name(message->system, system)) co_return Error{Code::AnswerDiffers, "acm.system"};
  std::map<std::string, std::string_view> statuses;
  for (const UserResult& each : message->users) statuses.emplace(one_writing(each.mc_id), each.status);
  storage::Transaction transaction;
  for (const SetupUser& user : setup.users) {
    const auto found = statuses.find(one_writing(user.mc_id));
    const std::string_view status = found == statuses.end() ? std::string_view("FAILED") : found->second;
    transaction.put(tables::kAcmUsers, result_row(tenant, id, system, user.mc_id), as_bytes(status));
  }
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<Result<bool>> Acm::step(std::string tenant, std::string id, std::string system) {
  const std::string key = target_key(tenant, id, system);
  CLAVIGER_CO_TRY(stage, co_await find_stage(key));
  const bool is_open =
      stage.stage == Stage::Sending || stage.stage == Stage::Waiting || stage.stage == Stage::Withdrawing;
  if (stage.stage == Stage::Done && !stage.is_listed) {
    CLAVIGER_CO_TRY(listed, co_await list_abroad(tenant, id, system, stage.version));
    stage.is_listed = true;
    CLAVIGER_CO_TRY(put, co_await put_stage(key, std::move(stage)));
    co_return true;
  }
  if (!is_open) co_return true;
  // Who was listed before a restart, or in the very moment of the withdrawal.
  if (stage.stage == Stage::Withdrawing) {
    CLAVIGER_CO_TRY(unlisted, co_await end_abroad(tenant, id, system));
  }
  CLAVIGER_CO_TRY(setup, co_await find_setup(setup_key(tenant, id)));
  auto partner = co_await find_partner(tenant, system);
  if (partner.failed_with(Code::AcmPartnerUnknown)) {
    // Nobody is there to be asked or told, however long one waits.
    stage.reason = stage.stage == Stage::Withdrawing ? "the agreement was removed before the partner was told"
                                                     : "the agreement was removed before the partner had answered";
    if (is_unanswered(stage.stage)) stage.unanswered = stage.stage;
    stage.stage = Stage::Failed;
    CLAVIGER_CO_TRY(unlisted, co_await end_abroad(tenant, id, system));
    CLAVIGER_CO_TRY(given_up, co_await put_stage(key, std::move(stage)));
    co_return true;
  }
  if (!partner) co_return partner.error();
  auto shared_partner = std::make_shared<const AcmPartner>(*std::move(partner));
  CLAVIGER_CO_TRY(link, co_await link_to(tenant, shared_partner));
  http::ClientRequest request;
  request.timeout = kAnswerMax;
  request.response_bytes_max = kSetupBytesMax;
  request.url = shared_partner->url + (stage.stage == Stage::Sending ? std::string() : "/" + id);
  request.with("accept", "application/json");
  if (stage.stage == Stage::Sending) {
    request.method = http::Method::Post;
    request.content_type = "application/json";
    request.body = write_setup(setup, shared_partner->own_system, system, shared_partner->wants_acmc);
    // The same through all attempts and restarts: the request's own name.
    request.with("idempotency-key", id);
  } else {
    request.method = stage.stage == Stage::Withdrawing ? http::Method::Delete : http::Method::Get;
  }
  auto sent = co_await link->client.send(std::move(request));
  if (stage.stage == Stage::Sending && !is_answer(sent)) {
    // Seen by whoever asks how it stands; and somewhere it ends.
    const std::string why = sent ? "status " + std::to_string(sent->status) : std::string(name_of(sent.error().code));
    const bool is_given_up = numeric_date(home().shard.wall()) - setup.created_at >= kAskedMax;
    if (stage.reason == why && !is_given_up) co_return sent ? Error{Code::Refused, "acm.status"} : sent.error();
    stage.reason = why;
    if (is_given_up) stage.unanswered = std::exchange(stage.stage, Stage::Failed);
    CLAVIGER_CO_TRY(noted, co_await put_stage(key, std::move(stage)));
    home().shard.logger().warning(
        "acm.not_taken",
        {{"tenant", tenant}, {"request", id}, {"system", system}, {"why", why}, {"given_up", is_given_up}});
    co_return is_given_up;
  }
  if (!sent) co_return sent.error();
  http::ClientResponse answer = *std::move(sent);
  if (stage.stage == Stage::Withdrawing) {
    // Unknown there: it never came so far.
    const bool is_gone = answer.status == 200 || answer.status == 204 || answer.status == 404;
    if (!is_gone) co_return Error{Code::Refused, "acm.withdraw"};
    // It may have come and its acknowledgement not.
    const bool may_hold_unsaid =
        stage.unanswered == Stage::Waiting || (stage.unanswered == Stage::Sending && answer.status != 404);
    CLAVIGER_CO_TRY(ended, co_await end_bindings(tenant, id, system, may_hold_unsaid));
    stage.stage = Stage::Withdrawn;
  } else if (answer.status == 202) {
    if (stage.stage == Stage::Waiting) co_return false;
    stage.stage = Stage::Waiting;
    stage.reason.clear();
  } else if (answer.status == 200) {
    CLAVIGER_CO_TRY(message, parse_result(answer.body));
    auto shared_message = std::make_shared<const ResultMessage>(std::move(message));
    CLAVIGER_CO_TRY(kept, co_await keep_results(tenant, id, system, shared_message));
    CLAVIGER_CO_TRY(listed, co_await list_abroad(tenant, id, system, stage.version));
    stage.stage = Stage::Done;
    stage.is_listed = true;
    stage.reason = shared_message->reason;
  } else if (answer.status == 404 && stage.stage == Stage::Waiting) {
    stage.stage = Stage::Sending;  // it has lost what it had acknowledged, or was made anew
  } else if (is_final_refusal(answer.status)) {
    // Taken once, and whom it has set up it does not say.
    if (stage.stage == Stage::Waiting) stage.unanswered = stage.stage;
    stage.stage = Stage::Failed;
    stage.reason = "status " + std::to_string(answer.status);
  } else {
    co_return Error{Code::Refused, "acm.status"};
  }
  const bool is_done = stage.stage != Stage::Waiting && stage.stage != Stage::Sending;
  CLAVIGER_CO_TRY(put, co_await put_stage(key, std::move(stage)));
  if (is_done)
    home().shard.logger().info("acm.target",
                               {{"tenant", tenant}, {"request", id}, {"system", system}, {"status", answer.status}});
  co_return is_done;
}

}  // namespace claviger::administration
