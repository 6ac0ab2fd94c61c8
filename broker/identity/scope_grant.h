// Which of the requested scopes are granted (TS 33.180 table B.4.2.2-1; RFC 6749 clause 3.3).
//
//   granted = requested AND known to the tenant AND allowed to the client AND the user is entitled to it
//
// The rest is dropped silently: the token response always says what was granted. A user without an identity for a
// mission-critical service gets none of that service's scopes, whatever his record allows. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/client.h"
#include "broker/identity/user.h"
#include "broker/tenants/tenant.h"
#include "core/base/result.h"

namespace claviger::identity {

inline constexpr std::size_t kScopesMax = 64;        // the MC and SEAL scopes together are 20
inline constexpr std::size_t kScopeBytesMax = 4096;  // of a `scope` parameter

// What client_credentials gives a client that asks for no scope and has none registered: it opens nothing by itself.
inline constexpr std::string_view kServiceScope = "service";

using ScopeList = std::vector<std::string_view>;

// The tokens of a `scope` parameter in their order, repetitions dropped. ScopeMalformed: empty, a character outside
// %x21 / %x23-5B / %x5D-7E, two spaces in a row, too many or too long.
Result<ScopeList> parse_scope(std::string_view parameter);
bool is_scope_token(std::string_view text);
// Space-separated, in order.
std::string join_scope(const ScopeList& scopes);
std::string join_scope(const std::vector<std::string>& scopes);
// OpenID Connect Core 1.0 clause 5.4.
inline constexpr std::string_view kProfileScope = "profile";

bool contains_scope(const std::vector<std::string>& scopes, std::string_view scope);

// "openid", "profile", whatever the tenant maps to an audience, what a client's record names, and for a VAL client
// "val:" and a service (which of them a user has is for val_claims.h).
bool is_known_scope(std::string_view scope, const tenants::Tenant& tenant, const Client& client);

// For the code grant. ScopeMalformed when `openid` is not requested; ScopeNothing when more than openid was asked for
// and nothing else is left after the client's and the tenant's rules (the user is not known yet), or, with a user,
// after his.
Result<ScopeList> grant_to_client(const ScopeList& requested, const tenants::Tenant& tenant, const Client& client);
Result<ScopeList> grant_to_user(const ScopeList& allowed, const User& user);
// For client_credentials: what the client's record names; without a request all of it, and `service` where it names
// nothing. `openid` needs a user: dropped.
Result<ScopeList> grant_to_service(const ScopeList& requested, const tenants::Tenant& tenant, const Client& client);

// Of what a session was granted, what its client may still have: a scope that was taken from the client's record is
// given no more. ScopeNothing.
Result<std::vector<std::string>> grant_still_allowed(std::vector<std::string> scopes, const Client& client);

// The identities of a user that the granted scopes let into tokens; empty where they do not (TS 33.180 B.2.1.3).
struct McIdentities {
  std::string_view mcptt_id, mcvideo_id, mcdata_id;
};
McIdentities identities_for(const std::vector<std::string>& granted, const User& user);

}  // namespace claviger::identity
