#include "broker/tokens/verifier/step_up.h"

#include <algorithm>

namespace claviger::tokens {

Result<Unit> check_authentication(std::string_view acr, std::optional<std::int64_t> auth_time,
                                  const AuthenticationRequirement& requirement, std::int64_t now) {
  const auto& wanted = requirement.acr_values;
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), acr) == wanted.end()) {
    return Error{Code::AuthenticationTooWeak, "token.acr"};
  }
  if (requirement.max_age > Seconds{0} && (!auth_time || now - *auth_time > requirement.max_age.count())) {
    return Error{Code::AuthenticationTooWeak, "token.auth_time"};
  }
  return Unit{};
}

std::string step_up_challenge(std::string_view scheme, std::string_view realm,
                              const AuthenticationRequirement& requirement) {
  std::string challenge(scheme);
  challenge.append(" realm=\"").append(realm).append("\", error=\"insufficient_user_authentication\"");
  challenge += ", error_description=\"The user must sign in again, or by another method.\"";
  if (!requirement.acr_values.empty()) {
    challenge += ", acr_values=\"";
    for (std::size_t i = 0; i < requirement.acr_values.size(); ++i) {
      challenge.append(i == 0 ? "" : " ").append(requirement.acr_values[i]);
    }
    challenge += '"';
  }
  if (requirement.max_age > Seconds{0}) {
    challenge.append(", max_age=\"").append(std::to_string(requirement.max_age.count())).append("\"");
  }
  return challenge;
}

}  // namespace claviger::tokens
