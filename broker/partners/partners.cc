#include "broker/partners/partners.h"

#include <algorithm>
#include <functional>
#include <map>

#include "broker/partners/derived_sessions.h"
#include "broker/partners/owed_ends.h"
#include "broker/partners/partner_keys.h"
#include "broker/partners/revocation_poll.h"
#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/verifier/key_refresh_limiter.h"
#include "core/http/client.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"
#include "core/runtime/scope.h"
#include "storage/page.h"

namespace claviger::partners {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;
using Name = std::pair<std::string, std::string>;  // tenant, partner

// tenant NUL name [NUL what]
struct KeyParts {
  Name name;
  std::string what;
};
Result<KeyParts> parts_of(std::string_view key) {
  const std::size_t first = key.find('\0');
  if (first == std::string_view::npos) return Error{Code::Corrupt, "partners.key"};
  const std::size_t second = key.find('\0', first + 1);
  KeyParts parts;
  parts.name.first = key.substr(0, first);
  parts.name.second = key.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
  if (second != std::string_view::npos) parts.what = key.substr(second + 1);
  return parts;
}

Seconds next_retry(Seconds last, Seconds most) { return std::min(last * 2, most); }

// `error`: a Code's name; empty: it is heard again.
void log_reach(Context& context, const std::string& tenant, const std::string& partner, std::string_view what,
               std::string_view error) {
  Logger& logger = context.shard.logger();
  if (error.empty()) {
    logger.warning("partner.reached", {{"tenant", tenant}, {"partner", partner}, {"what", what}});
  } else {
    logger.warning("partner.unreachable", {{"tenant", tenant}, {"partner", partner}, {"what", what}, {"why", error}});
  }
}

}  // namespace

// A connection to one partner. Shared by its followers and by whoever refreshes at the moment.
struct Partners::Link {
  Link(runtime::Shard& shard, http::ClientOptions options, std::string its_tenant, Partner its_partner)
      : tenant(std::move(its_tenant)), partner(std::move(its_partner)), client(shard, std::move(options)) {}

  const std::string tenant;
  const Partner partner;
  http::Client client;
  std::optional<std::uint64_t> feed_next;
  std::int64_t feed_heard_at = 0;  // NumericDate
  std::string_view keys_error;     // of the last try
  std::string_view feed_error;
  bool has_answered = false;  // for its keys, since its feed was asked for
};

// What goes on in the background for one partner, until it is dropped.
struct Partners::Follower {
  explicit Follower(std::shared_ptr<Link> its_link) : link(std::move(its_link)) {}
  std::shared_ptr<Link> link;
  runtime::Scope scope;  // last: its tasks go first
};

struct Partners::Home {
  explicit Home(runtime::Shard& shard) : key_turns(shard) {}
  std::map<Name, Partner> records;
  std::map<Name, KnownKeys> keys;
  std::map<Name, std::unique_ptr<Follower>> followers;
  runtime::Turns key_turns;  // one fetch because of tokens at a time, a partner
  tokens::KeyRefreshLimiter limiter;
  bool is_stopped = false;
  bool is_stale = false;  // the records may be others than those that were published
  runtime::Scope scope;   // last: its tasks go first
};

Partners::Partners(Contexts& contexts)
    : contexts_(contexts), turns_(contexts.front()->shard), home_(std::make_unique<Home>(contexts.front()->shard)) {
  for (std::size_t i = 0; i < contexts.size(); ++i) shards_.push_back(std::make_unique<PerShard>());
}
Partners::~Partners() { CLAVIGER_ASSERT(home_->followers.empty()); }

std::shared_ptr<const PartnerTable> Partners::table() const {
  return shards_[runtime::Shard::current().index()]->table;
}
codec::JsonReader& Partners::reader() { return shards_[runtime::Shard::current().index()]->reader; }

Task<Result<Unit>> Partners::start() {
  auto turn = co_await turns_.take("partners");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(loaded, co_await reload());
  home_->scope.spawn(sweep_owed());
  co_return Unit{};
}

Task<void> Partners::sweep_owed() {
  for (;;) {
    const auto settled = co_await settle_all_owed(&home());
    if (!settled) home().shard.logger().warning("partner.sweep", {{"code", name_of(settled.error().code)}});
    co_await home().shard.wait_until(home().shard.now() + kSettleEvery);
  }
}

void Partners::stop() {
  home_->is_stopped = true;
  home_->scope.cancel();
  home_->followers.clear();
}

Task<Result<Unit>> Partners::reload() {
  home_->is_stale = true;
  CLAVIGER_CO_TRY(loaded, co_await load());
  co_await publish();
  CLAVIGER_CO_TRY(followed, co_await follow_changed());
  home_->is_stale = false;
  co_return Unit{};
}

