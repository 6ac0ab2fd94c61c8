#include "broker/identity/page.h"

#include <algorithm>

#include "broker/identity/page_parts.h"
#include "core/codec/uri.h"

namespace claviger::identity {
namespace {

void append_escaped(std::string& html, std::string_view text) {
  for (const char character : text) {
    switch (character) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += character;
    }
  }
}

}  // namespace

void append_parts(std::string& html, std::initializer_list<std::string_view> parts) {
  bool is_markup = true;
  for (const std::string_view part : parts) {
    if (is_markup) {
      html += part;
    } else {
      append_escaped(html, part);
    }
    is_markup = !is_markup;
  }
}

void begin_page(std::string& html, std::string_view tenant, std::string_view title, const PageText& text) {
  append_parts(html, {"<!doctype html>\n<html lang=\"", text.language,
                      "\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
                      title, "</title>\n<link rel=\"stylesheet\" href=\"/idms/v1/", tenant,
                      "/style.css\">\n</head>\n<body>\n<main>\n<h1>", title, "</h1>\n"});
}
void end_page(std::string& html) { html += "</main>\n</body>\n</html>\n"; }

http::Response page_response(std::uint16_t status, std::string html, std::string_view form_action,
                             std::string_view script_nonce) {
  http::Response response(status, "text/html; charset=utf-8", std::move(html));
  response.is_secret = true;  // one of them shows a seed or recovery codes
  add_page_headers(response, form_action, script_nonce);
  return response;
}

