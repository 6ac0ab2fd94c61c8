// Everything that a day's acts share: who lives in it, how the broker is reached, what was acknowledged.
//
// One shard, one per process; outlives its scope. Acts are free functions over it (acts.h), the timetable is the
// Conductor's (conductor.h), what must be true at the end is checked by the books (books.h).
#pragma once

#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "core/http/client.h"
#include "core/runtime/scope.h"
#include "tools/load/day/cx_link.h"
#include "tools/load/day/gate.h"
#include "tools/load/day/ledger.h"
#include "tools/load/day/meter.h"
#include "tools/load/day/plan.h"
#include "tools/load/day/population.h"
#include "tools/load/day/sip_link.h"

namespace claviger::day {

// A user's token is to be renewed; outdated when it was renewed meanwhile.
struct Renewal {
  Monotonic due;
  std::size_t user;
  Monotonic issued;
  bool operator>(const Renewal& other) const { return due > other.due; }
};

struct Day {
  // CertificateInvalid, BadValue: of what the plan says.
  static Result<std::unique_ptr<Day>> make(runtime::Shard& shard, Plan plan);
  Day(runtime::Shard& its_shard, Plan its_plan, http::ClientOptions options, const net::Address& sip_at,
      const net::Address& cx_at);
  Day(const Day&) = delete;
  Day& operator=(const Day&) = delete;
  ~Day();

  std::string login_of(std::size_t user) const { return plan.text("login") + std::to_string(user); }
  std::string mcptt_id_of(std::size_t user) const { return "sip:" + login_of(user) + ".ptt@alpha.example"; }
  std::string impu_of(std::size_t user) const { return "sip:" + login_of(user) + "@ims.alpha.example"; }
  std::string device_of(std::size_t user) const;
  // His token is good for a while yet.
  bool is_fresh(const User& user) const;
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); }
  // Spread over several, each with connections of its own: one would be one shard's of the broker.
  http::Client& next_client() { return *clients[next++ % clients.size()]; }

  runtime::Shard& shard;
  const Plan plan;
  const std::string issuer;
  const std::chrono::duration<double> token_life;  // by the machine's clock
  Meter meter;
  Ledger ledger;
  std::vector<std::unique_ptr<http::Client>> clients;
  http::Client admin;
  Gate gate;
  SipLink sip;
  CxLink cx;
  std::vector<User> users;
  std::vector<Migrant> migrants;
  std::vector<std::size_t> signed_in;
  std::vector<Dead> dead;
  Secrets secrets;
  std::priority_queue<Renewal, std::vector<Renewal>, std::greater<>> renewals;
  std::mt19937_64 random;
  std::vector<std::string> violations;
  std::size_t next = 0;
  std::uint64_t begun_again = 0;  // sessions in the place of one whose renewal nobody answered
  runtime::Scope scope;           // of all acts
};

}  // namespace claviger::day
