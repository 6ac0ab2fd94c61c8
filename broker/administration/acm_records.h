// What administration keeps (TS 23.280 clause 10.17; TR 23.700-38 clause 7): who may ask, at which partners, what was asked
// and how it stands.
//
//   kAcmClients  tenant "client" ACM client             AcmClient
//                tenant "partner" MC system             AcmPartner (private key sealed under this key)
//   kAcmSetups   tenant "out" request                   Setup, asked here
//                tenant "target" request MC system      TargetState: how it stands at one partner
//                tenant "in" home system, request       Setup, asked by a partner
//                tenant "state" home system, request    InboundState
//   kAcmUsers    tenant "out" request, MC system, MC ID status of one user there
//                tenant "in" home system, request, MC ID    the same, here
//                tenant "visitor" home system, MC ID    Visitor: who is set up here, by which request
//                tenant "abroad" ...                    who may go there (broker/identity/abroad.h)
//                tenant "former" home system, request, MC ID    Visitor, as this request found him
//   kAcmJournal  tenant, asker, key                     digest of the body (64 hex digits) and the request; 8 days
// Values are %x01 and a JSON text: rare, large and read by people who look for a fault. Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::administration {

// One request; more are several requests (TS 23.280 leaves it open).
inline constexpr std::size_t kUsersMax = 10'000;
inline constexpr std::size_t kTargetsMax = 16;
inline constexpr std::size_t kListMax = 64;
inline constexpr std::size_t kPartiesMax = 1024;
// Of every identity.
inline constexpr std::size_t kIdentityMax = 255;
inline constexpr std::array<std::string_view, 3> kServices{"mcptt", "mcvideo", "mcdata"};

struct AcmClient {
  std::string id;                      // Home ACMC ID: an MC service ID, or the client_id of a service's token
  std::vector<std::string> operators;  // identities that may use it; none: only the one it is called by
  std::vector<std::string> partners;   // MC systems it may ask; none: all
  std::vector<std::string> domains;    // of the MC IDs it may ask for; none: all of the tenant's users
  bool may_approve = false;            // decides what partners ask for
  std::int64_t created_at = 0;
};

struct AcmPartner {
  std::string system;      // its MC system ID
  std::string own_system;  // ours, as it knows us
  std::string url;         // its ACM API: "https://HOST/acm/v1/TENANT/user-setups"; empty: nothing is sent there
  std::string ca_pem;
  std::string certificate_pem;        // ours, for the connection
  std::string sealed_key;             // of it; hex
  std::string certificate_digest;     // x5t#S256 of its certificate, hex; empty: it asks for nothing here
  std::string partner;                // its identity server among our partners (broker/partners)
  std::vector<std::string> domains;   // of its users' MC IDs
  std::vector<std::string> services;  // its users get identities for here, where their request names none
  std::uint64_t quota = 100'000;      // of its users here
  bool is_manual = false;             // somebody decides
  bool wants_acmc = false;            // the Home ACMC ID goes along
  std::int64_t created_at = 0;
};

struct SetupUser {
  std::string mc_id;
  std::array<std::string, 3> service_ids;  // of kServices; empty: none
  std::int64_t valid_from = 0;             // 0: now
  std::int64_t valid_until = 0;            // 0: without end
};

struct Setup {
  std::string id;
  std::string acmc;  // Home ACMC ID; of a request from elsewhere it may be empty
  std::string who;   // asked
  std::string home;  // MC system that asks
  std::vector<std::string> targets;
  std::vector<SetupUser> users;
  bool is_all_or_nothing = false;
  std::int64_t created_at = 0;
};

enum class Stage : std::uint8_t { Sending, Waiting, Pending, Running, Done, Failed, Rejected, Withdrawing, Withdrawn };
std::string_view name_of(Stage stage);
// Something is still to be done or decided.
bool is_under_way(Stage stage);

struct StageRecord {
  Stage stage = Stage::Sending;
  std::string href;    // of the partner's process indication
  std::string reason;  // why it failed, or was rejected; while it is sent, why the partner has not taken it yet
  std::string by;      // decided
  // Sending or Waiting: so it stood when it was withdrawn or ended, and whom the partner holds for it nobody has said. Else
  // the users' rows say all.
  Stage unanswered = Stage::Done;
  // Done: those who were set up are on the list of who may go there (broker/identity/abroad.h). No in older records.
  bool is_listed = false;
  std::int64_t updated_at = 0;
  std::uint64_t version = 0;
};

struct Visitor {
  std::string mc_id;
  std::string setup;                     // the last request that asked for him
  std::string sub;                       // here; empty: somebody set him up by hand, and he stays as he is
  std::vector<std::string> service_ids;  // primary ones, that are listed
  std::int64_t valid_from = 0;
  std::int64_t valid_until = 0;
  bool is_open = false;  // his time has begun
  std::string idms;      // his home's identity server among our partners; empty in older records
  std::uint64_t version = 0;
};

std::string encode(const AcmClient& record);
std::string encode(const AcmPartner& record);
std::string encode(const Setup& record);
std::string encode(const StageRecord& record);
std::string encode(const Visitor& record);
// Nobody will read it, however often he tries: named, and passed over.
inline bool is_unreadable(Code code) {
  return code == Code::Corrupt || code == Code::SchemaTooNew || code == Code::SetupUnknown;
}
// Corrupt, SchemaTooNew.
Result<AcmClient> decode_client(const storage::Value& value);
Result<AcmPartner> decode_partner(const storage::Value& value);
Result<Setup> decode_setup(const storage::Value& value);
Result<StageRecord> decode_stage(const storage::Value& value);
Result<Visitor> decode_visitor(const storage::Value& value);

// A SIP, tel or other URI without blanks and controls; or what an IdMS calls a user.
bool is_identity(std::string_view text);
// "alpha.example" of "sip:ann@alpha.example"; empty: none.
std::string_view domain_of(std::string_view identity);
// Of all writings of a SIP or tel URI one (RFC 3261 clause 19.1.4); of anything else what it is.
std::string one_writing(std::string_view identity);
// MC system IDs and domains, which have no case.
bool is_same_name(std::string_view one, std::string_view other);

}  // namespace claviger::administration
