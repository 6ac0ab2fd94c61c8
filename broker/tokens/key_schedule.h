// KeySchedule: rotates every tenant's signing key when its time has come, makes a next one where there is none, and drops
// retired keys whose time is over; and gives the sealer another data key when the present one has sealed enough.
//
// It keeps nothing of its own: what is due follows from the keys' records and the settings, so a restart, a reload or an
// operator's rotation changes nothing that it would have to be told. One per process, on shard 0, owned by Broker; made
// there when the snapshot is published, destroyed after the shards have stopped.
#pragma once

#include <cstdint>
#include <optional>

#include "broker/context.h"
#include "broker/tokens/tenant_keys.h"
#include "core/runtime/task.h"
#include "core/runtime/timer_wheel.h"

namespace claviger::tokens {

// When the next key takes over by itself: `lifetime` after the active one took over, but not before verifiers had
// `publish_ahead` to fetch the next one. Nothing: never.
std::optional<std::int64_t> rotates_at(const TenantKeys& keys, const settings::KeyRotation& rotation);
bool lacks_next(const TenantKeys& keys);
// True when a retired key is still published although nothing that it signed can be valid.
bool has_key_over(const TenantKeys& keys, std::int64_t now);

class KeySchedule {
 public:
  // Keys live for days: a minute more is nothing. In a sandbox, whose clock may run fast, it would be long.
  static constexpr Seconds kEvery{60};
  static constexpr Seconds kEveryInSandbox{1};

  explicit KeySchedule(broker::Context& context);
  KeySchedule(const KeySchedule&) = delete;
  KeySchedule& operator=(const KeySchedule&) = delete;

  // On the shard: looks now, and every kEvery from then on.
  void start();
  // One look at every tenant. For start() and for tests.
  runtime::Task<void> look();

 private:
  runtime::Task<void> look_and_note();

  broker::Context& context_;
  bool is_looking_ = false;
  runtime::Timer timer_;
};

}  // namespace claviger::tokens
