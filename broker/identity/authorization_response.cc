#include "broker/identity/authorization_response.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "broker/identity/oauth_error.h"
#include "broker/identity/page.h"
#include "broker/identity/page_language.h"
#include "broker/identity/request_form.h"
#include "core/codec/redirect.h"

namespace claviger::identity {
namespace {

using Parameters = std::vector<std::pair<std::string_view, std::string_view>>;

http::Response respond(const tenants::Tenant& tenant, const ResponseTarget& target, Parameters parameters) {
  if (!target.state.empty()) parameters.emplace_back("state", target.state);
  parameters.emplace_back("iss", tenant.issuer);
  if (target.response_mode == ResponseMode::FormPost) {
    return form_post_page(tenant.name, target.redirect_uri, parameters, page_text_named(target.language));
  }
  std::string location;
  codec::RedirectWriter writer(location, target.redirect_uri);
  for (const auto& [name, value] : parameters) writer.add(name, value);
  http::Response response(302);
  response.with("location", std::move(location)).with("referrer-policy", "no-referrer");
  return response;
}

}  // namespace

http::Response code_response(const tenants::Tenant& tenant, const ResponseTarget& target, const SecretBytes& code) {
  Parameters parameters;
  parameters.emplace_back("code", as_text(code.reveal()));
  return respond(tenant, target, std::move(parameters));
}

http::Response refusal_response(const tenants::Tenant& tenant, const ResponseTarget& target, const Error& error) {
  const OauthError answer = oauth_error_of(error.code);
  Parameters parameters;
  parameters.emplace_back("error", answer.error);
  parameters.emplace_back("error_description", answer.description);
  return respond(tenant, target, std::move(parameters));
}

http::Response local_error_response(std::string_view tenant, const Error& error, const http::Request& request,
                                    std::uint32_t retry_after_seconds) {
  if (wants_json(request)) return oauth_error_response(error, retry_after_seconds);
  const OauthError answer = oauth_error_of(error.code);
  http::Response response = error_page(tenant, answer.status, answer.error, answer.description, page_text_for(request));
  if (answer.status == 429 || answer.status == 503) {
    response.with("retry-after", std::to_string(std::max(retry_after_seconds, kRetryAfterOverload)));
  }
  return response;
}

}  // namespace claviger::identity
