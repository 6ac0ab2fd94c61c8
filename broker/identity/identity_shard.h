// IdentityShard: what identity procedures keep on one shard: client cache, turns of users, codes and sessions, the
// sign-in throttle. Member of Context, its shard's alone.
#pragma once

#include "broker/context.h"
#include "broker/identity/client_authentication.h"
#include "core/runtime/turns.h"

namespace claviger::identity {

class SignInThrottle;

class IdentityShard {
 public:
  explicit IdentityShard(broker::Context& context);
  IdentityShard(const IdentityShard&) = delete;
  IdentityShard& operator=(const IdentityShard&) = delete;
  ~IdentityShard();

  ClientAuthenticator& clients();
  runtime::Turns& turns();
  SignInThrottle& throttle();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace claviger::identity
