#include "broker/identity/authenticators/prompt.h"

#include <charconv>
#include <string_view>

namespace claviger::identity {
namespace {

std::string_view value_of(const codec::Form& form, std::string_view name) {
  return form.find(name).value_or(std::string_view());
}

}  // namespace

Result<Prompt> read_prompt(const codec::Form& form) {
  Prompt prompt;
  std::string_view words = value_of(form, "prompt");
  bool has_other = false;
  while (!words.empty()) {
    const std::size_t space = words.find(' ');
    const std::string_view word = words.substr(0, space);
    words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
    if (word.empty()) continue;
    // OIDC Core clause 3.1.2.1: what is unknown is passed over, but not beside "none".
    if (word == "none") {
      prompt.none = true;
      continue;
    }
    has_other = true;
    prompt.login = prompt.login || word == "login";
    prompt.consent = prompt.consent || word == "consent";
    prompt.select_account = prompt.select_account || word == "select_account";
  }
  if (prompt.none && has_other) return Error{Code::ParameterMalformed, "authorize.prompt"};
  const std::string_view text = value_of(form, "max_age");
  if (text.empty()) return prompt;
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || seconds < 0) {
    return Error{Code::ParameterMalformed, "authorize.max_age"};
  }
  prompt.max_age = seconds;
  return prompt;
}

}  // namespace claviger::identity
