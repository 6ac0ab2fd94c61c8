// The pages people see: sign-in form, error, and the form that carries a response by POST. Plain HTML that works
// without scripts, with screen readers, by keyboard and on a phone (WCAG 2.1: labels, focus, contrast 4.5:1).
//
// Pure functions of their arguments; every text from outside is escaped. Security headers of spec 1.11 on each page.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/identity/page_text.h"
#include "core/http/message.h"

namespace claviger::identity {

struct ConsentPage {
  std::string_view tenant;
  std::string_view client_name;
  std::string_view consent;       // hidden field
  std::string_view redirect_uri;  // as below
  std::vector<std::string> scopes;
};
http::Response consent_page(const ConsentPage& page, const PageText& text);

struct SignInPage {
  std::string_view tenant;         // as in the path
  std::string_view tenant_name;    // for people
  std::string_view interaction;    // hidden field
  std::string_view redirect_uri;   // its origin may be navigated to (CSP form-action)
  std::string_view username;       // as typed before, or login_hint
  std::string_view alert;          // empty: none
  std::string_view application;    // the client's name: whoever was lured here by another one sees it
  bool has_connection = false;     // the connection proves who somebody is: no password is needed
};
http::Response sign_in_page(const SignInPage& page, const PageText& text, std::uint16_t status = 200);

// `error` and `description` are the words of the protocol: for whoever helps the user.
http::Response error_page(std::string_view tenant, std::uint16_t status, std::string_view error,
                          std::string_view description, const PageText& text);

// response_mode=form_post (OAuth 2.0 Form Post Response Mode) with a button instead of a script.
http::Response form_post_page(std::string_view tenant, std::string_view redirect_uri,
                              const std::vector<std::pair<std::string_view, std::string_view>>& parameters,
                              const PageText& text);

// Asks whether everybody on this device is to be signed off; `sealed` comes back in a hidden field.
struct SignOffPage {
  std::string_view tenant;
  std::string_view sealed;
  std::string_view redirect_uri;  // where it goes afterwards; empty: nowhere
};
http::Response sign_off_page(const SignOffPage& page, const PageText& text);
// A heading and a sentence.
http::Response message_page(std::string_view tenant, std::string_view title, std::string_view message,
                            const PageText& text);

http::Response style_sheet();

// What a CSP `form-action` must name so that a browser follows our redirect there: the origin, or the bare scheme of a
// private-use URI; "http:" for [::1], which CSP's grammar of hosts cannot express.
std::string form_action_source(std::string_view redirect_uri);
// Headers of spec 1.11 for an answer that is seen in a browser.
void add_page_headers(http::Response& response, std::string_view form_action, std::string_view script_nonce = {});

}  // namespace claviger::identity
