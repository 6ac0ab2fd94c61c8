#include "broker/identity/sign_in_throttle.h"

#include "broker/identity/source_bucket.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace claviger::identity {
namespace {

// 2^20 seconds are twelve days: beyond that every delay is at its maximum.
constexpr std::uint32_t kDoublingsMax = 20;

// What a guesser cannot have many of; whatever is no address stands for itself.
std::string network_of(std::string_view source) {
  std::array<unsigned char, 16> address;
  const std::string text(source);
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1)
    return "6" + std::string(address.begin(), address.begin() + 4);
  if (inet_pton(AF_INET, text.c_str(), address.data()) == 1)
    return "4" + std::string(address.begin(), address.begin() + 2);
  return text;
}

}  // namespace

std::uint64_t SignInThrottle::hash(char kind, std::string_view tenant, std::string_view login,
                                   std::string_view source) const {
  const std::string bucket = bucket_of(source);
  std::string text;
  text.reserve(4 + tenant.size() + login.size() + bucket.size());
  text += kind;
  for (const std::string_view part : {tenant, login, std::string_view(bucket)}) {
    text += part;
    text += '\0';
  }
  return siphash(key_, text);
}

Milliseconds SignInThrottle::wait_of(Table& table, std::uint64_t key, Monotonic now) {
  const Counter* counter = table.find(key);
  if (counter == nullptr || counter->not_before <= now) return Milliseconds{0};
  return std::chrono::ceil<Milliseconds>(counter->not_before - now);
}

// The number of tries with this one.
std::uint32_t SignInThrottle::count(Table& table, std::uint64_t key, const Rule& rule, Monotonic now) {
  Counter* counter = table.find(key);
  if (counter == nullptr) counter = &table.insert(key, {});
  if (counter->tries != 0 && now - counter->last >= rule.window) *counter = {};
  ++counter->tries;
  counter->free = rule.free;
  counter->last = now;
  if (counter->tries >= rule.free) {
    const std::uint32_t doublings = std::min(counter->tries - rule.free, kDoublingsMax);
    counter->not_before = now + std::min(rule.delay_min * (std::int64_t{1} << doublings), rule.delay_max);
  }
  return counter->tries;
}

void SignInThrottle::uncount(Table& table, std::uint64_t key) {
  Counter* counter = table.find(key);
  if (counter == nullptr) return;
  if (--counter->tries == 0) {
    table.erase(key);
  } else if (counter->tries < counter->free) {
    counter->not_before = {};
  }
}

Milliseconds SignInThrottle::wait_for_turn(std::uint64_t network, Milliseconds wait, Seconds window, Monotonic now) {
  Turn* turn = turns_.find(network);
  if (turn == nullptr || now - turn->promised >= window) {
    turns_.insert(network, Turn{now, now + wait, false});
    return wait;
  }
  if (turn->is_used) return wait;
  if (now < turn->from) return std::min(wait, std::chrono::ceil<Milliseconds>(turn->from - now));
  turn->is_used = true;
  return Milliseconds{0};
}

SignInThrottle::Verdict SignInThrottle::begin(const settings::Limits& limits, std::string_view tenant,
                                              std::string_view login, std::string_view source, Monotonic now) {
  const std::uint64_t pair = hash('p', tenant, login, source);
  const std::uint64_t account = hash('l', tenant, login, {});
  const std::uint64_t address = hash('s', {}, {}, source);
  const bool is_known_here = is_known(tenant, login, source, now);

  const std::uint64_t network = hash('n', tenant, login, network_of(source));
  if (const Monotonic* lifted = lifted_.find(account)) {
    if (const Counter* counter = pairs_.find(pair); counter != nullptr && counter->last <= *lifted) pairs_.erase(pair);
    if (const Turn* turn = turns_.find(network); turn != nullptr && turn->promised <= *lifted) turns_.erase(network);
  }

  Milliseconds wait = wait_of(pairs_, pair, now);
  const auto window = limits.sign_in_window;
  if (!is_known_here) wait = std::max(wait, wait_of(sources_, address, now));
  const Milliseconds login_wait = is_known_here ? Milliseconds{0} : wait_of(logins_, account, now);
  if (wait > Milliseconds{0}) return {false, false, std::max(wait, login_wait)};
  if (login_wait > Milliseconds{0}) {
    wait = wait_for_turn(network, login_wait, window, now);
    if (wait > Milliseconds{0}) return {false, false, wait};
  }

  const auto free = std::max(limits.sign_in_tries, 1U);
  // Logins are spread over the shards by a keyed hash, and so are the tries of a source.
  const auto source_free = std::max(limits.source_tries / static_cast<std::uint32_t>(shards_), 1U);
  const Rule pair_rule{free, kPairDelayMin, std::max<Milliseconds>(window, kPairDelayMin), window};
  const Rule login_rule{free, kLoginDelayMin, kLoginDelayMax, window};
  const Rule source_rule{source_free, kSourceDelayMin, kSourceDelayMax, window};
  const std::uint32_t tries = count(pairs_, pair, pair_rule, now);
  count(logins_, account, login_rule, now);
  if (Counter* of_login = logins_.find(account);
      wait_of(pairs_, pair, now) >= wait_of(pairs_, of_login->slowest, now)) {
    of_login->slowest = pair;
  }
  count(sources_, address, source_rule, now);
  return {true, tries >= free, Milliseconds{0}};
}

