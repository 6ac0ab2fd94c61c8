// What a partner's token endpoint answers (RFC 6749 clause 5.1), as far as our requests to it need it.
//
// Pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::migration {

inline constexpr std::int64_t kTokenLifeDefault = 60;  // RFC 6749 clause 5.1 only recommends to say it
inline constexpr std::int64_t kTokenLifeMax = 3600;

struct TokenAnswer {
  SecretBytes token;  // visible ASCII: it goes into a header field (RFC 6749 appendix A.12, RFC 6750 clause 2.1)
  std::int64_t life = kTokenLifeDefault;  // seconds, from 1 to kTokenLifeMax
};
// BadValue: a token that no header can carry; what the JSON reader says.
Result<TokenAnswer> read_token_answer(std::string_view text);

}  // namespace claviger::migration
