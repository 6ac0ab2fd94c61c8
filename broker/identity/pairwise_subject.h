// Pairwise subject identifiers (OIDC Core clause 8.1): each sector of clients knows a user by another name, so that two of
// them cannot tell that they serve the same person.
//
//   sub = base64url( HMAC-SHA256( key of the installation, tenant NUL sector NUL sub of the user ) )
//
// Stable for as long as the installation's keys live; nothing is stored. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/identity/client.h"
#include "core/crypto/hmac.h"

namespace claviger::identity {

// The client's own sector identifier, or the one host that all its redirect URIs have; empty: there is none. A loopback
// address or a private-use scheme names no sector: all native clients would share it.
std::string sector_of(const Client& client);

// What tokens and userinfo call the user towards this client: `sub` itself unless the client has pairwise subjects.
std::string subject_for(const crypto::HmacSha256& key, std::string_view tenant, const Client& client,
                        std::string_view sub);

}  // namespace claviger::identity
