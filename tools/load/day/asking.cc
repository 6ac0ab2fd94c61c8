#include "tools/load/day/asking.h"

#include <algorithm>
#include <cstdlib>

namespace claviger::day {
namespace {

using runtime::Task;
using Steady = std::chrono::steady_clock;

// Beyond this nobody waits for an answer any more; a restart of the broker has a third of it.
constexpr Seconds kPatience{30};
// Retry-After is obeyed up to here: the day is compressed, seconds are not.
constexpr Milliseconds kPauseMax{1000};
constexpr Milliseconds kProbeEvery{16};

bool is_refusal(int status) { return status == 503 || status == 429; }

// A restarted sandbox has lost the time that it was set to: until it is set again nobody may come in.
Task<bool> serves(Day* day) {
  http::ClientRequest about(http::Method::Get, "http://localhost/admin/v1/clock");
  about.unix_path = day->plan.text("admin_socket");
  about.timeout = Milliseconds(1000);
  auto clock = co_await day->admin.send(std::move(about));
  if (!clock || clock->body.find("\"is_set\":true") == std::string::npos) co_return false;
  http::ClientRequest discovery(http::Method::Get, day->issuer + "/.well-known/openid-configuration");
  discovery.timeout = Milliseconds(1000);
  auto answer = co_await day->next_client().send(std::move(discovery));
  co_return answer && answer->status == 200;
}

Task<void> watch_gate(Day* day) {
  for (;;) {
    co_await day->shard.wait_until(day->shard.now() + kProbeEvery);
    const bool is_up = co_await serves(day);
    if (!is_up) continue;
    day->meter.event("alpha serves");
    day->gate.open();
    co_return;
  }
}

void close_gate(Day* day) {
  if (!day->gate.is_open()) return;
  day->gate.close();
  day->meter.event("alpha does not serve");
  day->scope.spawn(watch_gate(day));
}

}  // namespace

Task<void> pause(Day* day, Milliseconds longest) {
  const auto most = static_cast<std::size_t>(longest.count());
  const Milliseconds time(static_cast<std::int64_t>(most / 2 + day->below(most / 2 + 1)));
  co_await day->shard.wait_until(Steady::now() + time);
}

Task<Reply> ask(Day* day, Kind kind, http::ClientRequest request, Repeat repeat) {
  const Monotonic give_up = Steady::now() + kPatience;
  while (Steady::now() < give_up) {
    if (!day->gate.is_open()) {
      auto opening = day->gate.next_opening();
      auto opened = co_await opening.until(give_up);
      if (!opened) break;
    }
    http::ClientRequest attempt = request;
    auto got = co_await day->next_client().send(std::move(attempt));
    if (!got) {
      day->meter.asked_again(kind);
      if (got.error().code == Code::Unreachable) {
        close_gate(day);  // it reached nobody: that may be repeated whatever it is
        if (repeat == Repeat::Never) break;
        continue;
      }
      if (repeat != Repeat::Freely) break;
      co_await pause(day, Milliseconds(40));
      continue;
    }
    Reply reply{got->status, *std::move(got)};
    if (!is_refusal(reply.status) || repeat == Repeat::Never) co_return reply;
    day->meter.asked_again(kind);
    const int said = std::atoi(std::string(reply.response.header("retry-after")).c_str());
    co_await pause(day, std::clamp(Milliseconds(1000 * said), Milliseconds(100), kPauseMax));
  }
  co_return Reply{};
}

Task<Reply> ask_admin(Day* day, http::Method method, std::string path) {
  http::ClientRequest request(method, "http://localhost/admin/v1/tenants/" + day->plan.text("tenant") + path);
  request.unix_path = day->plan.text("admin_socket");
  auto got = co_await day->admin.send(std::move(request));
  if (!got) co_return Reply{};
  co_return Reply{got->status, *std::move(got)};
}

http::ClientRequest form_post(std::string url, std::string form) {
  http::ClientRequest request(http::Method::Post, std::move(url));
  request.content_type = "application/x-www-form-urlencoded";
  request.body = std::move(form);
  return request;
}

http::ClientRequest with_token(http::Method method, std::string url, const std::string& token) {
  http::ClientRequest request(method, std::move(url));
  request.with("authorization", "Bearer " + token);
  return request;
}

}  // namespace claviger::day
