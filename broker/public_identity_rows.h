// Keys of the rows that say whose a public identity is: of tables::kPublicIdentities a subscriber's of the SIP database, of
// tables::kBindingIdentities a visitor's. Whoever claims it in one table expects that it is not in the other.
// The identity in its canonical form (subscriber.h); that of a binding has no other.
#pragma once

#include <string>
#include <string_view>

#include "broker/record_key.h"

namespace claviger::broker {

inline std::string subscribers_identity_key(std::string_view tenant, std::string_view public_identity) {
  return record_key({tenant, public_identity});
}
inline std::string visitors_identity_key(std::string_view tenant, std::string_view public_identity) {
  return record_key({tenant, "impu", public_identity});
}

}  // namespace claviger::broker
