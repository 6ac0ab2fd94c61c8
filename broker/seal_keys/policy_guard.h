// PolicyGuard: holds API invokers to the access control policy of one CAPIF core function (TS 29.222 clause 8.6; TS 33.122
// clause 6.5.2).
//
// The link (capif_link.h) fetches the policy in the background and on the core function's notice, never for a caller who
// waits; it is kept in the store, so that a restart while the core function is away forgets none of it:
//   tables::kInstallation, key "capif-policy" + tenant -> the list as it came, and when
// A second is a second of our clock. Calls are counted durably (invoker.h) before they are answered, of invokers whose
// policy has a total; those that the policy refuses are not counted.
// Home shard only; kept by the procedures that use it, so that it may be replaced meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "broker/context.h"
#include "broker/seal_keys/access_control_policy.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::seal_keys {

// A strict policy holds for so long without a word of the core function.
inline constexpr Seconds kPolicyStale{600};

enum class Admission : std::uint8_t { Admitted, TooFast, QuotaExceeded, OutOfHours, NoPolicy };

std::string policy_key(std::string_view tenant);

class PolicyGuard {
 public:
  // `turns` live as long as their shard: what is given back comes after the guard is gone.
  PolicyGuard(broker::Context& context, runtime::Turns& turns, std::string tenant, PolicyMode mode);
  PolicyGuard(const PolicyGuard&) = delete;
  PolicyGuard& operator=(const PolicyGuard&) = delete;
  ~PolicyGuard();

  // What was last kept, if anything was. A record that cannot be read counts for none, and is logged.
  static runtime::Task<void> load(std::shared_ptr<PolicyGuard> self);
  // What the core function said just now; durable when it returns. What read_access_control_policy() and the store say: then
  // what was known stays.
  static runtime::Task<Result<Unit>> renew(std::shared_ptr<PolicyGuard> self, std::string json);

  // DeadlinePassed: nothing is known, or nothing new for too long, and the mode is strict; what the store says.
  static runtime::Task<Result<Admission>> admit(std::shared_ptr<PolicyGuard> self, std::string invoker);

  std::optional<std::size_t> invokers() const;  // that have a policy; nothing: none is known
  std::int64_t fetched_at() const { return fetched_at_; }

 private:
  struct Window {
    std::int64_t second = 0;
    std::uint64_t calls = 0;
  };
  bool is_too_fast(const std::string& invoker, std::uint64_t per_second, std::int64_t now);
  bool is_stale() const;

  broker::Context& context_;
  const std::string tenant_;
  const PolicyMode mode_;
  std::shared_ptr<const AccessControlPolicy> policy_;  // null: nothing is known
  std::string json_;                                   // that it was read from
  Monotonic renewed_at_{};
  std::int64_t fetched_at_ = 0;
  std::int64_t kept_at_ = 0;  // `fetched_at_` of what the store has
  std::map<std::string, Window> windows_;
  runtime::Turns& turns_;
};

}  // namespace claviger::seal_keys
