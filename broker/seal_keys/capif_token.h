// Access tokens of the CAPIF core function (TS 33.122 clause C.2.2, TS 29.222 AccessTokenClaims).
//
//   client_id  the API invoker; required when iss is the core function. Without one iss is the invoker (TS 29.222)
//   exp        always a NumericDate. TS 29.222 types it as a duration: what is below 10^9 is refused, not "fixed up"
//   scope      "AEF1:ss-kir,other;AEF2:x", each group perhaps with "3gpp#" in front, blanks around separators ignored
//   iat        without one the token cannot outlive a revocation (invoker.h)
// Algorithms are ES256 and RS256; PS256, which TS 33.122 allows as well, is not verified here.
// Pure but for the verifier, which belongs to its shard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/seal_keys/capif_core.h"
#include "broker/tokens/verifier/verifier.h"
#include "core/base/result.h"

namespace claviger::seal_keys {

struct CapifToken {
  std::string invoker;  // empty: the core function's own, which only the AEF security API takes
  std::optional<std::int64_t> issued_at;
  std::optional<tokens::Confirmation> confirmation;
  bool has_our_scope = false;  // this AEF and ss-kir
};

// Token... codes. The scope is not asked yet: CapifToken::has_our_scope. An audience, where the token has one, must be our
// AEF ID or a URL below `origin`.
Result<CapifToken> read_capif_token(tokens::Verifier& verifier, const CapifView& view, std::string_view origin,
                                    std::string_view token, std::int64_t now);

// True when a group of `scope` names one of our AEF IDs with `api`.
bool scope_names(std::string_view scope, const CapifCore& core, std::string_view api);

}  // namespace claviger::seal_keys
