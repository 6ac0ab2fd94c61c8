// TokenShard: what token procedures keep on one shard: the verifier with its cache and revocation set, the random pool,
// the waiting polls of the revocation feed.
//
// Member of Context, its shard's alone.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/tokens/revocation_quota.h"
#include "broker/tokens/verifier/revocation.h"
#include "broker/tokens/verifier/verifier.h"
#include "core/base/result.h"
#include "core/crypto/random.h"
#include "core/crypto/signing_key.h"
#include "core/runtime/one_shot.h"

namespace claviger::pkcs11 {
class KeyStore;  // core/pkcs11/key_store.h
}

namespace claviger::tokens {

// 128 bits in base64url.
inline constexpr std::size_t kRandomIdCharacters = 22;
using RandomId = std::array<char, kRandomIdCharacters>;
// Long polls of the feed on one shard: one for each embedded verifier, of which a country has some hundred.
inline constexpr std::size_t kFeedWaitersMax = 4096;

class TokenShard {
 public:
  // NoSpace when the token cache's memory is not to be had, CryptoFailure.
  static Result<std::unique_ptr<TokenShard>> create(broker::Context& context);
  TokenShard(const TokenShard&) = delete;
  TokenShard& operator=(const TokenShard&) = delete;
  ~TokenShard();

  Verifier& verifier();
  crypto::RandomPool& random();
  crypto::SigningContext& signing();
  // The PKCS #11 token, when there is one; the process's.
  pkcs11::KeyStore* key_store();
  void use_key_store(pkcs11::KeyStore* store);
  // A fresh jti, sid or sub. CryptoFailure.
  Result<RandomId> random_id();

  // A token of this very tenant, for any audience: its userinfo, its revocation. Claims are always read.
  Result<const Claims*> verify_own(const broker::TenantView& tenant, std::string_view token);
  // As verify(), for what this resource server may see (RFC 7662 clause 4): tokens with one of its audiences.
  Result<Verified> verify_for(const broker::TenantView& tenant, const std::shared_ptr<const identity::Client>& server,
                              std::string_view token);

  // The steps of publishing a revocation (broker/tokens/revocations.h) on this shard.
  void apply(const Revocation& revocation);
  void wake_feed();
  // A long poll waits for the next wake_feed(). Overload beyond kFeedWaitersMax.
  Result<runtime::OneShot<Unit>> wait_for_feed();
  // The process stops: polls that wait are answered with what there is, later ones do not wait.
  void end_feed();
  bool is_feed_ended() const;
  RevocationQuota& revocation_quota();
  // How long a revocation of today must be kept: some client's tokens may live so long (broker/tokens/token_life.h).
  Seconds revocation_kept() const;
  void keep_revocations(Seconds at_least);
  // The keys of the present snapshot into the verifier: after each publication of a snapshot.
  void follow_snapshot();

 private:
  struct State;
  explicit TokenShard(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace claviger::tokens