Task<Result<Unit>> Partners::catch_up() {
  if (!home_->is_stale) co_return Unit{};
  co_return co_await reload();
}

Task<Result<Unit>> Partners::load() {
  std::map<Name, Partner> records;
  std::map<Name, FetchedKeys> fetched;
  std::string from;
  for (bool is_last = false; !is_last;) {
    auto page = co_await home().store.range(tables::kPartners, from, "", storage::kRangeMax);
    if (!page) co_return page.error();
    for (const storage::Record& record : *page) {
      CLAVIGER_CO_TRY(parts, parts_of(record.key));
      if (parts.what.empty()) {
        CLAVIGER_CO_TRY(partner, decode_partner(record.value, parts.name.second));
        records.emplace(parts.name, std::move(partner));
      } else if (parts.what == "keys") {
        CLAVIGER_CO_TRY(keys, decode_fetched_keys(record.value.bytes()));
        fetched.emplace(parts.name, std::move(keys));
      }
    }
    is_last = !storage::is_full_page(*page, storage::kRangeMax);
    if (!is_last) from = page->back().key + '\0';
  }
  std::vector<Name> names;
  for (const auto& [name, partner] : records) names.push_back(name);
  std::map<Name, KnownKeys> keys;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Partner& partner = records.at(names[i]);
    FetchedKeys wanted{0, partner.jwks};
    if (const auto found = fetched.find(names[i]); !partner.jwks_uri.empty() && found != fetched.end()) {
      wanted = found->second;
    }
    const auto known = home_->keys.find(names[i]);
    const bool is_known =
        known != home_->keys.end() && known->second.issuer == partner.issuer && known->second.jwks == wanted.jwks;
    if (is_known) wanted.fetched_at = std::max(wanted.fetched_at, known->second.fetched_at);
    if (!is_known && wanted.jwks.empty()) continue;
    auto read = is_known ? Result<KnownKeys>(known->second) : Result<KnownKeys>(KnownKeys());
    if (!is_known) {
      read = co_await read_partner_keys(&home(), partner.issuer, wanted.jwks, nullptr);
      if (!read) {
        home().shard.logger().error("partner.keys", {{"partner", partner.name}, {"code", name_of(read.error().code)}});
        continue;
      }
    }
    read->fetched_at = wanted.fetched_at;
    keys.emplace(names[i], *std::move(read));
  }
  // A fetch may have ended while we read.
  for (const auto& [name, partner] : records) {
    const auto now = home_->keys.find(name);
    if (now != home_->keys.end()) keep_newer(keys[name], now->second, partner.issuer);
  }
  std::erase_if(keys, [](const auto& name_and_keys) { return name_and_keys.second.set == nullptr; });
  home_->records = std::move(records);
  home_->keys = std::move(keys);
  co_return Unit{};
}

void Partners::forget_keys(const std::string& tenant, const std::string& name) {
  home_->keys.erase(Name{tenant, name});
}

Task<void> Partners::publish() {
  auto table = std::make_shared<PartnerTable>();
  for (const auto& [name, partner] : home_->records) {
    auto view = std::make_shared<PartnerView>();
    view->tenant = name.first;
    view->partner = partner;
    if (const auto keys = home_->keys.find(name); keys != home_->keys.end()) {
      view->keys = keys->second.set;
      view->fetched_at = keys->second.fetched_at;
    }
    table->by_tenant[name.first].push_back(std::move(view));
  }
  std::function<void(Context&)> step = [this, published = std::shared_ptr<const PartnerTable>(std::move(table))](
                                           Context& on) { shards_[on.shard.index()]->table = published; };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(&home(), std::move(shared_step));
}

Task<Result<Unit>> Partners::follow_changed() {
  const auto is_followed = [](const Partner& partner) {
    return partner.is_enabled && (!partner.jwks_uri.empty() || !partner.revocations_uri.empty());
  };
  std::erase_if(home_->followers, [&](const auto& name_and_follower) {
    const auto record = home_->records.find(name_and_follower.first);
    return record == home_->records.end() || !is_followed(record->second) ||
           record->second.version != name_and_follower.second->link->partner.version;
  });
  std::vector<std::pair<Name, Partner>> wanted;
  for (const auto& [name, partner] : home_->records) {
    if (is_followed(partner) && !home_->followers.contains(name)) wanted.emplace_back(name, partner);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto work = [ca = wanted[i].second.ca_pem] {
      net::TlsClientOptions options;
      options.ca_pem = ca;
      return net::TlsContext::client(std::move(options));
    };
    auto made = co_await runtime::offload(&home().work_pool, std::move(work));
    if (!made) co_return made.error();
    if (!*made) {
      home().shard.logger().error("partner.tls",
                                  {{"partner", wanted[i].second.name}, {"code", name_of(made->error().code)}});
      continue;
    }
    if (home_->is_stopped) co_return Unit{};
    http::ClientOptions options;
    options.tls = **std::move(made);
    auto link = std::make_shared<Link>(home().shard, std::move(options), wanted[i].first.first, wanted[i].second);
    auto follower = std::make_unique<Follower>(link);
    Follower& started = *follower;
    home_->followers.emplace(wanted[i].first, std::move(follower));
    if (!link->partner.jwks_uri.empty()) started.scope.spawn(follow_keys(link));
    if (!link->partner.revocations_uri.empty()) started.scope.spawn(follow_feed(link));
  }
  co_return Unit{};
}

