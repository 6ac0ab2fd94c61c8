#include "tools/load/day/books.h"

#include "tools/load/day/acts.h"

namespace claviger::day {
namespace {

using runtime::Task;

// Users looked at together.
constexpr std::size_t kTogether = 32;

void violation(Day* day, std::size_t user, const std::string& what) {
  day->violations.push_back(day->login_of(user) + ": " + what);
}

Task<void> must_be_dead(Day* day, Dead dead, Audit* audit) {
  const Reply asked = co_await introspect(day, Kind::Validate, dead.access_token);
  if (asked.status != 200 || !asked.body().starts_with("{\"active\":false")) {
    violation(day, dead.user,
              "a token of an ended session works: " + std::to_string(asked.status) + " " + asked.body().substr(0, 300));
  }
  auto request = form_post(day->issuer + "/token", "grant_type=refresh_token&client_id=" + day->plan.text("client") +
                                                       "&refresh_token=" + dead.refresh_token);
  const Reply renewed = co_await ask(day, Kind::Refresh, std::move(request));
  if (renewed.status != 400)
    violation(day, dead.user, "an ended session was renewed: " + std::to_string(renewed.status));
  ++audit->ended_tokens;
}

// Sessions as an administrator sees them: his one, and at most those whose beginning was never answered.
Task<void> count_sessions(Day* day, std::size_t who, Audit* audit) {
  const Reply listed = co_await ask_admin(day, http::Method::Get, "/users/" + day->login_of(who) + "/sessions");
  if (listed.status != 200) {
    violation(day, who, "his sessions cannot be listed: " + std::to_string(listed.status));
    co_return;
  }
  std::size_t active = 0;
  constexpr std::string_view kActive = "\"state\":\"active\"";
  for (std::size_t at = listed.body().find(kActive); at != std::string::npos; at = listed.body().find(kActive, at + 1))
    ++active;
  const User& user = day->users[who];
  if (active < 1 || active > 1 + user.orphans) {
    violation(day, who,
              std::to_string(active) + " sessions, 1 was acknowledged and " + std::to_string(user.orphans) +
                  " were not answered");
  }
  ++audit->counted;
}

Task<void> check_user(Day* day, std::size_t who, Audit* audit) {
  if (day->users[who].is_dismissed) {
    Dead dead{who, day->users[who].access_token, day->users[who].refresh_token};
    co_await must_be_dead(day, std::move(dead), audit);
    ++audit->dismissed;
    co_return;
  }
  if (day->users[who].is_busy) {
    ++audit->unknown;
    co_return;
  }
  co_await count_sessions(day, who, audit);
  const Outcome renewed = co_await renew(day, Kind::Refresh, who);
  if (renewed != Outcome::Done) {
    violation(day, who, "his session was acknowledged and cannot be renewed");
    co_return;
  }
  ++audit->sessions;
  const Reply asked = co_await introspect(day, Kind::Validate, day->users[who].access_token);
  const bool is_his =
      asked.body().starts_with("{\"active\":true") && asked.body().find(day->mcptt_id_of(who)) != std::string::npos;
  if (!is_his) violation(day, who, "his token is not his");
  const Outcome keys = co_await take_keys(day, Kind::Keys, who);
  if (keys != Outcome::Done) violation(day, who, "his keys");
  audit->key_sets += keys == Outcome::Done ? 1U : 0U;
  if (!day->users[who].profile_tag.empty()) {
    const Outcome profile = co_await take_profile(day, Kind::Profile, who);
    if (profile != Outcome::Done) violation(day, who, "his profile");
    audit->profiles += profile == Outcome::Done ? 1U : 0U;
  }
  if (!day->users[who].entity_tag.empty()) {
    const Outcome published = co_await keep_publication(day, Kind::Publish, who);
    if (published != Outcome::Done) violation(day, who, "his publication was acknowledged and is not there");
    audit->publications += published == Outcome::Done ? 1U : 0U;
  }
}

struct Queue {
  std::size_t next_user = 0;
  std::size_t next_dead = 0;
  std::size_t next_migrant = 0;
};

Task<void> work(Day* day, Queue* queue, Audit* audit) {
  while (queue->next_user < day->signed_in.size()) {
    const std::size_t who = day->signed_in[queue->next_user++];
    co_await check_user(day, who, audit);
  }
  while (queue->next_dead < day->dead.size()) {
    Dead dead = day->dead[queue->next_dead++];
    co_await must_be_dead(day, std::move(dead), audit);
  }
  while (queue->next_migrant < day->migrants.size()) {
    const std::size_t which = queue->next_migrant++;
    if (!day->migrants[which].is_assigned) continue;
    const Outcome outcome = co_await take_vector(day, Kind::Vector, which);
    const bool is_dismissed = day->users[which].is_dismissed;
    if (outcome != (is_dismissed ? Outcome::Refused : Outcome::Done)) {
      day->violations.push_back("migrant " + std::to_string(which) +
                                (is_dismissed ? " gets a vector though he was dismissed" : " gets no vector any more"));
    }
    ++audit->migrants;
  }
}

}  // namespace

Task<void> check_books(Day* day, Audit* audit, bool* is_done) {
  Queue queue;
  audit->users = day->signed_in.size();
  runtime::Scope workers;
  for (std::size_t i = 0; i < kTogether; ++i) workers.spawn(work(day, &queue, audit));
  co_await workers.close();
  audit->tokens = day->secrets.tokens();
  *is_done = true;
}

}  // namespace claviger::day
