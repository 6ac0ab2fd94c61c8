#include "tools/load/day/meter.h"

#include <cstdio>

namespace claviger::day {
namespace {

std::uint64_t us(std::uint64_t nanoseconds) { return nanoseconds / 1000; }

}  // namespace

Meter::Meter(Monotonic start) : start_(start), second_ends_(start + Seconds(1)) { begin_phase("before"); }

void Meter::begin_phase(std::string name) {
  const Monotonic time = std::chrono::steady_clock::now();
  if (phases_.size() > 0) event("phase " + name);
  PhaseTracks phase{std::move(name), time, {}};
  for (auto& track : phase.kinds) track = std::make_unique<Track>();
  phases_.push_back(std::move(phase));
}

Meter::PhaseTracks& Meter::phase_at(Monotonic due) {
  std::size_t i = phases_.size() - 1;
  while (i > 0 && phases_[i].from > due) --i;
  return phases_[i];
}

void Meter::ended(Kind kind, Outcome outcome, Monotonic due) {
  Track& track = *phase_at(due).kinds[index_of(kind)];
  switch (outcome) {
    case Outcome::Done:
      ++track.counts.done;
      break;
    case Outcome::Wrong:
      ++track.counts.wrong;
      return;
    case Outcome::Refused:
      ++track.counts.refused;
      ++current_refused_[index_of(kind)];
      return;
    case Outcome::Unserved:
      ++track.counts.unserved;
      return;
  }
  const auto took = std::chrono::nanoseconds(std::chrono::steady_clock::now() - due).count();
  const auto latency = static_cast<std::uint64_t>(took < 0 ? 0 : took);
  track.latency.record(latency);
  current_[index_of(kind)].record(latency);
}

void Meter::wrong(Kind kind, std::string why) {
  if (complained_[index_of(kind)]++ < kComplaintsMax)
    complaints_.push_back(std::string(name_of(kind)) + ": " + std::move(why));
}

void Meter::event(std::string what) {
  const double at = seconds_since_start(std::chrono::steady_clock::now());
  std::printf("%8.2f s  %s\n", at, what.c_str());
  std::fflush(stdout);
  events_.emplace_back(at, std::move(what));
}

double Meter::seconds_since_start(Monotonic time) const { return std::chrono::duration<double>(time - start_).count(); }

void Meter::tick(Monotonic time) {
  for (; time >= second_ends_; second_ends_ += Seconds(1)) {
    for (std::size_t i = 0; i < kKinds; ++i) {
      load::Histogram& latency = current_[i];
      if (latency.count() == 0 && current_refused_[i] == 0) continue;
      seconds_[i].push_back({seconds_since_start(second_ends_), latency.count(), us(latency.percentile(0.5)),
                             us(latency.percentile(0.99)), us(latency.max()), current_refused_[i]});
      latency = load::Histogram();
      current_refused_[i] = 0;
    }
  }
}

std::uint64_t Meter::total(Outcome outcome) const {
  std::uint64_t sum = 0;
  for (const PhaseTracks& phase : phases_) {
    for (const auto& track : phase.kinds) {
      const Counts& counts = track->counts;
      sum += outcome == Outcome::Done      ? counts.done
             : outcome == Outcome::Wrong   ? counts.wrong
             : outcome == Outcome::Refused ? counts.refused
                                           : counts.unserved;
    }
  }
  return sum;
}

void Meter::write(codec::JsonWriter<std::string>& json) const {
  json.name("phases").begin_array();
  for (const PhaseTracks& phase : phases_) {
    json.begin_object()
        .member("name", phase.name)
        .member("from_ms", static_cast<std::int64_t>(1000 * seconds_since_start(phase.from)));
    json.name("kinds").begin_object();
    for (std::size_t i = 0; i < kKinds; ++i) {
      const Counts& counts = phase.kinds[i]->counts;
      const load::Histogram& latency = phase.kinds[i]->latency;
      if (counts.begun + latency.count() == 0) continue;
      json.name(kKindNames[i]).begin_object().member("begun", counts.begun).member("done", counts.done);
      json.member("wrong", counts.wrong).member("refused", counts.refused).member("unserved", counts.unserved);
      json.member("asked_again", counts.asked_again).member("p50_us", us(latency.percentile(0.5)));
      json.member("p90_us", us(latency.percentile(0.9))).member("p99_us", us(latency.percentile(0.99)));
      json.member("p999_us", us(latency.percentile(0.999))).member("max_us", us(latency.max())).end_object();
    }
    json.end_object().end_object();
  }
  json.end_array();
  json.name("series").begin_object();
  const auto column = [&](std::size_t kind, std::string_view what, std::string_view unit, auto member) {
    json.name(std::string(kKindNames[kind]) + " " + std::string(what)).begin_object().member("unit", unit);
    json.name("t").begin_array();
    for (const Second& second : seconds_[kind]) json.value(second.at);
    json.end_array().name("v").begin_array();
    for (const Second& second : seconds_[kind]) json.value(member(second));
    json.end_array().end_object();
  };
  const auto ms = [](std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1000; };
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (seconds_[i].empty()) continue;
    column(i, "p50", "ms", [&](const Second& second) { return ms(second.p50_us); });
    column(i, "p99", "ms", [&](const Second& second) { return ms(second.p99_us); });
    column(i, "max", "ms", [&](const Second& second) { return ms(second.max_us); });
    column(i, "rate", "/s", [](const Second& second) { return second.done; });
    column(i, "refused", "/s", [](const Second& second) { return second.refused; });
  }
  json.end_object();
  json.name("events").begin_array();
  for (const auto& [at, what] : events_) json.begin_object().member("t", at).member("what", what).end_object();
  json.end_array();
}

}  // namespace claviger::day
