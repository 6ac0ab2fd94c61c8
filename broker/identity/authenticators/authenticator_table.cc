#include <algorithm>
#include <array>

#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authenticators/kinds.h"

namespace claviger::identity {

std::span<const Authenticator* const> authenticators() {
  // One line each. In the order in which policies and pages name them.
  static const std::array kAll{
      webauthn_authenticator(), totp_authenticator(),     hotp_authenticator(),
      outside_authenticator(),  recovery_authenticator(), certificate_authenticator(),
        aka_authenticator(),
  };
  return kAll;
}

const Authenticator* find_authenticator(std::string_view kind) {
  const auto all = authenticators();
  const auto found = std::ranges::find(all, kind, &Authenticator::kind);
  return found == all.end() ? nullptr : *found;
}

}  // namespace claviger::identity
