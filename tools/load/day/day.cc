#include "tools/load/day/day.h"

#include <fstream>
#include <sstream>

namespace claviger::day {
namespace {

// Connections to the broker: two of each. Few, so that what falls due together leaves together.
constexpr std::size_t kClients = 2;
// What may wait for a stream: a second of the largest rates.
constexpr std::size_t kWaitingMax = 200'000;

std::string whole(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

CxIdentity identity_in(const Plan& plan) {
  return {plan.text("cx_host"), plan.text("cx_realm"), plan.text("cx_server")};
}

}  // namespace

Result<std::unique_ptr<Day>> Day::make(runtime::Shard& shard, Plan plan) {
  http::ClientOptions options;
  net::TlsClientOptions tls;
  tls.ca_pem = whole(plan.text("ca"));
  CLAVIGER_TRY(context, net::TlsContext::client(std::move(tls)));
  options.tls = std::move(context);
  options.connections_max = 2;
  options.waiting_max = kWaitingMax;
  CLAVIGER_TRY(sip_at, net::Address::ip("127.0.0.1", static_cast<std::uint16_t>(plan.number("sip_port"))));
  CLAVIGER_TRY(cx_at, net::Address::ip("127.0.0.1", static_cast<std::uint16_t>(plan.number("cx_port"))));
  auto day = std::make_unique<Day>(shard, std::move(plan), std::move(options), sip_at, cx_at);
  if (!day->ledger.is_open()) return Error{Code::Io, "ledger"};
  return day;
}

Day::Day(runtime::Shard& its_shard, Plan its_plan, http::ClientOptions options, const net::Address& sip_at,
         const net::Address& cx_at)
    : shard(its_shard),
      plan(std::move(its_plan)),
      issuer(plan.text("issuer")),
      token_life(plan.number("token_seconds")),
      meter(std::chrono::steady_clock::now()),
      ledger(plan.text("ledger"), std::chrono::steady_clock::now()),
      admin(shard, http::ClientOptions()),
      sip(shard, sip_at),
      cx(shard, cx_at, identity_in(plan)),
      users(plan.count("users")),
      migrants(plan.count("migrants")),
      random(plan.count("seed")) {
  for (std::size_t i = 0; i < kClients; ++i) clients.push_back(std::make_unique<http::Client>(shard, options));
  for (std::size_t i = 0; i < migrants.size(); ++i) {
    migrants[i].key = subscriber_key(i);
    migrants[i].partner_impi = "d" + std::to_string(i) + "@" + plan.text("visited_domain");
    migrants[i].partner_impu = "sip:" + migrants[i].partner_impi;
  }
}

Day::~Day() = default;

std::string Day::device_of(std::size_t user) const {
  return "urn:uuid:day-" + std::to_string(user) + "-" + std::to_string(users[user].device);
}

bool Day::is_fresh(const User& user) const { return std::chrono::steady_clock::now() - user.issued < 0.9 * token_life; }

}  // namespace claviger::day