Task<Result<Unit>> Partners::fetch_keys(std::shared_ptr<Link> link) {
  http::ClientRequest request(http::Method::Get, link->partner.jwks_uri);
  request.with("accept", "application/json");
  request.timeout = kRefreshWaitMax;
  request.response_bytes_max = kJwksBytesMax;
  CLAVIGER_CO_TRY(response, co_await link->client.send(std::move(request)));
  if (response.status != 200) co_return Error{Code::Unreachable, "partner.jwks"};
  link->has_answered = true;
  const Name name{link->tenant, link->partner.name};
  const auto known = home_->keys.find(name);
  KnownKeys keys;
  if (known != home_->keys.end() && known->second.jwks == response.body) {
    keys = known->second;
  } else {
    auto former = known == home_->keys.end() ? nullptr : known->second.set;
    CLAVIGER_CO_TRY(read, co_await read_partner_keys(&home(), link->partner.issuer, std::move(response.body), former));
    keys = std::move(read);
    home().shard.logger().info("partner.keys_changed", {{"tenant", link->tenant}, {"partner", link->partner.name}});
  }
  keys.fetched_at = numeric_date(home().shard.wall());
  FetchedKeys kept{keys.fetched_at, keys.jwks};
  storage::Transaction change;
  // Nothing is left behind for a partner that is being removed.
  change.expect_version(tables::kPartners, partner_key(link->tenant, link->partner.name), link->partner.version);
  change.put(tables::kPartners, partner_keys_key(link->tenant, link->partner.name),
             as_bytes(encode_fetched_keys(kept)));
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(change)));
  home_->keys.insert_or_assign(name, std::move(keys));
  co_await publish();
  co_return Unit{};
}

Task<void> Partners::follow_keys(std::shared_ptr<Link> link) {
  Seconds retry = kRetryFirst;
  bool was_reached = true;
  for (;;) {
    const auto fetched = co_await fetch_keys(link);
    link->keys_error = fetched ? std::string_view() : name_of(fetched.error().code);
    if (fetched.has_value() != was_reached) {
      log_reach(home(), link->tenant, link->partner.name, "keys", link->keys_error);
      was_reached = fetched.has_value();
    }
    const Seconds wait = fetched ? kKeysEvery : retry;
    retry = fetched ? kRetryFirst : next_retry(retry, kRetryLast);
    co_await home().shard.wait_until(home().shard.now() + wait);
  }
}

// How many changes there were.
Task<Result<std::size_t>> Partners::poll_feed(std::shared_ptr<Link> link) {
  if (!link->feed_next) {
    CLAVIGER_CO_TRY(next, co_await read_feed_position(&home(), link->tenant, link->partner.name));
    link->feed_next = next;
  }
  CLAVIGER_CO_TRY(request, feed_request(home(), link->tenant, link->partner, *link->feed_next));
  CLAVIGER_CO_TRY(response, co_await link->client.send(std::move(request)));
  CLAVIGER_CO_TRY(delta, co_await read_feed_answer(&home(), std::move(response), *link->feed_next));
  const std::size_t count = delta.changes.size();
  if (count != 0) {
    CLAVIGER_CO_TRY(applied, co_await apply_partner_revocations(&home(), link->tenant, link->partner.name,
                                                                link->partner.issuer, std::move(delta.changes)));
    // Behind what it stands for: after a crash the same changes come again and find nothing left to do.
    CLAVIGER_CO_TRY(kept, co_await keep_feed_position(&home(), link->tenant, link->partner, delta.next));
  }
  link->feed_next = delta.next;
  co_return count;
}

