// Recovery codes: a sheet of ten, each good once, for whoever lost his phone or token.
//
// 50 random bits each, "k7q2p-x9m4t": guessed online through the throttle only, and kept as HMACs under a key that is
// sealed elsewhere, so that a copy of the records alone is of no use. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/hmac.h"

namespace claviger::identity {

inline constexpr std::size_t kRecoveryCodes = 10;
inline constexpr std::size_t kRecoveryCodeCharacters = 10;  // without the hyphen

struct RecoverySheet {
  std::vector<SecretBytes> codes;  // as shown, with a hyphen in the middle
  std::string digests;
};
// CryptoFailure.
Result<RecoverySheet> make_recovery_sheet(const crypto::HmacSha256& mac, std::string_view tenant,
                                          std::string_view sub);
// `typed` without blanks and hyphens, in any case. True: its digest was taken out of `digests`. All are compared.
bool use_recovery_code(const crypto::HmacSha256& mac, std::string_view tenant, std::string_view sub,
                       std::string_view typed, std::string& digests);

}  // namespace claviger::identity
