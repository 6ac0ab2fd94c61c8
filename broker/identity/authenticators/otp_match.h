// Which counter's one-time password was typed (RFC 4226 clause 7.2 and 7.4, RFC 6238 clause 5.2).
//
// Pure functions, any thread. All candidates are computed and compared in constant time, whichever matches.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/identity/authenticators/authenticator_record.h"
#include "core/base/result.h"

namespace claviger::identity {

// A clock may differ by one step (spec 3.4), and a step that was used is not taken again.
inline constexpr std::uint64_t kTotpStepsAround = 1;
// A token that was pressed in the pocket: RFC 4226 clause 7.4 leaves the look-ahead to us.
inline constexpr std::uint64_t kHotpLookAhead = 10;

struct OtpMatch {
  std::optional<std::uint64_t> counter;  // of the password that was typed
  bool is_replay = false;                // it is right, and was used before
};

// `typed` has as many digits as the record says. CryptoFailure.
Result<OtpMatch> match_totp(Bytes key, const AuthenticatorRecord& record, std::string_view typed,
                            std::int64_t numeric_date);
Result<OtpMatch> match_hotp(Bytes key, const AuthenticatorRecord& record, std::string_view typed);

// All digits, as many as `digits`.
bool is_otp(std::string_view typed, unsigned digits);

}  // namespace claviger::identity
