#include "broker/tokens/verifier/key_refresh_limiter.h"

namespace claviger::tokens {

bool KeyRefreshLimiter::may_refresh(std::string_view issuer, Monotonic now) {
  const std::string name(issuer);
  if (const auto known = last_.find(name); known != last_.end()) {
    if (now - known->second < kKeyRefreshInterval) return false;
    known->second = now;
    return true;
  }
  if (last_.size() >= kIssuersMax) {
    std::erase_if(last_, [now](const auto& entry) { return now - entry.second >= kKeyRefreshInterval; });
    if (last_.size() >= kIssuersMax) return false;
  }
  last_.emplace(name, now);
  return true;
}

}  // namespace claviger::tokens
