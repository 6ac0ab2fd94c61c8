// What the MC service remembers of a user's UE: five things with a life of their own each (TS 24.379 clause 7.3).
//
//   Registration  that a public identity is registered with the SIP core; ends with it
//   Binding       that an MC service ID was authorised on a client, at a public identity; ends with the registration, at
//                 log-off, when its token is revoked, when another user takes the UE
//   Publication   the service settings that a client published, by entity tag; ends by expiry and with the binding
//   Subscription  a dialog in which somebody hears of service states; ends by expiry, by its subscriber, by us
//   (the CSK of a client: client_server_keys.h; it ends with the binding)
// Full access is a registration that is active and a binding that has not ended, and nothing else.
//
//   kRegistrations   tenant NUL impu
//   kServiceStates   tenant NUL "b" NUL mc-service-id NUL service NUL client-id     the binding
//                    tenant NUL "s" NUL sid NUL (the same three)                    index by session, sub ("u"), jti ("j"), UE ("e")
//   kPublications    tenant NUL etag
//   kSubscriptions   tenant NUL "d" NUL local-tag                                   the dialog
//                    tenant NUL "w" NUL local-tag                                   ours to a registration's events
//                    tenant NUL "r" NUL resource NUL local-tag                      index by resource
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/sip/notifier_dialog.h"
#include "core/sip/subscription_life.h"
#include "storage/transaction.h"
#include "storage/value.h"

namespace claviger::registration {

// A user's UEs, and a gateway's users: beyond this somebody makes clients up.
inline constexpr std::size_t kBindingsPerIdentityMax = 256;
inline constexpr std::size_t kClientsPerUserMax = 64;
// A user's own UEs and the servers that follow him.
inline constexpr std::size_t kSubscriptionsPerUserMax = 256;
// A repeated request may still name the entity tag before the last (RFC 3903 clause 4.1 over connections that broke).
inline constexpr std::int64_t kSupersededKept = 32;
// Why somebody has no access any more can be asked for this long.
inline constexpr std::int64_t kEndedKept = 3600;
// The core's refresh may be under way when a registration's time is up.
inline constexpr std::int64_t kExpiryGrace = 30;
// Identities come through SIP headers; client identities are URNs.
inline constexpr std::size_t kIdentityBytesMax = 255;

struct BindingName {
  std::string mc_service_id;  // canonical
  std::string service;
  std::string client_id;
  bool operator==(const BindingName&) const = default;
};

struct Registration {
  std::string impu;    // canonical; of the key
  std::string s_cscf;  // where requests to its UEs go
  std::vector<std::string> path;
  std::int64_t registered_at = 0;
  std::int64_t expires_at = 0;
  std::int64_t timer_due = 0;  // of its row in the outbox
  std::string icid, orig_ioi, charging_functions, visited_network;
  std::vector<BindingName> bindings;
  std::string watch_tag;      // of our subscription to its events (registration_watch.h); empty: there never was one
  std::string watched_at;     // the S-CSCF that was asked
  std::uint64_t version = 0;  // of the record; not stored in it

