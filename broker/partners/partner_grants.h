// The grants of the token endpoint that this room serves: token-exchange and jwt-bearer.
#pragma once

#include "broker/identity/extension_grant.h"
#include "broker/partners/partners.h"

namespace claviger::partners {

// `partners` outlives the routes they are given to.
identity::ExtensionGrants partner_grants(Partners& partners);

}  // namespace claviger::partners
