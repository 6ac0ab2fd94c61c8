// Who is calling: client authentication at the token, introspection and revocation endpoints (RFC 6749 clause 2.3,
// RFC 7523, RFC 8705; TS 33.434 A.4.2.4).
//
// One ClientAuthenticator per shard (in IdentityShard). Codes: ClientUnknown, ClientDisabled, ClientSecretWrong,
// ClientMethodWrong, ClientAssertionInvalid, TokenReplayed, ClientCertificateWrong (all answered 401 invalid_client),
// ClientMethodsSeveral and ClientIdDiffers (400 invalid_request), and what the store says.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "core/base/result.h"
#include "core/codec/form.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

using ClientRef = std::shared_ptr<const Client>;

class ClientAuthenticator {
 public:
  explicit ClientAuthenticator(broker::Context& context);
  ~ClientAuthenticator();

  // Without suspending: an Authorization header seen before on this shard whose client has not changed since
  // (client_secret_basic; looked up by a keyed 128-bit hash of the header). Null: ask authenticate().
  ClientRef authenticate_seen(std::string_view tenant, const http::Request& request);

  // `request` and `form` must live until the Task ends: both are owned by the calling endpoint's coroutine frame.
  runtime::Task<Result<ClientRef>> authenticate(std::string tenant, const http::Request* request,
                                                const codec::Form* form);
  // The client's record without authentication (authorize endpoint), from the cache or the store.
  runtime::Task<Result<ClientRef>> find(std::string tenant, std::string client_id);
  // By control message on every shard, awaited before a change of a client is acknowledged.
  void forget(std::string_view tenant, std::string_view client_id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace claviger::identity
