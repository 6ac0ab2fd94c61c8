// The page of a sign-in's second step: a field for a code, and for whoever enrols an authenticator its seed as a picture
// (inline SVG: no script, no second request) and as text. Where a key is asked for, the one script of all our pages, under a
// nonce of its own (authenticators/webauthn_script.h); whoever has a code to type needs no script there, either. And the page that asks whether to go on as the one who is
// signed in already. As JSON for a UE without a browser.
//
// Pure functions of their arguments.
#pragma once

#include <string>
#include <string_view>

#include "broker/identity/page_text.h"
#include "core/base/clock.h"
#include "core/http/message.h"

namespace claviger::identity {

struct SecondFactorPage {
  std::string_view tenant;
  std::string_view interaction;
  std::string_view redirect_uri;
  std::string_view alert;        // empty: none
  std::string_view application;  // the client's name: a browser that is signed in comes here at once
  bool is_enrolment = false;
  bool has_code = true;          // one is typed
  std::string_view otpauth_uri;  // of what is enrolled; empty: nothing with a seed
  std::string_view seed;         // the same as base32, in groups
  std::string_view script;       // empty: none
  std::string_view options;      // JSON for it
  std::string_view nonce;        // of the script
};
http::Response second_factor_page(const SecondFactorPage& page, const PageText& text, std::uint16_t status = 200);
http::Response second_factor_json(const SecondFactorPage& page, Seconds lifetime);

struct BrowserSessionPage {
  std::string_view tenant;
  std::string_view interaction;
  std::string_view redirect_uri;
  std::string_view who;          // login name
  std::string_view application;  // the client's name
};
http::Response browser_session_page(const BrowserSessionPage& page, const PageText& text);

}  // namespace claviger::identity