  bool is_active_at(std::int64_t now) const { return expires_at + kExpiryGrace > now; }
};

enum class EndReason : std::uint8_t {
  None = 0,
  Deregistered,
  Expired,
  LoggedOff,
  FeatureLost,
  Revoked,
  Replaced,
  ByOperator,
  TokenExpired
};
std::string_view name_of(EndReason reason);

struct Binding {
  BindingName name;
  std::string impu;
  std::string instance;  // +sip.instance, where the UE told it
  std::string issuer, oauth_client_id, scope, sub, sid, jti;
  std::string token_digest;  // SHA-256
  std::int64_t token_issued_at = 0;
  std::int64_t token_expires_at = 0;
  std::int64_t authorised_at = 0;
  std::string etag;                  // of its publication; empty: none
  std::int64_t publication_due = 0;  // of the one row in the outbox that looks after its publications; 0: none
  EndReason ended = EndReason::None;
  std::int64_t ended_at = 0;
  std::uint32_t csk_id = 0;  // of the client's key; 0: it has none
  std::string ue;            // the registered UE that it is on; empty: none
  std::uint64_t version = 0;
};

// Service settings as TS 24.379 clause 7.4 and RFC 4354 have them. -1: not said.
struct ServiceSettings {
  // The client ID as the client writes it, for documents that it reads; empty: as we do.
  std::string entity_id;
  std::string answer_mode;  // "automatic", "manual" or empty
  int profile_index = -1;
  int multiplex = -1;
  int session_barring = -1;
  int alert_barring = -1;
  int simultaneous_sessions = -1;
  bool operator==(const ServiceSettings&) const = default;
};

struct Publication {
  std::string etag;
  BindingName name;
  std::string impu;
  std::int64_t expires_at = 0;
  std::string superseded_by;  // the entity tag that came after it; empty: it is the one
  ServiceSettings settings;
  std::uint64_t version = 0;
};

struct Subscription {
  std::string resource;  // an MC service ID
  std::string service;
  std::string client_id;   // empty: all of them
  std::string subscriber;  // the identity that the core asserted
  bool is_server = false;  // hears of every client, and why one has no access
  sip::NotifierDialog dialog;
  sip::SubscriptionLife life;
  std::int64_t created_at = 0;
  std::uint32_t csk_id = 0;  // under which it was asked for, and how: NOTIFYs are protected likewise
  bool is_confidential = false;
  bool is_integral = false;
  std::uint64_t version = 0;
};

std::string registration_key(std::string_view tenant, std::string_view impu);
std::string binding_key(std::string_view tenant, const BindingName& name);
std::string bindings_prefix(std::string_view tenant, std::string_view mc_service_id);
std::string bindings_prefix(std::string_view tenant, std::string_view mc_service_id, std::string_view service);
std::string publication_key(std::string_view tenant, std::string_view etag);
std::string subscription_key(std::string_view tenant, std::string_view local_tag);
std::string resource_prefix(std::string_view tenant, std::string_view resource);

// The indexes by which a revocation finds bindings: kind is "s" (sid), "u" (sub) or "j" (jti); and by registered UE.
inline constexpr std::string_view kUeIndex = "e";
std::string revocable_prefix(std::string_view tenant, std::string_view kind, std::string_view id);
// Of an index row's key: the binding. Corrupt.
Result<BindingName> name_of_index(std::string_view key);
// Of a row of the index by resource. Corrupt.
Result<std::string> tag_of_index(std::string_view key);

std::string encode(const Registration& registration);
std::string encode(const Binding& binding);
std::string encode(const Publication& publication);
std::string encode(const Subscription& subscription);
// Corrupt, SchemaTooNew.
Result<Registration> decode_registration(const storage::Value& value, std::string_view impu);
Result<Binding> decode_binding(const storage::Value& value);
Result<Publication> decode_publication(const storage::Value& value, std::string_view etag);
Result<Subscription> decode_subscription(const storage::Value& value, std::string_view local_tag);

// Puts with expectation of the version that was read (0: absent), and index rows.
void put(storage::Transaction& change, std::string_view tenant, const Registration& registration);
// `former`: what it was before, when its indexes were others.
void put(storage::Transaction& change, std::string_view tenant, const Binding& binding,
         const Binding* former = nullptr);
void put(storage::Transaction& change, std::string_view tenant, const Publication& publication);
void put(storage::Transaction& change, std::string_view tenant, const Subscription& subscription);
// Marks it ended: its indexes, its publication and that one's row go at once, the record a while later.
void put_ended(storage::Transaction& change, std::string_view tenant, Binding binding, EndReason reason,
               std::int64_t now);
void erase(storage::Transaction& change, std::string_view tenant, const Registration& registration);
void erase(storage::Transaction& change, std::string_view tenant, const Subscription& subscription);

}  // namespace claviger::registration
