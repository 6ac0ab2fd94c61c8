// The words of the pages, in one table: another language is another PageText.
//
// Plain text: the page escapes it. "{tenant}" stands for the tenant's display name.
#pragma once

#include <string_view>

namespace claviger::identity {

struct PageText {
  std::string_view language;  // BCP 47, for <html lang>
  std::string_view sign_in_title;
  std::string_view sign_in_to;  // before the tenant's name
  std::string_view username;
  std::string_view password;
  std::string_view sign_in;
  std::string_view cancel;
  std::string_view wrong;       // one text for every reason
  std::string_view slow_down;   // with a number of seconds after it
  std::string_view seconds;
  std::string_view overloaded;
  std::string_view error_title;
  std::string_view error_help;
  std::string_view continue_title;
  std::string_view continue_help;
  std::string_view continue_button;
  std::string_view sign_off_title;
  std::string_view sign_off_help;
  std::string_view sign_off;
  std::string_view signed_off_title;
  std::string_view signed_off_help;
  std::string_view not_signed_off_title;
  std::string_view consent_title;  // before the client's name
  std::string_view consent_ask;    // before the list of scopes
  std::string_view consent_help;
  std::string_view allow;
  std::string_view deny;
  std::string_view second_factor_title;
  std::string_view second_factor_help;
  std::string_view code;
  std::string_view code_wrong;
  std::string_view enrol_title;
  std::string_view enrol_help;
  std::string_view enrol_secret;
  std::string_view session_title;
  std::string_view session_help;
  std::string_view session_continue;
  std::string_view session_other;
  std::string_view key_help;
  std::string_view key_use;
  std::string_view key_enrol_help;
  std::string_view key_enrol;
  std::string_view key_failed;
  std::string_view key_needs_script;
  std::string_view key_wrong;
  std::string_view connection_use;
  std::string_view connection_wrong;
};

inline constexpr PageText kEnglish{
    .language = "en",
    .sign_in_title = "Sign in",
    .sign_in_to = "Sign in to",
    .username = "User name",
    .password = "Password",
    .sign_in = "Sign in",
    .cancel = "Cancel",
    .wrong = "User name or password is wrong.",
    .slow_down = "Too many attempts. Try again in",
    .seconds = "seconds.",
    .overloaded = "The service is busy. Try again in a moment.",
    .error_title = "This does not work",
    .error_help = "Go back to the application and start again from there.",
    .continue_title = "Signed in",
    .continue_help = "Go back to the application.",
    .continue_button = "Continue",
    .sign_off_title = "Sign off?",
    .sign_off_help = "Everybody who is signed in on this device will be signed off.",
    .sign_off = "Sign off",
    .signed_off_title = "Signed off",
    .signed_off_help = "You may close this page.",
    .not_signed_off_title = "Nobody was signed off",
    .consent_title = "Access for",
    .consent_ask = "This application asks for:",
    .consent_help = "Your answer is remembered. An administrator can take it back.",
    .allow = "Allow",
    .deny = "Do not allow",
    .second_factor_title = "Second step",
    .second_factor_help = "Enter the code of your authenticator app or token, or one of your recovery codes.",
    .code = "Code",
    .code_wrong = "The code is wrong or was used before.",
    .enrol_title = "Set up an authenticator",
    .enrol_help = "Scan this with an authenticator app, then enter the code that it shows.",
    .enrol_secret = "Or type this key into the app:",
    .session_title = "Signed in as",
    .session_help = "An application wants to sign you in:",
    .session_continue = "Continue",
    .session_other = "Use another account",
    .key_help = "Confirm with your security key, your finger or your face.",
    .key_use = "Use security key or device",
    .key_enrol_help = "Register a security key, or this device's lock, to sign in with from now on.",
    .key_enrol = "Register security key or device",
    .key_failed = "That did not work. Try again.",
    .key_needs_script = "Security keys need a browser with scripts switched on.",
    .key_wrong = "The security key or device was not accepted.",
    .connection_use = "Use the certificate of this device",
    .connection_wrong = "Nobody can sign in with the certificate of this device.",
};

// Every language there is; the first is for those who ask for none of them.
inline constexpr const PageText* kPageTexts[] = {&kEnglish};

}  // namespace claviger::identity
