// API invokers of the CAPIF core function, as far as we have something to remember of them: which VAL services an operator
// gave them, when they lost their authorisation (TS 33.122 clause 6.5.1.2; spec: keys, 9.4), how often they called.
//
// Record of tables::kCapifInvokers, key tenant + API invoker ID + API. A token is worth nothing when it was issued at or
// before `revoked_at`, or does not say when: a revocation outlives the tokens, and restarts. Only an operator's allow()
// lifts it for tokens without iat; a token that the core function issued afterwards is good by itself.
// On any shard; a change is one transaction that expects the record's version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::seal_keys {

inline constexpr std::size_t kRevocationCauseMax = 128;

struct Invoker {
  std::string id;
  std::vector<std::string> services;
  std::int64_t allowed_at = 0;
  std::int64_t revoked_at = 0;  // 0: never
  std::string revocation_cause;
  std::uint64_t invocations = 0;  // counted, while a policy of the core function bounds them (policy_guard.h)
  std::uint64_t version = 0;      // 0: nothing is known of it
};

// True when a token issued then (nothing: it does not say) is refused.
bool is_revoked(const Invoker& invoker, std::optional<std::int64_t> issued_at);

// One that nothing is known of is no error.
runtime::Task<Result<Invoker>> find_invoker(broker::Context* context, std::string tenant, std::string id);
// In place of what it was given before; lifts a revocation. BadValue.
runtime::Task<Result<Invoker>> allow_invoker(broker::Context* context, std::string tenant, std::string id,
                                             std::vector<std::string> services);
// Durable when it returns. Again is no error. BadValue: the ID.
runtime::Task<Result<Invoker>> revoke_invoker(broker::Context* context, std::string tenant, std::string id,
                                              std::string cause);

// One more call, durable when it returns; false, and nothing counted, when there were `allowed` of them already.
runtime::Task<Result<bool>> count_invocation(broker::Context* context, std::string tenant, std::string id,
                                             std::uint64_t allowed);

struct InvokerPage {
  std::vector<Invoker> invokers;
  std::string next;
};
runtime::Task<Result<InvokerPage>> list_invokers(broker::Context* context, std::string tenant, std::string after,
                                                 std::size_t limit);

}  // namespace claviger::seal_keys
