// The login page of an identity server as a person's browser would see it: the form that asks for a password (HTML,
// clauses 4.10 and 13.1.2).
//
// A scan of hostile text, not a parser of HTML: it finds tags and their attributes, and knows nothing of scripts. Pure
// function, any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace claviger::ue {

inline constexpr std::size_t kPageBytesMax = 1024 * 1024;
inline constexpr std::size_t kFormInputsMax = 64;

struct LoginForm {
  std::string action;  // as written, entities resolved; empty: the page itself
  std::string user_field;
  std::string password_field;
  std::vector<std::pair<std::string, std::string>> hidden;
};

// The first form with a password field. NotFound, TooLarge, TooMany.
Result<LoginForm> find_login_form(std::string_view page);

}  // namespace claviger::ue
