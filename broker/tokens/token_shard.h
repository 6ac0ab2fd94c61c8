// TokenShard: what token procedures keep on one shard: the verifier with its cache and revocation set, the random pool.
//
// Member of Context, its shard's alone.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/tokens/verifier/verify.h"
#include "core/base/result.h"

namespace claviger::tokens {

class TokenShard {
 public:
  explicit TokenShard(broker::Context& context);
  TokenShard(const TokenShard&) = delete;
  TokenShard& operator=(const TokenShard&) = delete;
  ~TokenShard();

  Verifier& verifier();
  RevocationSet& revocations();
  // 128 random bits as 22 characters of base64url: jti, sid, sub.
  std::string random_id();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace claviger::tokens
