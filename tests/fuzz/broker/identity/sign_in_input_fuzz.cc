// What a browser sends to the authorization and sign-in endpoints: a Cookie field, then after a line feed the form or
// query. Every page and redirect made of it must be free of injected markup and header lines.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/identity/authorization_request.h"
#include "broker/identity/authorization_response.h"
#include "broker/identity/interaction_cookie.h"
#include "broker/identity/page.h"
#include "broker/identity/request_form.h"

namespace {

using namespace claviger;

identity::Client client() {
  identity::Client client;
  client.client_id = "app";
  client.may_code = true;
  client.redirect_uris = {"https://app.example/cb", "http://127.0.0.1/cb", "com.example.app:/cb"};
  return client;
}

void expect_clean(const http::Response& response) {
  for (const http::ResponseHeader& header : response.headers) {
    for (const char character : header.value) {
      if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) std::abort();
    }
  }
  if (http::text_of(response.body).find("<script") != std::string_view::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const identity::Client app = client();
  static const tenants::Tenant tenant = [] {
    tenants::Tenant made;
    made.name = "alpha";
    made.issuer = "https://idms.example/idms/v1/alpha";
    return made;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  http::Request request;
  request.add(http::Field::Cookie, {"cookie", text.substr(0, line)});
  const std::string_view cookie = identity::interaction_cookie(request);
  if (!cookie.empty()) (void)identity::cookie_digest(cookie);

  const auto form = codec::parse_form(text.substr(std::min(line + 1, text.size())));
  if (!form) return 0;
  identity::SignInPage page;
  page.tenant = "alpha";
  page.username = identity::optional(*form, "username");
  page.interaction = identity::optional(*form, "interaction");
  const auto destination = identity::read_destination(*form, app);
  if (destination) {
    page.redirect_uri = destination->redirect_uri;
    const auto wanted = identity::read_request(*form, app, tenant);
    const identity::ResponseTarget target{destination->redirect_uri, destination->state, destination->response_mode};
    if (!wanted) expect_clean(identity::refusal_response(tenant, target, wanted.error()));
  }
  expect_clean(identity::sign_in_page(page, identity::kEnglish));
  return 0;
}
