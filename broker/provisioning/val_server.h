// Who calls SS_IdmParameterProvisioning: a VAL server with an access token of its own (TS 29.549 clause 9.2: OAuth 2.0
// client credentials, below TLS with certificates of both sides where the listener asks for them).
//
// The token must have the scope "ss-ipp", be meant for this API (the audience that the tenant maps that scope to), be the
// client's own and not a user's, and, where it is bound to a certificate, come with it. The client's record says which
// VAL server it is and which VAL services its agreement lets it configure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::provisioning {

inline constexpr std::string_view kScope = "ss-ipp";

struct ValServer {
  std::string client_id;
  std::string id;                     // valServerId
  std::vector<std::string> services;  // VAL service IDs that it may configure
};

// BearerMissing, ProxyUntrusted, AssertedIdentityRefused: 403 (TS 24.547 clause A.2.3: a request that says of nobody that
// he sent it, or that a UE says it of; that an identity is asserted is no authorisation here, TS 29.549 wants a token).
// Bearer... and Token... codes: 401, BearerScope: 403. ClientDisabled, ClientUnknown: the client has gone since.
// NotPermitted: it is no VAL server. `request` lives in the caller's frame.
runtime::Task<Result<ValServer>> authenticate(broker::Context* context, std::string tenant, const http::Request* request);

}  // namespace claviger::provisioning
