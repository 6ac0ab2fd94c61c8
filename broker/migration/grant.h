// Grants: what the primary system signs when a binding is made, and sees again with each request of the partner system: that
// it may ask for authentication vectors of this user.
//
// A JWS (RFC 7515, RFC 7519) under the tenant's signing key, type "migration-grant+jwt", claims iss and aud (MC system IDs of
// primary and partner system), sub (the primary private identity), scope "av", iat, exp, jti. Any shard.
//
// On Cx it is the data of one AVP (UTF8String, V set, M clear, so that a SIP database ignores it) whose vendor and code stand in
// the agreements of both sides: no enterprise number of ours is assigned.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/context.h"
#include "broker/migration/agreement_table.h"
#include "broker/migration/binding.h"
#include "broker/tokens/verifier/key_set.h"
#include "core/base/result.h"
#include "core/base/siphash.h"
#include "core/runtime/task.h"

namespace claviger::migration {

// Renewed after half of it; shorter than a signing key stays published after its last signature.
inline constexpr Seconds kGrantLife{14 * 24 * 3600};
inline constexpr std::string_view kGrantType = "migration-grant+jwt";

struct Grant {
  std::string token;
  std::int64_t expires_at = 0;
};
// NotFound (tenant), and what signing says.
runtime::Task<Result<Grant>> make_grant(broker::Context* context, std::string tenant, AgreementRef agreement,
                                        Binding binding);

// Grants that were looked at: the next request with the same one costs a hash and a look for its key instead of a signature. A
// key that is withdrawn takes along all it signed. Its shard's alone.
class GrantsSeen {
 public:
  // One a migrant under way; then all are looked at anew.
  static constexpr std::size_t kMax = 100'000;

  GrantsSeen();
  // Whether this grant let this user be asked for, and still does. `keys`: those that verify now.
  bool knows(std::string_view grant, const AgreementView& agreement, std::string_view primary_impi,
             const tokens::KeySet& keys, std::int64_t now) const;
  void add(std::string_view grant, const AgreementView& agreement, std::string_view primary_impi, std::string_view kid,
           std::int64_t expires_at);

 private:
  struct Seen {
    std::uint64_t whose = 0;
    std::int64_t expires_at = 0;
    std::string kid;  // of the key that signed it
  };
  std::uint64_t whose(const AgreementView& agreement, std::string_view primary_impi) const;
  SipKey key_;
  SipKey other_key_;
  std::unordered_map<std::uint64_t, Seen> seen_;
};

// The primary system's look at the grant of a request for `primary_impi` that the other system of `agreement` sent: ours, for
// that system and that user, in time. GrantInvalid.
Result<Unit> check_grant(broker::Context& context, const AgreementView& agreement, std::string_view primary_impi,
                         std::string_view grant, GrantsSeen& seen);

}  // namespace claviger::migration
