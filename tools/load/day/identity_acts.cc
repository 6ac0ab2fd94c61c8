// Acts at the identity management server: sign-in (RFC 6749 clause 4.1 with PKCE), renewal, introspection, revocation.
#include "tools/load/day/acts.h"
#include "tools/load/form.h"

namespace claviger::day {
namespace {

using load::escaped;
using runtime::Task;
using Steady = std::chrono::steady_clock;

// A UE renews in the last part of its token's life, not all together.
constexpr double kRenewFrom = 0.6;
constexpr double kRenewSpread = 0.25;
// A sign-in that was broken off begins anew; one is broken off by a restart, two by bad luck.
constexpr int kSignInsMax = 20;
// A code is redeemed at once or not at all: a refusal after so long is of one that an unanswered attempt has spent (a client
// repeats what a dying connection may have carried).
constexpr Seconds kRedemptionMax{2};

bool take_tokens(Day* day, std::size_t who, const std::string& body) {
  User& user = day->users[who];
  std::string access = load::member_of(body, "access_token");
  std::string refresh = load::member_of(body, "refresh_token");
  if (access.empty() || refresh.empty()) return false;
  if (!day->secrets.add_token(mark_of(access)) || !day->secrets.add_token(mark_of(refresh))) {
    day->violations.push_back("a token was given out twice, now to " + day->login_of(who));
  }
  user.access_token = std::move(access);
  user.refresh_token = std::move(refresh);
  user.issued = Steady::now();
  ++user.changes;
  const double wait = kRenewFrom + kRenewSpread * static_cast<double>(day->below(1000)) / 1000;
  const auto due = user.issued + std::chrono::duration_cast<Steady::duration>(wait * day->token_life);
  day->renewals.push({due, who, user.issued});
  return true;
}

struct Page {
  int status = 0;
  std::string interaction, cookie, verifier;
};

Task<Page> open_page(Day* day, Kind kind) {
  Page page;
  page.verifier = load::random_text();
  http::ClientRequest request(
      http::Method::Get,
      day->issuer + "/authorize?response_type=code&client_id=" + day->plan.text("client") +
          "&redirect_uri=" + escaped(day->plan.text("redirect_uri")) + "&scope=" + escaped(day->plan.text("scope")) +
          "&state=day&acr_values=3gpp:acr:password&code_challenge=" + load::challenge_of(page.verifier) +
          "&code_challenge_method=S256");
  const Reply reply = co_await ask(day, kind, std::move(request));
  page.status = reply.status;
  page.interaction = load::hidden_field(reply.body(), "interaction");
  page.cookie = reply.response.header("set-cookie");
  page.cookie.resize(std::min(page.cookie.size(), page.cookie.find(';')));
  co_return page;
}

Task<Reply> submit(Day* day, Kind kind, Page page, std::size_t user, std::string password, Repeat repeat) {
  auto request = form_post(day->issuer + "/sign-in", "interaction=" + escaped(page.interaction) +
                                                         "&username=" + escaped(day->login_of(user)) +
                                                         "&password=" + escaped(password));
  request.with("cookie", page.cookie);
  Reply reply = co_await ask(day, kind, std::move(request), repeat);
  co_return reply;
}

// Lost: nobody knows what became of it.
struct Attempt {
  Outcome outcome = Outcome::Wrong;
  bool is_lost = false;
};

Task<Attempt> try_to_sign_in(Day* day, Kind kind, std::size_t user) {
  Page page = co_await open_page(day, kind);
  if (page.interaction.empty()) {
    if (page.status == 0) co_return Attempt{Outcome::Unserved, true};
    co_return Attempt{complain(day, kind, user, "no login page", Reply{page.status, {}})};
  }
  const std::string verifier = page.verifier;
  const Reply answer = co_await submit(day, kind, std::move(page), user, day->plan.text("password"), Repeat::IfRefused);
  const std::string code = load::query_value(std::string(answer.response.header("location")), "code");
  if (answer.status == 0) co_return Attempt{Outcome::Unserved, true};
  if (answer.status != 302 || code.empty()) co_return Attempt{complain(day, kind, user, "no code", answer)};
  auto redemption =
      form_post(day->issuer + "/token", "grant_type=authorization_code&client_id=" + day->plan.text("client") +
                                            "&redirect_uri=" + escaped(day->plan.text("redirect_uri")) +
                                            "&code=" + code + "&code_verifier=" + verifier);
  const Monotonic began = Steady::now();
  const Reply tokens = co_await ask(day, kind, std::move(redemption), Repeat::IfRefused);
  const bool is_spent = tokens.status == 400 && Steady::now() - began > kRedemptionMax;
  if (tokens.status == 0 || is_spent) {
    ++day->users[user].orphans;
    co_return Attempt{Outcome::Unserved, true};
  }
  if (tokens.status != 200 || !take_tokens(day, user, tokens.body())) {
    co_return Attempt{complain(day, kind, user, "no tokens", tokens)};
  }
  co_return Attempt{Outcome::Done};
}

}  // namespace

Outcome complain(Day* day, Kind kind, std::size_t who, const std::string& what, const Reply& reply) {
  if (reply.status == 0) return Outcome::Unserved;
  day->meter.wrong(kind, std::to_string(who) + ": " + what + ": " + std::to_string(reply.status) + " " +
                             reply.body().substr(0, 200));
  return Outcome::Wrong;
}

Task<Outcome> sign_in(Day* day, Kind kind, std::size_t user) {
  for (int tries = 0; tries < kSignInsMax; ++tries) {
    const Attempt attempt = co_await try_to_sign_in(day, kind, user);
    if (attempt.outcome == Outcome::Done) {
      ++day->users[user].device;
      day->ledger.acknowledged(Kind::SignIn, user, mark_of(day->users[user].refresh_token));
    }
    if (!attempt.is_lost) co_return attempt.outcome;
    co_await pause(day, Milliseconds(50));
  }
  co_return Outcome::Unserved;
}

// With a session of his own, and what hangs on it.
Task<Outcome> begin_again(Day* day, Kind kind, std::size_t who) {
  Outcome outcome = co_await sign_in(day, kind, who);
  if (outcome == Outcome::Done) outcome = co_await take_keys(day, kind, who);
  if (outcome == Outcome::Done) outcome = co_await take_authorisation(day, kind, who);
  co_return outcome;
}

// A renewal whose answer was lost is asked once more: the broker gives the same successor again for a while (RFC 9700 clause
// 4.14.2 leaves that to it). After that while it must take the second for a thief's and end the session, so that a refusal
// says nothing; as does silence. Who was left so signs in again, as a UE does.
Task<Outcome> renew(Day* day, Kind kind, std::size_t user) {
  const auto request =
      form_post(day->issuer + "/token", "grant_type=refresh_token&client_id=" + day->plan.text("client") +
                                            "&refresh_token=" + day->users[user].refresh_token);
  http::ClientRequest first = request;
  Reply reply = co_await ask(day, kind, std::move(first), Repeat::IfRefused);
  if (reply.status == 0) {
    http::ClientRequest second = request;
    reply = co_await ask(day, kind, std::move(second), Repeat::IfRefused);
    if (reply.status == 0 || reply.status == 400) {
      ++day->users[user].orphans;
      ++day->begun_again;
      co_return co_await begin_again(day, kind, user);
    }
  }
  if (reply.status != 200 || !take_tokens(day, user, reply.body()))
    co_return complain(day, kind, user, "not renewed", reply);
  day->ledger.acknowledged(Kind::Refresh, user, mark_of(day->users[user].refresh_token));
  co_return Outcome::Done;
}

Task<void> refresh(Day* day, std::size_t user, Monotonic due) {
  day->meter.begun(Kind::Refresh);
  day->users[user].is_busy = true;
  const Outcome outcome = co_await renew(day, Kind::Refresh, user);
  day->meter.ended(Kind::Refresh, outcome, due);
  day->users[user].is_busy = outcome == Outcome::Unserved;  // nobody knows his state: he is left alone
}

Task<Reply> introspect(Day* day, Kind kind, std::string token) {
  auto request = form_post(day->issuer + "/introspect", "token=" + token);
  request.with("authorization", day->plan.text("server_authorization"));
  Reply reply = co_await ask(day, kind, std::move(request));
  co_return reply;
}

Task<void> validate(Day* day, std::size_t who, Monotonic due) {
  day->meter.begun(Kind::Validate);
  const std::uint32_t changes = day->users[who].changes;
  const Reply reply = co_await introspect(day, Kind::Validate, day->users[who].access_token);
  const bool is_his =
      reply.body().starts_with("{\"active\":true") && reply.body().find(day->mcptt_id_of(who)) != std::string::npos;
  // What changed meanwhile, or ran out while the broker was away, proves nothing.
  const User& user = day->users[who];
  const bool may_be_over = user.changes != changes || user.is_busy || !day->is_fresh(user);
  Outcome outcome = Outcome::Done;
  if (reply.status != 200 || (!is_his && !may_be_over))
    outcome = complain(day, Kind::Validate, who, "his token", reply);
  day->meter.ended(Kind::Validate, outcome, due);
}

Task<void> hand_over(Day* day, std::size_t who, Monotonic due) {
  day->meter.begun(Kind::HandOver);
  User& user = day->users[who];
  user.is_busy = true;
  Dead former{who, user.access_token, user.refresh_token};
  ++user.changes;
  auto request =
      form_post(day->issuer + "/revoke", "client_id=" + day->plan.text("client") + "&token=" + former.refresh_token);
  const Reply signed_off = co_await ask(day, Kind::HandOver, std::move(request));
  Outcome outcome =
      signed_off.status == 200 ? Outcome::Done : complain(day, Kind::HandOver, who, "not signed off", signed_off);
  if (outcome == Outcome::Done) {
    day->ledger.acknowledged(Kind::HandOver, who, mark_of(former.refresh_token));
    day->dead.push_back(std::move(former));
    outcome = co_await begin_again(day, Kind::HandOver, who);
  }
  day->meter.ended(Kind::HandOver, outcome, due);
  day->users[who].is_busy = outcome != Outcome::Done;  // one whose state nobody knows is left alone
}

Task<void> dismiss(Day* day, std::size_t who, Monotonic due) {
  day->meter.begun(Kind::Dismiss);
  User& user = day->users[who];
  user.is_busy = true;  // for good
  ++user.changes;
  const Reply reply = co_await ask_admin(day, http::Method::Post, "/users/" + day->login_of(who) + "/disable");
  const bool is_done = reply.status == 200 || reply.status == 204;
  if (is_done) {
    day->users[who].is_dismissed = true;
    day->ledger.acknowledged(Kind::Dismiss, who);
  }
  day->meter.ended(Kind::Dismiss, is_done ? Outcome::Done : complain(day, Kind::Dismiss, who, "not disabled", reply),
                   due);
}

// Refusals are what is due here: of the password, or of the many attempts.
Task<void> stuff(Day* day, std::size_t user, Monotonic due) {
  day->meter.begun(Kind::Stuff);
  Page page = co_await open_page(day, Kind::Stuff);
  if (page.interaction.empty()) {
    day->meter.ended(Kind::Stuff, page.status == 0 ? Outcome::Unserved : Outcome::Refused, due);
    co_return;
  }
  const Reply reply = co_await submit(day, Kind::Stuff, std::move(page), user,
                                      "wrong " + std::to_string(day->below(1'000'000)), Repeat::Never);
  const bool is_in = reply.status == 302;
  if (is_in) day->violations.push_back("a wrong password let somebody in as " + day->login_of(user));
  day->meter.ended(Kind::Stuff, is_in ? Outcome::Wrong : Outcome::Refused, due);
}

}  // namespace claviger::day
