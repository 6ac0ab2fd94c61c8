// When a host may fetch an issuer's JWKS because a token named an unknown key: tokens with random kids must not become
// a storm of requests to a partner (attack list, row 5).
//
// Owned by the host, beside the code that fetches; not for two threads. Time is an argument.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/tokens/verifier/key_ring.h"
#include "core/base/clock.h"

namespace claviger::tokens {

// A new key is published a day before it signs, and fetched by schedule: asking at all because of a token is for those
// who rotate without notice.
inline constexpr Seconds kKeyRefreshInterval{60};

class KeyRefreshLimiter {
 public:
  // True at most once in kKeyRefreshInterval for an issuer, whatever the kids were: the caller then fetches. False for
  // all while kIssuersMax others wait for their interval to pass: only configured issuers should be asked about.
  bool may_refresh(std::string_view issuer, Monotonic now);

 private:
  std::unordered_map<std::string, Monotonic> last_;
};

}  // namespace claviger::tokens
