// The answer to an authorization request, sent through the browser to the client (RFC 6749 clause 4.1.2, RFC 9207,
// OAuth 2.0 Form Post Response Mode).
//
// Only towards a redirect URI that was found registered. 302, because TS 24.547 clause 6.2.2.2.1 names it (RFC 9700
// prefers 303; user agents change POST to GET on both).
#pragma once

#include <string_view>

#include "broker/identity/interaction.h"
#include "broker/tenants/tenant.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/http/message.h"

namespace claviger::identity {

struct ResponseTarget {
  std::string_view redirect_uri;
  std::string_view state;  // empty: none
  ResponseMode response_mode = ResponseMode::Query;
  std::string_view language = {};  // of a form_post page
};

http::Response code_response(const tenants::Tenant& tenant, const ResponseTarget& target, const SecretBytes& code);
http::Response refusal_response(const tenants::Tenant& tenant, const ResponseTarget& target, const Error& error);

// What must not be sent there: a page with status and words of oauth_error.h, or JSON when the caller prefers it.
http::Response local_error_response(std::string_view tenant, const Error& error, const http::Request& request,
                                    std::uint32_t retry_after_seconds = 0);

}  // namespace claviger::identity
