// An agreement: what this system and another MC system have agreed about users who migrate (TS 23.280 clauses 10.1.6,
// 10.6.2 and 10.6.3).
//
// Record of tables::kAgreements, key tenant + MC system ID of the other system. Changed on the home of Migration
// (broker/migration/migration.h), which publishes an AgreementTable to every shard.
//
// Either side may be the primary system of some users and the partner system of others: `inbound` is what the other
// system's users may do here, `outbound` which of ours may go there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/tokens/verifier/mc_service.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::migration {

// How bindings of the other system's users come about here (TS 23.280 clauses 10.1.6.1.1 and 10.1.6.1.2).
enum class Inbound : std::uint8_t { None = 0, Static = 1, Dynamic = 2, Both = 3 };
// Which of our users may go there: those who were prepared, or all.
enum class Outbound : std::uint8_t { None = 0, Listed = 1, All = 2 };

struct Agreement {
  std::string system;      // MC system ID of the other one
  std::string own_system;  // ours, as the other one knows us
  std::string partner;  // its identity server among our partners (broker/partners); empty: service authorisation is off
  bool is_active = true;
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;  // 0: without end
  std::int64_t created_at = 0;
  std::vector<std::string> services;  // "mcptt", "mcvideo", "mcdata"
  Inbound inbound = Inbound::None;
  Outbound outbound = Outbound::None;
  std::vector<std::string> domains;  // SIP domains that are the other system's
  std::vector<std::string> ranges;   // SIP domains of ours in which its users get their identities here
  // How public identities of its users here begin, such as "sip:fire-" or "tel:+4930"; none: all in `ranges`, and any number.
  std::vector<std::string> identities;
  std::uint32_t bindings_max = 100'000;
  std::uint32_t requests_per_second = 1000;           // authentication requests to and from this system, a shard
  std::uint32_t requests_per_minute_of_binding = 30;  // of one migrant

  // Diameter
  std::string realm;                    // of the other system
  std::vector<std::string> core_hosts;  // static mode: Diameter agents of its SIP core, in order of preference
  std::vector<std::string> mms_hosts;   // dynamic mode: its migration management servers
  std::vector<std::string> agents;      // that a request may pass on its way (Route-Record); none: direct
  std::vector<std::string> cscfs;  // of ours, that may ask for its users; none: every admitted peer that is not its
  std::string server_name;         // what we are called upstream; empty: "sip:mms." and the first range
  std::string user_data;           // the IMS profile of its users here, with %IMPI% and %IMPU% (TS 29.228 Annex B)
  std::string database_host;       // outbound: agent or HSS that has our users' keys; empty: the SIP database here
  std::string database_realm;
  // The AVP by which the grant of a binding (grant.h) goes with a request, of a vendor that both sides have agreed upon:
  // TS 29.229 has none for it. No vendor: it is not sent.
  std::uint32_t grant_vendor = 0;
  std::uint32_t grant_code = 1;
  bool wants_grant = false;  // requests for our users must carry the grant that we gave

  // What its users' devices are told (migration connectivity information)
  std::string access_realm;                  // home network domain of the SIP core here
  std::string access_proxy;                  // P-CSCF
  std::vector<std::string> access_networks;  // PDNs

  // HTTPS
  std::string url;              // its migration API: "https://HOST/migration/v1/TENANT"
  std::string token_endpoint;   // where we get a token for it
  std::string client_id;        // ours there
  std::string caller;           // its client here
  std::string ca_pem;           // trust in its TLS certificate; empty: the system's
  std::string certificate_pem;  // ours
  std::string sealed_key;       // of that certificate, under the record's key
  std::uint64_t version = 0;    // of the record; not stored in it

  bool allows_static() const { return inbound == Inbound::Static || inbound == Inbound::Both; }
  bool allows_dynamic() const { return inbound == Inbound::Dynamic || inbound == Inbound::Both; }
  bool has_link() const { return !url.empty(); }
  std::string own_server_name() const;
};

// A migrant's domains, hosts and such: one agreement's lists.
inline constexpr std::size_t kAgreementListMax = 64;
// Agreements of the whole installation: one with each neighbour, of each tenant.
inline constexpr std::size_t kAgreementsMax = 1024;
inline constexpr std::size_t kSystemIdMax = 255;
// An IMS profile with a few initial filter criteria.
inline constexpr std::size_t kUserDataMax = 8192;

std::string agreement_key(std::string_view tenant, std::string_view system);
std::string encode_agreement(const Agreement& agreement);
// Corrupt or SchemaTooNew.
Result<Agreement> decode_agreement(const storage::Value& value, std::string_view system);

// AgreementInvalid with the member that is wrong. `has_key`: the private key of certificate_pem is there. Any thread.
Result<Unit> check_agreement(const Agreement& agreement, bool has_key);
// AgreementEnded: not active, not yet, no more.
Result<Unit> check_in_force(const Agreement& agreement, std::int64_t now);
// ServiceNotAuthorised.
Result<Unit> check_service(const Agreement& agreement, std::string_view service);

// An MC system ID: a name that is good in URLs, keys and Diameter identities.
bool is_system_id(std::string_view text);

}  // namespace claviger::migration
