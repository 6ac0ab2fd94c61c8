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

// `resource` (RFC 8707): empty, or the one audience wanted of those that the scopes give. TargetUnknown; Unsupported
// (the clock is behind); what tokens::sign() says.
runtime::Task<Result<http::Response>> session_response(broker::Context* context, std::string tenant, GrantedSession granted,
                                                       std::string resource, IdToken id_token);

// client_credentials: neither user nor session nor refresh token. All but the signature.
struct UnsignedAnswer {
  tokens::UnsignedToken access_token;
  std::string scope;
  Seconds lifetime{0};
  bool is_key_bound = false;
};
Result<UnsignedAnswer> service_answer(broker::Context& context, const broker::TenantView& tenant, const Client& client,
                                      const ScopeList& scopes, std::string_view resource, const TokenBinding& binding);
runtime::Task<Result<http::Response>> service_response(broker::Context* context, UnsignedAnswer answer);
// Only where the token is_signed_here().
Result<http::Response> service_response_here(broker::Context& context, UnsignedAnswer answer);

// The audiences of an access token with these scopes. TargetUnknown, as above: asked before a code or a generation is
// spent.
Result<std::vector<std::string_view>> audiences_for(const tenants::Tenant& tenant, const ScopeList& scopes,
                                                    std::string_view resource);

// True when `resource` is empty or some scope of the tenant leads there.
bool is_known_resource(const tenants::Tenant& tenant, std::string_view resource);

}  // namespace claviger::identity