Task<void> Partners::follow_feed(std::shared_ptr<Link> link) {
  Seconds retry = kRetryFirst;
  bool was_reached = true;
  for (;;) {
    const Monotonic begun = home().shard.now();
    const auto polled = co_await poll_feed(link);
    link->feed_error = polled ? std::string_view() : name_of(polled.error().code);
    if (polled) link->feed_heard_at = numeric_date(home().shard.wall());
    if (polled.has_value() != was_reached) {
      log_reach(home(), link->tenant, link->partner.name, "feed", link->feed_error);
      was_reached = polled.has_value();
    }
    Monotonic next;
    if (!polled) {
      next = home().shard.now() + retry;
      retry = next_retry(retry, kFeedRetryLast);
    } else {
      retry = kRetryFirst;
      // A partner that does not hold the poll is asked once a second.
      next = begun + (*polled == 0 ? Milliseconds(Seconds{1}) : kFeedPollFloor);
    }
    // Who answers for his keys, perhaps because an operator has asked, is back.
    link->has_answered = false;
    const auto is_asked_again = [&link, &polled] { return !polled && link->has_answered; };
    while (next > home().shard.now() && !is_asked_again()) {
      const Monotonic look = std::min(next, home().shard.now() + kRetryFirst);
      co_await home().shard.wait_until(look);
    }
  }
}

Task<Result<Unit>> Partners::refresh_at_home(std::string tenant, std::string name) {
  const Name who{std::move(tenant), std::move(name)};
  const auto record = home_->records.find(who);
  if (record == home_->records.end()) co_return Error{Code::PartnerUnknown, "partner.name"};
  if (record->second.jwks_uri.empty()) co_return Error{Code::PartnerInvalid, "partner.jwks_uri"};
  const auto follower = home_->followers.find(who);
  if (follower == home_->followers.end()) co_return Error{Code::PartnerDisabled, "partner.name"};
  std::shared_ptr<Link> link = follower->second->link;
  co_return co_await fetch_keys(std::move(link));
}

Task<Result<Unit>> Partners::refresh_unknown_at_home(std::string tenant, std::string name,
                                                     std::shared_ptr<const tokens::KeySet> known) {
  const Name who{tenant, name};
  auto turn = co_await home_->key_turns.take(tenant + '/' + name);
  if (!turn) co_return turn.error();
  const auto has_others = [&] {
    const auto keys = home_->keys.find(who);
    return keys != home_->keys.end() && keys->second.set != known;
  };
  if (has_others()) co_return Unit{};  // somebody who waited before us has asked
  if (!home_->limiter.may_refresh(tenant + '/' + name, home().shard.now())) {
    co_return Error{Code::TokenKeyUnknown, "partner.refresh"};
  }
  CLAVIGER_CO_TRY(fetched, co_await refresh_at_home(std::move(tenant), std::move(name)));
  if (!has_others()) co_return Error{Code::TokenKeyUnknown, "partner.refresh"};
  co_return Unit{};
}

Task<Result<std::vector<PartnerFigures>>> Partners::figures_at_home() {
  std::vector<PartnerFigures> all;
  for (const auto& [name, partner] : home_->records) {
    PartnerFigures& one = all.emplace_back();
    one.tenant = name.first;
    one.partner = name.second;
    if (const auto keys = home_->keys.find(name); keys != home_->keys.end()) {
      one.keys_fetched_at = keys->second.fetched_at;
    }
    const auto follower = home_->followers.find(name);
    one.follows_keys = partner.is_enabled && !partner.jwks_uri.empty();
    one.follows_feed = partner.is_enabled && !partner.revocations_uri.empty();
    if (follower == home_->followers.end()) continue;
    one.feed_heard_at = follower->second->link->feed_heard_at;
    one.keys_error = follower->second->link->keys_error;
    one.feed_error = follower->second->link->feed_error;
  }
  co_return all;
}

Task<Result<std::vector<PartnerFigures>>> Partners::figures() {
  auto begin = [this] { return figures_at_home(); };
  co_return co_await runtime::call_on(&home().shard, std::move(begin));
}

Task<Result<Unit>> Partners::refresh_keys(Context*, std::string tenant, std::string name) {
  auto begin = [this, tenant = std::move(tenant), name = std::move(name)] { return refresh_at_home(tenant, name); };
  co_return co_await runtime::call_on(&home().shard, std::move(begin));
}

Task<Result<Unit>> Partners::refresh_for_unknown_key(Context*, std::string tenant, std::string name,
                                                     std::shared_ptr<const tokens::KeySet> known) {
  auto begin = [this, tenant = std::move(tenant), name = std::move(name), known = std::move(known)] {
    return refresh_unknown_at_home(tenant, name, known);
  };
  co_return co_await runtime::call_on(&home().shard, std::move(begin));
}

}  // namespace claviger::partners
