// Who is calling: client authentication at the token, introspection and revocation endpoints (RFC 6749 clause 2.3,
// RFC 7523, RFC 8705; TS 33.434 A.4.2.4).
//
// One ClientAuthenticator per shard (in IdentityShard). Codes: ClientMissing, ClientUnknown, ClientDisabled,
// ClientSecretWrong, ClientMethodWrong, ClientHeaderMalformed, ClientAssertionInvalid, TokenReplayed,
// ClientCertificateWrong (all answered 401 invalid_client), ClientMethodsSeveral and ClientIdDiffers (400
// invalid_request), and what the store says.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "core/base/result.h"
#include "core/codec/form.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

class ClientAuthenticator {
 public:
  explicit ClientAuthenticator(broker::Context& context);
  ClientAuthenticator(const ClientAuthenticator&) = delete;
  ClientAuthenticator& operator=(const ClientAuthenticator&) = delete;
  ~ClientAuthenticator();

  // Without suspending or allocating: an Authorization header seen before on this shard whose client has not changed
  // since (client_secret_basic; looked up by a keyed 128-bit hash of the header). Null: ask authenticate(). What the
  // form says of the client is not looked at: see agrees_with_form().
  ClientRef authenticate_seen(std::string_view tenant, const http::Request& request);
  // The form brings no credentials of its own and no other client's id. False: let authenticate() say what is wrong.
  static bool agrees_with_form(const Client& client, const codec::Form& form);

  // `request` and `form` must live until the Task ends: both are owned by the calling endpoint's coroutine frame.
  runtime::Task<Result<ClientRef>> authenticate(std::string tenant, const http::Request* request,
                                                const codec::Form* form);
  // The client's record without authentication (authorize endpoint), from the cache or the store; disabled ones, too.
  // ClientUnknown.
  runtime::Task<Result<ClientRef>> find(std::string tenant, std::string client_id);
  // The same without suspending or allocating; null when this shard has not read it.
  ClientRef find_cached(std::string_view tenant, std::string_view client_id);
  // By control message on every shard, awaited before a change of a client is acknowledged.
  void forget(std::string_view tenant, std::string_view client_id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// [A-Za-z0-9._~-]{1,128}: needs no escape in a form, a header or a key.
bool is_client_id(std::string_view text);

}  // namespace claviger::identity
