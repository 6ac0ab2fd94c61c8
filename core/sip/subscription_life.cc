#include "core/sip/subscription_life.h"

namespace claviger::sip {
namespace {

constexpr const char* kTimeout = "timeout";

}  // namespace

bool extend(SubscriptionLife& life, std::int64_t now, std::int64_t granted, std::uint32_t local_sequence) {
  life.expires_at = now + granted;
  life.all_from = local_sequence + 1;
  if (granted == 0) {
    if (life.ending.empty()) life.ending = kTimeout;
    return false;
  }
  // A refresh may be shorter than what it refreshes.
  const bool is_row_of_use = life.timer_due > now && life.timer_due <= life.expires_at;
  if (is_row_of_use) return false;
  life.timer_due = life.expires_at;
  return true;
}

Look look_at(SubscriptionLife& life, std::int64_t now, std::int64_t due) {
  if (life.timer_due != due || !life.ending.empty()) return Look::Nothing;
  if (life.expires_at <= now) {
    life.ending = kTimeout;
    return Look::Over;
  }
  life.timer_due = life.expires_at;
  return Look::Later;
}

void end_if_over(SubscriptionLife& life, std::int64_t now) {
  if (life.expires_at <= now && life.ending.empty()) life.ending = kTimeout;
}

std::string state_of(const SubscriptionLife& life, std::int64_t now) {
  if (!life.ending.empty()) return "terminated;reason=" + life.ending;
  return "active;expires=" + std::to_string(life.expires_at - now);
}

}  // namespace claviger::sip
