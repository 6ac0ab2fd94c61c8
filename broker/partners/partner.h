// A partner: another system's IdMS with which one of our tenants has an agreement (TS 33.180 clauses 5.1.4, B.6 to B.9).
//
// Record of tables::kPartners, key tenant + name; beside it, under longer keys, what we learned from the partner: its
// keys (tenant + name + "keys") and how far we read its revocations (tenant + name + "feed"). Changed by
// partner_procedures.h on the home of partners (Partners::home); every shard reads the published PartnerTable.
//
// A partner may be home to users who come here (we take its security tokens, as far as `scopes` goes), or be visited by
// users of ours (we make security tokens for it, as `outbound` says), or both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::partners {

// Which of our users may go there.
enum class Outbound : std::uint8_t { None = 0, Listed = 1, All = 2 };

struct Partner {
  std::string name;  // [a-z0-9-]{1,32}, starts with a letter
  std::string display_name;
  std::string issuer;           // exact; of one partner only in a tenant
  std::string resource;         // what our clients name to go there (TS 33.180 B.7.2), and `aud` of what we sign for it
  std::string token_endpoint;   // what the security token is posted to; for people
  std::string jwks_uri;         // empty: its keys were installed by hand (TS 33.180 clause 5.1.4.2)
  std::string jwks;             // installed; empty with a jwks_uri
  std::string ca_pem;           // trust in its TLS certificate; empty: the system's
  std::string revocations_uri;  // its revocation feed; empty: not followed
  std::string feed_client_id;   // who we are there
  std::string sealed_feed_secret;    // storage/sealing.h, under the record's key
  std::vector<std::string> scopes;   // what its users may get here; empty: we take none of its security tokens
  std::vector<std::string> domains;  // in which its MC identities lie; empty: anywhere
  Outbound outbound = Outbound::None;
  bool is_strict_type = true;  // security tokens are of type mcx-st+jwt; false: JWT (a partner that is not Claviger)
  bool gives_refresh_tokens = false;
  Seconds keys_kept{7 * 24 * 3600};  // without contact its last keys are good this long
  Seconds session_max{12 * 3600};    // of sessions that have a refresh token
  // What its sign-ins are worth here: "theirs" or "theirs=ours", where ours is an acr that sign-ins here reach. What is not
  // in the list says nothing but that he signed in; 3gpp:acr:password, by which no more is meant, is always understood.
  std::vector<std::string> accepted_acrs;
  std::vector<std::string> clients;  // ours that may redeem its security tokens; empty: all that may assert
  bool is_enabled = true;
  std::int64_t created_at = 0;
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string partner_key(std::string_view tenant, std::string_view name);
std::string partner_keys_key(std::string_view tenant, std::string_view name);
std::string partner_feed_key(std::string_view tenant, std::string_view name);

std::string encode_partner(const Partner& partner);
// Corrupt or SchemaTooNew.
Result<Partner> decode_partner(const storage::Value& value, std::string_view name);

// What was fetched: version (1 octet, 1) | when (8 octets, big-endian) | the JWKS document.
struct FetchedKeys {
  std::int64_t fetched_at = 0;
  std::string jwks;
};
std::string encode_fetched_keys(const FetchedKeys& keys);
Result<FetchedKeys> decode_fetched_keys(Bytes value);

}  // namespace claviger::partners
