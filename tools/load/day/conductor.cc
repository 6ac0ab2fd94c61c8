#include "tools/load/day/conductor.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "tools/load/day/acts.h"

namespace claviger::day {
namespace {

using Steady = std::chrono::steady_clock;

// Acts under way: beyond it the broker has been away for long, and more would only measure our own memory.
constexpr std::size_t kUnderWayMax = 200'000;
// Looks for a free user.
constexpr int kLooksMax = 16;
// Somebody else has the user just then: his renewal is looked at again.
constexpr Milliseconds kRenewLater{200};
constexpr Milliseconds kTick{50};
// What falls due within it is begun together: at fifty thousand a second each wake-up of its own would cost more than the act.
constexpr std::chrono::microseconds kTogether{200};

}  // namespace

Conductor::Conductor(Day& day)
    : day_(day),
      arrivals_(day.users.size()),
      poll_([](void* self, int) { static_cast<Conductor*>(self)->on_timer(); }, this) {
  std::iota(arrivals_.begin(), arrivals_.end(), std::size_t{0});
  std::shuffle(arrivals_.begin(), arrivals_.end(), day_.random);
}

Result<Unit> Conductor::start() {
  timer_ = net::Descriptor(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_.is_open()) return Error{Code::Io, "timerfd"};
  CLAVIGER_TRY(opened, poll_.open(day_.shard.loop(), timer_.number()));
  poll_.watch(UV_READABLE);
  begin_phase(Steady::now());
  arm(Steady::now());
  return Unit{};
}

Monotonic Conductor::next_arrival(Kind kind, Monotonic after) {
  const double rate = day_.plan.phases()[phase_].rates[index_of(kind)];
  if (!(rate > 0)) return Monotonic::max();
  const std::chrono::duration<double> gap(std::exponential_distribution<double>(rate)(day_.random));
  return after + std::chrono::duration_cast<Steady::duration>(gap);
}

void Conductor::begin_phase(Monotonic time) {
  const Phase& phase = day_.plan.phases()[phase_];
  day_.meter.begin_phase(phase.name);
  phase_ends_ = time + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(phase.seconds));
  for (std::size_t i = 0; i < kKinds; ++i) due_[i] = next_arrival(static_cast<Kind>(i), time);
}

void Conductor::on_timer() {
  std::uint64_t times = 0;
  (void)!::read(timer_.number(), &times, sizeof times);
  Monotonic time = Steady::now();
  while (!is_over()) {
    // What is due before the phase's end belongs to it, also when we come late.
    const Monotonic until = std::min(time, phase_ends_);
    for (std::size_t i = 0; i < kKinds; ++i) {
      const Kind kind = static_cast<Kind>(i);
      for (; due_[i] <= until; due_[i] = next_arrival(kind, due_[i])) begin_due(kind, due_[i]);
    }
    if (time < phase_ends_) break;
    const Monotonic ended = phase_ends_;
    if (++phase_ == day_.plan.phases().size()) break;
    begin_phase(ended);
  }
  if (!is_over()) begin_renewals(time);
  day_.meter.tick(time);
  if (!is_over()) arm(time);
}

void Conductor::begin_renewals(Monotonic time) {
  auto& renewals = day_.renewals;
  while (!renewals.empty() && renewals.top().due <= time) {
    Renewal renewal = renewals.top();
    renewals.pop();
    const User& user = day_.users[renewal.user];
    if (user.is_dismissed || user.issued != renewal.issued) continue;
    if (user.is_busy) {
      renewal.due = time + kRenewLater;
      renewals.push(renewal);
      continue;
    }
    day_.scope.spawn(refresh(&day_, renewal.user, renewal.due));
  }
}

std::optional<std::size_t> Conductor::free_user() {
  if (day_.signed_in.empty()) return std::nullopt;
  for (int look = 0; look < kLooksMax; ++look) {
    const std::size_t user = day_.signed_in[day_.below(day_.signed_in.size())];
    if (!day_.users[user].is_busy && day_.is_fresh(day_.users[user])) return user;
  }
  return std::nullopt;
}

void Conductor::begin_due(Kind kind, Monotonic due) {
  if (day_.scope.size() >= kUnderWayMax) {
    day_.meter.begun(kind);
    day_.meter.ended(kind, Outcome::Unserved, due);
    return;
  }
  runtime::Scope& scope = day_.scope;
  if (kind == Kind::SignIn) {
    if (arrived_ < arrivals_.size()) scope.spawn(arrive(&day_, arrivals_[arrived_++], due));
    return;
  }
  if (kind == Kind::Vector || kind == Kind::Assign) {
    const std::size_t which = day_.migrants.empty() ? 0 : migrated_++ % day_.migrants.size();
    if (!day_.migrants.empty() && !day_.migrants[which].is_busy) scope.spawn(migrate(&day_, which, due));
    return;
  }
  if (kind == Kind::Stuff) {
    scope.spawn(stuff(&day_, day_.below(day_.users.size()), due));
    return;
  }
  std::optional<std::size_t> user;
  if (kind == Kind::Keys && !day_.signed_in.empty()) {
    // One after the other: when a period changes, everybody comes.
    const std::size_t next = day_.signed_in[keys_fetched_++ % day_.signed_in.size()];
    if (!day_.users[next].is_busy) user = next;
  } else {
    user = free_user();
  }
  if (!user) return;
  switch (kind) {
    case Kind::Validate:
      scope.spawn(validate(&day_, *user, due));
      break;
    case Kind::Refresh:
      scope.spawn(refresh(&day_, *user, due));
      break;
    case Kind::Keys:
      scope.spawn(fetch_keys(&day_, *user, due));
      break;
    case Kind::Profile:
      scope.spawn(fetch_profile(&day_, *user, due));
      break;
    case Kind::Register:
    case Kind::Publish:
      scope.spawn(publish(&day_, *user, due));
      break;
    case Kind::HandOver:
      scope.spawn(hand_over(&day_, *user, due));
      break;
    case Kind::Dismiss:
      scope.spawn(dismiss(&day_, *user, due));
      break;
    case Kind::SignIn:
    case Kind::Vector:
    case Kind::Assign:
    case Kind::Stuff:
      break;
  }
}

void Conductor::arm(Monotonic time) {
  Monotonic next = std::min(phase_ends_, time + kTick);
  for (const Monotonic due : due_) next = std::min(next, due);
  if (!day_.renewals.empty()) next = std::min(next, day_.renewals.top().due);
  next = std::max(next, time + kTogether);
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(next.time_since_epoch()).count();
  itimerspec when{};
  when.it_value.tv_sec = ns / 1'000'000'000;
  when.it_value.tv_nsec = ns % 1'000'000'000;
  timerfd_settime(timer_.number(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace claviger::day
