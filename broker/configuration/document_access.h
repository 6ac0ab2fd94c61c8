// Who asks the configuration management server, and what for (TS 24.482 clause A.2.3; TS 24.484 clause 6.2; TS 24.547):
// the access token, its scope, and the identity it speaks for.
//
//   user          token with the usage's scope: his own documents and the global ones are read; of his own profiles he
//                 changes what is his to change
//   server        token of client_credentials with the usage's scope, given by an operator: reads every document of it
//   writer        token of client_credentials with claviger:configuration:write: reads and writes everything
// Asked again at each request, also at the one that follows a notification. Any shard, without suspending.
#pragma once

#include <string>
#include <string_view>

#include "broker/configuration/application.h"
#include "broker/configuration/document_name.h"
#include "broker/context.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::configuration {

enum class Role : std::uint8_t { User, Server, Writer };

struct Caller {
  Role role = Role::User;
  std::string identity;     // canonical; of a user, for this usage
  std::string ue_identity;  // of a VAL service: the VAL UE's; empty: none
  std::string client_id;

  // For the history.
  std::string who() const { return role == Role::User ? identity + " by client " + client_id : "client " + client_id; }
};

// Bearer... and Token... codes; TokenAudience, BearerScope: good, but not for this; ProfileOfAnother: his identity is
// another; TokenIdentity: it has none for this service. NotFound: no such tenant.
Result<Caller> admit(broker::Context& context, std::string_view tenant, const http::Request& request,
                     const Application& application);
// The same for a token that came in the body of a SIP request (TS 24.484 clause 6.3.13): one that is bound to a certificate or
// a key is refused, because nothing proves that there. With it what a revocation will name.
struct Credential {
  Caller caller;
  std::string sub, sid, jti;
  std::int64_t issued_at = 0;
};
Result<Credential> admit_token(broker::Context& context, std::string_view tenant, std::string_view token,
                               const Application& application);
// For documents of every usage (capabilities, directory): a token with any of the scopes.
Result<Unit> admit_any(broker::Context& context, std::string_view tenant, const http::Request& request);
// ProfileOfAnother.
Result<Unit> check_may_read(const Caller& caller, const DocumentName& name);

}  // namespace claviger::configuration
