// Capif: this process's knowledge of the CAPIF core functions, one a tenant at most, on every shard, and what is done with
// them in the background (capif_link.h).
//
// One per process, made by Broker after the Contexts. view() is of the calling shard. Changes run on the home shard (0),
// one at a time, and return when every shard sees them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/seal_keys/capif_core.h"
#include "broker/seal_keys/invocation.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::seal_keys {

class CapifLink;      // broker/seal_keys/capif_link.h
class InvokerLookup;  // broker/seal_keys/invoker_lookup.h
class PolicyGuard;    // broker/seal_keys/policy_guard.h
enum class Admission : std::uint8_t;

class Capif {
 public:
  using Contexts = std::vector<std::unique_ptr<broker::Context>>;

  explicit Capif(Contexts& contexts);
  Capif(const Capif&) = delete;
  Capif& operator=(const Capif&) = delete;
  // Stopped, or never started.
  ~Capif();

  // On the home shard: reads what is configured, publishes it and begins to follow it.
  runtime::Task<Result<Unit>> start();
  // On the home shard: nothing is sent any more.
  void stop();

  // Null: the tenant has none.
  CapifRef view(std::string_view tenant) const;

  // Any shard. BadValue, PartnerKeysMissing, KeyPublished, what the reader of key sets and the store say. What the core
  // function assigned stays while its url does.
  runtime::Task<Result<CapifRef>> set_core(std::string tenant, CapifDraft draft);
  // NotFound.
  runtime::Task<Result<Unit>> remove_core(std::string tenant);

  // Any shard. Does the core function trust this invoker, if the operator wants it asked? InvokerUnknown; DeadlinePassed: it
  // does not answer.
  runtime::Task<Result<Unit>> check_invoker(std::string tenant, std::string id) const;

  // Any shard. May this invoker call now, as the core function's access control policy has it (policy_guard.h)? Admitted,
  // where the operator does not want it asked.
  runtime::Task<Result<Admission>> admit(std::string tenant, std::string id) const;
  // Any shard; never waits. The core function says that its policy changed.
  void refresh_policy(const std::string& tenant);

  // Any shard; never waits. Dropped, and counted, when the queue is full.
  void log(const std::string& tenant, Invocation invocation);

  struct Figures {
    std::string_view state;  // "registering", "publishing", "published", "not followed"
    std::uint64_t logs_sent = 0, logs_dropped = 0;
    std::size_t logs_queued = 0;
    std::string_view last_error;          // a Code's name; empty: none
    std::optional<std::size_t> policies;  // invokers that have one; nothing: none are known, or asked for
    std::int64_t policies_at = 0;
    std::string_view policy_error;
  };
  // On the home shard.
  runtime::Task<Result<Figures>> figures(std::string tenant);

 private:
  using Table = std::map<std::string, CapifRef, std::less<>>;
  struct PerShard {
    std::shared_ptr<const Table> table = std::make_shared<const Table>();
  };

  broker::Context& home() const { return *contexts_.front(); }
  runtime::Task<Result<CapifRef>> set_at_home(std::string tenant, std::shared_ptr<CapifDraft> draft);
  runtime::Task<Result<Unit>> remove_at_home(std::string tenant);
  runtime::Task<Result<Figures>> figures_at_home(std::string tenant);
  runtime::Task<Result<Unit>> check_at_home(std::string tenant, std::string id) const;
  runtime::Task<Result<Admission>> admit_at_home(std::string tenant, std::string id) const;
  runtime::Task<Result<CapifRef>> load(std::string tenant);
  runtime::Task<Result<Unit>> adopt(std::string tenant, CapifRef view);
  runtime::Task<void> publish();
  void log_at_home(const std::string& tenant, Invocation invocation);

  Contexts& contexts_;
  std::vector<PerShard> shards_;
  runtime::Turns turns_;
  Table known_;  // on the home shard
  std::map<std::string, std::unique_ptr<CapifLink>> links_;
  std::map<std::string, std::shared_ptr<InvokerLookup>> lookups_;  // of those that want it
  std::map<std::string, std::shared_ptr<PolicyGuard>> guards_;     // of those whose policy is asked for
  bool is_stopped_ = false;
};

}  // namespace claviger::seal_keys
