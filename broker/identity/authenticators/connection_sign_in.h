// A sign-in by what the connection proves, in the place of a password: whose credential it is.
//
// Called by the endpoints on the shard of the request. Only for who came over a connection that proves something, so that
// everybody else costs no read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/authenticators/sign_in_progress.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

struct ProvedCredential {
  std::string kind;    // of the authenticator
  std::string serial;  // its record's
};
std::vector<ProvedCredential> proved_by_connection(const http::Peer& peer);

struct ConnectionUser {
  SignInProgress progress;
  std::string credential_id;  // his authenticator's
};
// The owner of the first that is enrolled and reaches one of the `acr_values`; nothing: nobody. The sign-in looks at all of
// it again, at its home.
runtime::Task<Result<std::optional<ConnectionUser>>> user_of_connection(broker::Context* context, std::string tenant,
                                                                        std::vector<ProvedCredential> proved,
                                                                        std::string acr_values);

}  // namespace claviger::identity
