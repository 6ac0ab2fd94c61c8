// What a client record may contain: checked where it comes in (TS 33.180 clause B.3, RFC 8252, RFC 8705, RFC 9700).
//
// Pure functions, any thread; a JWKS with RSA keys costs milliseconds.
#pragma once

#include <string_view>

#include "broker/identity/client_procedures.h"

namespace claviger::identity {

// ClientRedirectUri, ClientMetadata, ClientKeys, KeyPublished, ScopeMalformed.
Result<Client> client_of(const ClientDraft& draft);
Result<Unit> apply_change(const ClientChange& change, Client& client);
// https; http on a loopback address; a private-use scheme with a dot in it (RFC 8252 clauses 7.1 to 7.3). Absolute, no
// fragment, no userinfo.
Result<Unit> check_redirect_uri(std::string_view text);
// Where we send logout tokens (OIDC Back-Channel Logout clause 2.2): https; http on a loopback address, which only a
// sandbox is sent to.
Result<Unit> check_logout_uri(std::string_view text);

}  // namespace claviger::identity
