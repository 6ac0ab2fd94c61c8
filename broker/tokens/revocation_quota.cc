#include "broker/tokens/revocation_quota.h"

#include <algorithm>

namespace claviger::tokens {

Milliseconds RevocationQuota::take(const std::string& who, std::uint32_t per_minute, Monotonic now) {
  constexpr double kMinute = 60'000;
  const double full = per_minute;
  Bucket* bucket = buckets_.find(who);
  if (bucket == nullptr) bucket = &buckets_.insert(who, Bucket{full, now});
  const auto since = std::chrono::duration_cast<Milliseconds>(now - bucket->at);
  bucket->left = std::min(full, bucket->left + static_cast<double>(since.count()) * full / kMinute);
  bucket->at = now;
  if (bucket->left < 1) {
    return Milliseconds(static_cast<std::int64_t>((1 - bucket->left) * kMinute / full) + 1);
  }
  bucket->left -= 1;
  return Milliseconds{0};
}

}  // namespace claviger::tokens
