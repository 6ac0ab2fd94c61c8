// What a grant hands to the token endpoint when it is committed: the session, and what the tokens say of the user.
// A value; it may cross from the home shard to the asking one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/identity/session.h"
#include "broker/identity/val_identity.h"

namespace claviger::identity {

struct GrantedSession {
  Session session;
  std::uint32_t generation = 0;                 // of the refresh token to give out
  std::vector<std::string> scopes;              // of the access token: the session's, or fewer
  std::vector<std::string> audiences;           // of the access token: resource_indicators.h
  std::string nonce;                            // for the ID token; code grant only
  std::string subject;                          // what tokens call the user; empty: the session's sub
  std::vector<std::string> val_user_ids;        // all of the user's
  ValClaims val;                                // what of them goes into tokens: val_claims.h
  std::string mcptt_id, mcvideo_id, mcdata_id;  // those that the scopes let into tokens
  bool gives_refresh_token = true;
  std::string name, preferred_username;  // of the ID token, where the client asked for them one by one
  Seconds access_token_life{0};          // the client's own; 0: as configured
};

}  // namespace claviger::identity
