// The authenticators there are, each defined in a file of its own; for authenticator_table.cc.
#pragma once

#include "broker/identity/authenticators/authenticator.h"

namespace claviger::identity {

const Authenticator* totp_authenticator();
const Authenticator* hotp_authenticator();
const Authenticator* recovery_authenticator();
const Authenticator* webauthn_authenticator();
const Authenticator* certificate_authenticator();
const Authenticator* outside_authenticator();
const Authenticator* aka_authenticator();

}  // namespace claviger::identity
