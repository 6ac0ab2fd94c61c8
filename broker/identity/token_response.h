// The answers of the token endpoint that carry tokens (RFC 6749 clause 5.1, OIDC Core clause 3.1.3.3; TS 33.180 clause
// B.4.2.5).
//
// Written into one slab: a refresh token goes nowhere else.
#pragma once

#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/identity/granted_session.h"
#include "broker/identity/resource_indicators.h"
#include "broker/identity/scope_grant.h"
#include "broker/tokens/issuer.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

enum class IdToken : bool { No, Yes };

// What a token's sender must prove to hold; 32 bytes or empty.
struct TokenBinding {
  std::string_view certificate_digest;  // RFC 8705
  std::string_view dpop_key;            // RFC 9449
};

// Unsupported (the clock is behind); what tokens::sign() says.
runtime::Task<Result<http::Response>> session_response(broker::Context* context, std::string tenant,
                                                       GrantedSession granted, IdToken id_token);

// client_credentials: neither user nor session nor refresh token. All but the signature. TargetUnknown: `resources` are
// not what the scopes lead to (RFC 8707).
struct UnsignedAnswer {
  tokens::UnsignedToken access_token;
  std::string scope;
  Seconds lifetime{0};
  bool is_key_bound = false;
};
Result<UnsignedAnswer> service_answer(broker::Context& context, const broker::TenantView& tenant, const Client& client,
                                      ScopeList scopes, const Resources& resources, const TokenBinding& binding);
runtime::Task<Result<http::Response>> service_response(broker::Context* context, UnsignedAnswer answer);
// Only where the token is_signed_here().
Result<http::Response> service_response_here(broker::Context& context, UnsignedAnswer answer);

}  // namespace claviger::identity
