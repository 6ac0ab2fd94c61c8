// Configuration: this process's configuration management servers, one a tenant: who waits on which shard to hear that a
// document has changed (TS 23.280 clause 10.1.4.4: the notification points at the data and never carries it).
//
// One per process, made by Broker after the Contexts, gone after the listeners. Documents are in the store alone; what is
// here is lost at a restart, and whoever waited asks again with the entity tag that he has, which misses nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/configuration/connectivity.h"
#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/task.h"

namespace claviger::configuration {

// Polls that wait on one shard: every UE of a shift. Some 300 bytes each.
inline constexpr std::size_t kWatchesMax = 262'144;
// Of one user, or one server, on one shard: some UEs of his, each with its documents, or what a server watches for all.
inline constexpr std::size_t kWatchesOfOneMax = 64;
// Documents of one poll: the profiles of one user and the configuration of his services.
inline constexpr std::size_t kWatchedMax = 16;
// A service configuration is watched by everybody: so many are told in one turn of the loop, and requests have theirs in
// between.
inline constexpr std::size_t kToldAtOnce = 256;

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

class Watch;

class Configuration {
 public:
  explicit Configuration(Contexts& contexts);
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;
  ~Configuration();

  // Of the calling shard: registered at once, before the caller looks at the documents. `asker`: whose poll it is. Overload.
  Result<std::unique_ptr<Watch>> watch(std::vector<std::string> keys, std::string asker);
  // Any shard, after the commit: returns when every shard has been told.
  runtime::Task<void> announce(broker::Context* context, std::vector<std::string> keys);
  std::size_t watches() const;  // of the calling shard
  // Before the first request and after the last one: called after each change, where it was announced.
  // The same: what is asked for migration connectivity information that no operator has written.
  void use_connectivity(ConnectivitySource source) { connectivity_ = std::move(source); }
  const ConnectivitySource& connectivity() const { return connectivity_; }
  using Listener = std::function<void(broker::Context& context, const std::vector<std::string>& keys)>;
  void use_listener(Listener listener) { listener_ = std::move(listener); }

 private:
  friend class Watch;
  struct Waiter {
    explicit Waiter(runtime::Completer<Unit> end) : completer(std::move(end)) {}
    runtime::Completer<Unit> completer;
    bool is_told = false;
  };
  using WaiterMap = std::multimap<std::string, std::shared_ptr<Waiter>, std::less<>>;
  struct PerShard {
    WaiterMap waiters;
    std::unordered_map<std::string, std::size_t> askers;  // how many watches each has
    std::size_t watches = 0;
  };
  using Waiters = std::vector<std::shared_ptr<Waiter>>;

  void tell(broker::Context& context, const std::vector<std::string>& keys);
  static void tell_some(broker::Context* context, std::shared_ptr<Waiters> waiters, std::size_t from);

  std::vector<PerShard> shards_;
  Listener listener_;
  ConnectivitySource connectivity_;
};

// One poll that waits. Lives in the frame of the request, on its shard.
class Watch {
 public:
  Watch(Configuration::PerShard& shard, std::vector<std::string> keys, std::string asker);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  // True: one of the documents was changed.
  runtime::Task<bool> until(Monotonic deadline);

 private:
  Configuration::PerShard& shard_;
  std::string asker_;
  runtime::OneShotPair<Unit> pair_;
  std::shared_ptr<Configuration::Waiter> waiter_;
  // Its own entries: thousands may wait for one document, and none is looked for among the others.
  std::vector<Configuration::WaiterMap::iterator> entries_;
};

}  // namespace claviger::configuration
