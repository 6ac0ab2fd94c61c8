// TokenShard: what token procedures keep on one shard: the verifier with its cache and revocation set, the random pool,
// the waiting polls of the revocation feed.
//
// Member of Context, its shard's alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/tokens/verifier/revocation.h"
#include "broker/tokens/verifier/verify.h"
#include "core/base/result.h"
#include "core/crypto/random.h"
#include "core/runtime/one_shot.h"

namespace claviger::tokens {

class TokenShard {
 public:
  // NoSpace when the token cache's memory is not to be had.
  static Result<std::unique_ptr<TokenShard>> create(broker::Context& context);
  TokenShard(const TokenShard&) = delete;
  TokenShard& operator=(const TokenShard&) = delete;
  ~TokenShard();

  Verifier& verifier();
  crypto::RandomPool& random();
  // 128 random bits as 22 characters of base64url: jti, sid, sub.
  std::string random_id();

  // The steps of publishing a revocation (broker/tokens/revocations.h) on this shard.
  void apply(const Revocation& revocation);
  void wake_feed();
  // A long poll waits for the next wake_feed(). Overload beyond kFeedWaitersMax.
  Result<runtime::OneShot<Unit>> wait_for_feed();
  // The keys of the present snapshot into the verifier: after each publication of a snapshot.
  void follow_snapshot();

 private:
  struct State;
  explicit TokenShard(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace claviger::tokens
