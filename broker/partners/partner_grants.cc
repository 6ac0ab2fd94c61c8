#include "broker/partners/partner_grants.h"

#include "broker/partners/bearer_grant.h"
#include "broker/partners/exchange_grant.h"

namespace claviger::partners {

identity::ExtensionGrants partner_grants(Partners& partners) {
  identity::ExtensionGrants grants;
  grants.push_back({kExchangeGrant, [](const identity::Client& client) { return client.may_exchange; },
                    [&partners](const identity::ExtensionCall* call) { return exchange_token(&partners, call); }});
  grants.push_back({kBearerGrant, [](const identity::Client& client) { return client.may_assert; },
                    [&partners](const identity::ExtensionCall* call) { return redeem_assertion(&partners, call); }});
  return grants;
}

}  // namespace claviger::partners
