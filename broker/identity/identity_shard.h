// IdentityShard: what identity procedures keep on one shard: client cache, turns of users, codes and sessions, the
// sign-in throttle, keyed MACs. Member of Context, its shard's alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/client_authentication.h"
#include "core/crypto/hmac.h"
#include "core/runtime/turns.h"

namespace claviger::identity {

class SignInThrottle;
struct DpopShard;

class IdentityShard {
 public:
  explicit IdentityShard(broker::Context& context);
  IdentityShard(const IdentityShard&) = delete;
  IdentityShard& operator=(const IdentityShard&) = delete;
  ~IdentityShard();

  ClientAuthenticator& clients();
  runtime::Turns& turns();
  SignInThrottle& throttle();
  SignInThrottle& second_factor_throttle();
  const crypto::HmacSha256& refresh_mac() const;  // of refresh tokens: refresh_token.h
  const crypto::HmacSha256& client_mac() const;   // of client secrets: client_secret.h
  const crypto::HmacSha256& subject_mac() const;  // of pairwise subjects: pairwise_subject.h
  DpopShard& dpop();
  std::uint32_t& outside_calls();  // of this shard to tenants' verifiers, under way: outside_verifier.h

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "user/alpha/<sub>": the name by which an entity finds its home shard and its turn.
std::string home_name(std::string_view kind, std::string_view tenant, std::string_view id);

// A procedure whose expectations failed runs again from its first read, this often at most; then it is Overload's
// business (503).
inline constexpr int kConflictTriesMax = 3;

}  // namespace claviger::identity
