// claviger-day PLAN OUT: a day of users, services and partner systems at a running broker, and its books at the end.
// bench/day writes the plan, plays the operator meanwhile, and makes the report.
#include <cstdio>
#include <fstream>
#include <optional>

#include "core/runtime/thread_schedule.h"
#include "tools/load/day/asking.h"
#include "tools/load/day/books.h"
#include "tools/load/day/conductor.h"

namespace claviger::day {
namespace {

void write_books(codec::JsonWriter<std::string>& json, const Day& day, const Audit& audit) {
  json.name("books").begin_object().member("entries", day.ledger.entries()).member("users", audit.users);
  json.member("sessions", audit.sessions)
      .member("ended_sessions", audit.ended_tokens)
      .member("dismissed", audit.dismissed);
  json.member("users_with_keys", audit.key_sets)
      .member("key_sets", day.secrets.key_sets())
      .member("tokens", audit.tokens);
  json.member("publications", audit.publications).member("profiles", audit.profiles).member("migrants", audit.migrants);
  json.member("counted_by_administrator", audit.counted).member("unknown", audit.unknown);
  json.member("begun_again", day.begun_again);
  json.name("violations").begin_array();
  for (const std::string& violation : day.violations) json.value(violation);
  json.end_array().end_object();
}

// The shard sleeps between turns, as the broker's do: who spins shares a CPU badly with the partner's system.
runtime::Task<void> play_and_check(Day* day, Conductor* conductor, Audit* audit) {
  constexpr Milliseconds kLook{50};
  while (!conductor->is_over() || day->scope.size() > 0) co_await pause(day, kLook);
  day->meter.begin_phase("books");
  bool is_checked = false;
  day->scope.spawn(check_books(day, audit, &is_checked));
  while (!is_checked || day->scope.size() > 0) co_await pause(day, kLook);
  day->meter.event("books closed");
  day->shard.stop();
}

int run(const char* plan_file, const char* out_file) {
  auto plan = Plan::read(plan_file);
  if (!plan || plan->phases().empty()) {
    std::fprintf(stderr, "claviger-day: %s is no plan\n", plan_file);
    return 2;
  }
  SystemClock clock;
  Logger logger;
  runtime::Shards shards(1, clock, logger, SipKey{1, 2});
  runtime::Shard& shard = shards[0];
  std::unique_ptr<Day> day;
  std::optional<Conductor> conductor;
  shard.run_until([&] {
    auto made = Day::make(shard, *std::move(plan));
    if (!made) {
      std::fprintf(stderr, "claviger-day: %.*s\n", static_cast<int>(made.error().where.size()),
                   made.error().where.data());
      return true;
    }
    day = *std::move(made);
    conductor.emplace(*day);
    if (!conductor->start()) day.reset();
    return true;
  });
  if (!day) return 1;
  Audit audit;
  shard.run_until([&] { return shard.scope().spawn(play_and_check(day.get(), &*conductor, &audit)); });
  runtime::ask_for_short_slices();
  shard.run();
  day->meter.tick(std::chrono::steady_clock::now());

  std::string out;
  codec::JsonWriter<std::string> json(out);
  json.begin_object();
  day->meter.write(json);
  json.member("wrong", day->meter.total(Outcome::Wrong)).member("unserved", day->meter.total(Outcome::Unserved));
  json.name("complaints").begin_array();
  for (const std::string& complaint : day->meter.complaints()) json.value(complaint);
  json.end_array();
  write_books(json, *day, audit);
  json.end_object();
  std::ofstream(out_file) << out << '\n';
  const bool is_good = day->violations.empty() && day->meter.total(Outcome::Wrong) == 0;
  // What belongs to the loop closes on the loop.
  shard.run_until([&] { return conductor.reset(), day.reset(), true; });
  int turns = 3;
  shard.run_until([&turns] { return turns-- == 0; });
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace claviger::day

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: claviger-day PLAN OUT\n");
    return 2;
  }
  return claviger::day::run(argv[1], argv[2]);
}
