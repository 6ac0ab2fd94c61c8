// What a grant hands to the token endpoint when it is committed: the session, and what the tokens say of the user.
// A value; it may cross from the home shard to the asking one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/identity/session.h"

namespace claviger::identity {

struct GrantedSession {
  Session session;
  std::uint32_t generation = 0;          // of the refresh token to give out
  std::vector<std::string> scopes;       // of the access token: the session's, or fewer
  std::string nonce;                     // for the ID token; code grant only
  std::string subject;                   // what tokens call the user; empty: the session's sub
  std::string mcptt_id, mcvideo_id, mcdata_id;  // those that the scopes let into tokens
};

}  // namespace claviger::identity