void SignInThrottle::passed(std::string_view tenant, std::string_view login, std::string_view source, Monotonic now) {
  const std::uint64_t pair = hash('p', tenant, login, source);
  pairs_.erase(pair);
  // The account's and the source's counters hold the tries of others, too: only this one is taken back.
  uncount(logins_, hash('l', tenant, login, {}));
  uncount(sources_, hash('s', {}, {}, source));
  known_.insert(pair, now);
}

void SignInThrottle::remember(std::string_view tenant, std::string_view login, std::string_view source, Monotonic now) {
  known_.insert(hash('p', tenant, login, source), now);
}

bool SignInThrottle::is_known(std::string_view tenant, std::string_view login, std::string_view source, Monotonic now) {
  const Monotonic* since = known_.find(hash('p', tenant, login, source));
  return since != nullptr && now - *since < kSourceKnown;
}

void SignInThrottle::withdraw(std::string_view tenant, std::string_view login, std::string_view source) {
  uncount(pairs_, hash('p', tenant, login, source));
  uncount(logins_, hash('l', tenant, login, {}));
  uncount(sources_, hash('s', {}, {}, source));
}

SignInThrottle::Waits SignInThrottle::waits_of(std::string_view tenant, std::string_view login, Monotonic now) {
  Waits waits;
  const std::uint64_t account = hash('l', tenant, login, {});
  const Counter* counter = logins_.find(account);
  if (counter == nullptr) return waits;
  waits.elsewhere = wait_of(logins_, account, now);
  waits.longest = std::max(waits.elsewhere, wait_of(pairs_, counter->slowest, now));
  return waits;
}

void SignInThrottle::lift_login(std::string_view tenant, std::string_view login, Monotonic now) {
  const std::uint64_t account = hash('l', tenant, login, {});
  logins_.erase(account);
  totals_.erase(hash('t', tenant, login, {}));
  lifted_.insert(account, now);
}

void SignInThrottle::lift_source(std::string_view source) { sources_.erase(hash('s', {}, {}, source)); }

Milliseconds SignInThrottle::begin_total(const Total& total, std::string_view tenant, std::string_view login,
                                         Monotonic now) {
  const std::uint64_t account = hash('t', tenant, login, {});
  Window* window = totals_.find(account);
  if (window == nullptr || now - window->begun >= total.window) window = &totals_.insert(account, Window{0, now});
  if (window->tries >= total.tries) return std::chrono::ceil<Milliseconds>(window->begun + total.window - now);
  ++window->tries;
  return Milliseconds{0};
}

Milliseconds SignInThrottle::wait_of_total(const Total& total, std::string_view tenant, std::string_view login,
                                           Monotonic now) {
  const Window* window = totals_.find(hash('t', tenant, login, {}));
  if (window == nullptr || window->tries < total.tries) return Milliseconds{0};
  return std::max(std::chrono::ceil<Milliseconds>(window->begun + total.window - now), Milliseconds{0});
}

void SignInThrottle::withdraw_total(std::string_view tenant, std::string_view login) {
  Window* window = totals_.find(hash('t', tenant, login, {}));
  if (window != nullptr && window->tries != 0) --window->tries;
}

}  // namespace claviger::identity
