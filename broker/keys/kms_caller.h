// Who asks a KMS: the access token of an MC client, and the identities it speaks for (TS 33.180 clauses 5.3.3, B.2.2,
// B.11.2; spec 4.11).
//
// The KMS interface has no tenant in its paths, as no client knows of one: the token's issuer says which it is. Any
// shard, without suspending.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/keys/kms.h"
#include "broker/tokens/verifier/claims.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::keys {

struct Caller {
  std::string tenant;
  std::string sub;
  std::string client_id;
  std::int64_t client_since = 0;  // when it was made
  // MC service IDs of the token: of mcptt_id, mcvideo_id, mcdata_id; at least one, but for a service.
  std::vector<std::string> identities;
  bool is_service = false;  // a token of client_credentials: what an operator granted it counts (UserPolicy::client_id)
  bool may_ask_for(std::string_view uri) const;
};

struct Admitted {
  Caller caller;
  DomainRef domain;  // that issues now
};

// The same without a copy: views that last until the shard's verifier looks at another token.
struct AdmittedView {
  const tenants::Tenant* tenant;
  const tokens::Claims* claims;
  const TenantDomains* domains;  // of the table that was given
};

// Bearer... and Token... codes: 401. TokenAudience and BearerScope: good, but not for this. KeysDenied: a token without
// an MC service ID. KmsUnknown: the issuer's tenant has no KMS.
Result<AdmittedView> admit_view(const DomainTable& table, broker::Context& context, const http::Request& request);
Result<Admitted> admit(const DomainTable& table, broker::Context& context, const http::Request& request);

}  // namespace claviger::keys