namespace {

// Contrast of every pair is at least 4.5:1 in both schemes, of the focus ring 3:1 (WCAG 2.1, 1.4.3 and 1.4.11);
// targets are 44 px high and inputs 16 px, below which phones zoom in by themselves.
constexpr std::string_view kStyle = R"(:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #ffffff; --ink: #1b1f24; --line: #6b7480;
  --accent: #0b57a4; --on-accent: #ffffff; --alert: #a3131a; --alert-ground: #fdecec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --card: #1f2429; --ink: #f0f2f4; --line: #8b949e;
    --accent: #7db8f5; --on-accent: #0c1116; --alert: #ffb3b0; --alert-ground: #3d1a1c;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 10vh auto 2rem; padding: 1.5rem; background: var(--card); border-radius: .5rem; }
h1 { margin: 0 0 1rem; font-size: 1.35rem; line-height: 1.25; overflow-wrap: anywhere; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { width: 100%; min-height: 44px; padding: .5rem .75rem; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: .25rem; }
button { width: 100%; min-height: 44px; margin-top: 1.25rem; font: inherit; font-weight: 600; cursor: pointer;
  border: 1px solid var(--accent); border-radius: .25rem; background: var(--accent); color: var(--on-accent); }
[hidden] { display: none; }
button.quiet { margin-top: .75rem; background: transparent; color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert { margin: 0 0 1rem; padding: .75rem; border-left: 4px solid var(--alert); background: var(--alert-ground);
  color: var(--alert); }
code { overflow-wrap: anywhere; }
@media (max-width: 30rem) { main { margin: 0; min-height: 100vh; border-radius: 0; } }
)";

}  // namespace

std::string form_action_source(std::string_view redirect_uri) {
  const auto uri = codec::parse_absolute_uri(redirect_uri);
  if (!uri) return {};
  if (!uri->has_authority || (!uri->scheme_is("https") && !uri->scheme_is("http"))) {
    return std::string(uri->scheme) + ":";
  }
  if (uri->host.starts_with('[')) return std::string(uri->scheme) + ":";
  return uri->origin();
}

void add_page_headers(http::Response& response, std::string_view form_action, std::string_view script_nonce) {
  std::string policy = "default-src 'none'; style-src 'self'; ";
  if (!script_nonce.empty()) policy.append("script-src 'nonce-").append(script_nonce).append("'; ");
  policy += "form-action 'self'";
  if (!form_action.empty()) policy.append(" ").append(form_action);
  policy += "; frame-ancestors 'none'; base-uri 'none'";
  response.with("content-security-policy", std::move(policy))
      .with("x-frame-options", "DENY")
      .with("referrer-policy", "no-referrer");
}

http::Response sign_in_page(const SignInPage& page, const PageText& text, std::uint16_t status) {
  std::string html;
  html.reserve(4096 + page.interaction.size());
  const std::string title = std::string(text.sign_in_to) + " " + std::string(page.tenant_name);
  begin_page(html, page.tenant, title, text);
  if (!page.alert.empty()) {
    append_parts(html, {"<p class=\"alert\" role=\"alert\" id=\"alert\">", page.alert, "</p>\n"});
  }
  if (!page.application.empty()) {
    append_parts(html, {"<p>", text.session_help, " <strong>", page.application, "</strong></p>\n"});
  }
  const std::string_view described = page.alert.empty() ? "" : " aria-describedby=\"alert\" aria-invalid=\"true\"";
  // A typed name stays, and the cursor goes to what has to be typed next.
  const bool has_name = !page.username.empty();
  append_parts(html, {"<form method=\"post\" action=\"/idms/v1/", page.tenant,
                      "/sign-in\">\n<input type=\"hidden\" name=\"interaction\" value=\"", page.interaction,
                      "\">\n<label for=\"username\">", text.username,
                      "</label>\n<input id=\"username\" name=\"username\" type=\"text\" autocomplete=\"username\" "
                      "autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"255\" required value=\"",
                      page.username, "\""});
  html += described;
  if (!has_name) html += " autofocus";
  append_parts(html, {">\n<label for=\"password\">", text.password,
                      "</label>\n<input id=\"password\" name=\"password\" type=\"password\" "
                      "autocomplete=\"current-password\" maxlength=\"1024\" required"});
  html += described;
  if (has_name) html += " autofocus";
  append_parts(html, {">\n<button type=\"submit\" name=\"action\" value=\"sign-in\">", text.sign_in, "</button>\n"});
  if (page.has_connection) {
    append_parts(html, {"<button type=\"submit\" name=\"action\" value=\"connection\" class=\"quiet\" formnovalidate>",
                        text.connection_use, "</button>\n"});
  }
  append_parts(html, {"<button type=\"submit\" name=\"action\" value=\"cancel\" class=\"quiet\" formnovalidate>",
                      text.cancel, "</button>\n</form>\n"});
  end_page(html);
  return page_response(status, std::move(html), form_action_source(page.redirect_uri));
}

http::Response consent_page(const ConsentPage& page, const PageText& text) {
  std::string html;
  html.reserve(2048 + page.consent.size());
  begin_page(html, page.tenant, std::string(text.consent_title) + " " + std::string(page.client_name), text);
  append_parts(html, {"<p>", text.consent_ask, "</p>\n<ul>\n"});
  for (const std::string& scope : page.scopes) append_parts(html, {"<li><code>", scope, "</code></li>\n"});
  append_parts(html, {"</ul>\n<p>", text.consent_help, "</p>\n<form method=\"post\" action=\"/idms/v1/", page.tenant,
                      "/consent\">\n<input type=\"hidden\" name=\"consent\" value=\"", page.consent,
                      "\">\n<button type=\"submit\" name=\"action\" value=\"allow\">", text.allow,
                      "</button>\n<button type=\"submit\" name=\"action\" value=\"deny\" class=\"quiet\">", text.deny,
                      "</button>\n</form>\n"});
  end_page(html);
  return page_response(200, std::move(html), form_action_source(page.redirect_uri));
}

http::Response error_page(std::string_view tenant, std::uint16_t status, std::string_view error,
                          std::string_view description, const PageText& text) {
  std::string html;
  begin_page(html, tenant, text.error_title, text);
  append_parts(html, {"<p class=\"alert\" role=\"alert\">", description, "</p>\n<p>", text.error_help,
                      "</p>\n<p><code>", error, "</code></p>\n"});
  end_page(html);
  return page_response(status, std::move(html), {});
}

http::Response form_post_page(std::string_view tenant, std::string_view redirect_uri,
                              const std::vector<std::pair<std::string_view, std::string_view>>& parameters,
                              const PageText& text) {
  std::string html;
  const bool is_refusal = std::ranges::any_of(parameters, [](const auto& each) { return each.first == "error"; });
  begin_page(html, tenant, is_refusal ? text.error_title : text.continue_title, text);
  append_parts(html, {"<p>", text.continue_help, "</p>\n<form method=\"post\" action=\"", redirect_uri, "\">\n"});
  for (const auto& [name, value] : parameters) {
    append_parts(html, {"<input type=\"hidden\" name=\"", name, "\" value=\"", value, "\">\n"});
  }
  append_parts(html, {"<button type=\"submit\" autofocus>", text.continue_button, "</button>\n</form>\n"});
  end_page(html);
  return page_response(200, std::move(html), form_action_source(redirect_uri));
}

http::Response sign_off_page(const SignOffPage& page, const PageText& text) {
  std::string html;
  begin_page(html, page.tenant, text.sign_off_title, text);
  append_parts(html, {"<p>", text.sign_off_help, "</p>\n<form method=\"post\" action=\"/idms/v1/", page.tenant,
                      "/logout\">\n<input type=\"hidden\" name=\"interaction\" value=\"", page.sealed,
                      "\">\n<button type=\"submit\" name=\"action\" value=\"sign-off\">", text.sign_off,
                      "</button>\n<button type=\"submit\" name=\"action\" value=\"cancel\" class=\"quiet\">",
                      text.cancel, "</button>\n</form>\n"});
  end_page(html);
  return page_response(200, std::move(html), form_action_source(page.redirect_uri));
}

http::Response message_page(std::string_view tenant, std::string_view title, std::string_view message,
                            const PageText& text) {
  std::string html;
  begin_page(html, tenant, title, text);
  append_parts(html, {"<p>", message, "</p>\n"});
  end_page(html);
  return page_response(200, std::move(html), {});
}

http::Response style_sheet() {
  http::Response response(200, "text/css; charset=utf-8", Slice::of_static(kStyle));
  response.cache_control = "public, max-age=86400";
  response.with("x-content-type-options", "nosniff");
  return response;
}

}  // namespace claviger::identity
