#include "broker/configuration/configuration.h"

#include <functional>

#include "broker/snapshot_publisher.h"

namespace claviger::configuration {

using broker::Context;
using runtime::Task;

Configuration::Configuration(Contexts& contexts) : shards_(contexts.size()) {}
Configuration::~Configuration() = default;

Result<std::unique_ptr<Watch>> Configuration::watch(std::vector<std::string> keys, std::string asker) {
  PerShard& here = shards_[runtime::Shard::current().index()];
  if (here.watches >= kWatchesMax) return Error{Code::Overload, "configuration.watches"};
  const auto his = here.askers.find(asker);
  if (his != here.askers.end() && his->second >= kWatchesOfOneMax) {
    return Error{Code::Overload, "configuration.watches_of_one"};
  }
  return std::make_unique<Watch>(here, std::move(keys), std::move(asker));
}

std::size_t Configuration::watches() const { return shards_[runtime::Shard::current().index()].watches; }

Task<void> Configuration::announce(Context* context, std::vector<std::string> keys) {
  auto shared_keys = std::make_shared<const std::vector<std::string>>(std::move(keys));
  std::function<void(Context&)> step = [this, shared_keys](Context& there) { tell(there, *shared_keys); };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(context, std::move(shared_step));
  if (listener_) listener_(*context, *shared_keys);
}

void Configuration::tell(Context& context, const std::vector<std::string>& keys) {
  PerShard& here = shards_[context.shard.index()];
  auto waiters = std::make_shared<Waiters>();
  for (const std::string& key : keys) {
    const auto [first, last] = here.waiters.equal_range(key);
    for (auto at = first; at != last; ++at) {
      if (std::exchange(at->second->is_told, true)) continue;
      waiters->push_back(at->second);
    }
  }
  if (!waiters->empty()) tell_some(&context, std::move(waiters), 0);
}

// Completing runs the poll's code: from the loop, and a part of them at a time.
void Configuration::tell_some(Context* context, std::shared_ptr<Waiters> waiters, std::size_t from) {
  context->shard.defer([context, waiters = std::move(waiters), from] {
    const std::size_t end = std::min(waiters->size(), from + kToldAtOnce);
    for (std::size_t i = from; i < end; ++i) (*waiters)[i]->completer.complete(Unit{});
    if (end < waiters->size()) tell_some(context, waiters, end);
  });
}

Watch::Watch(Configuration::PerShard& shard, std::vector<std::string> keys, std::string asker)
    : shard_(shard),
      asker_(std::move(asker)),
      waiter_(std::make_shared<Configuration::Waiter>(std::move(pair_.completer))) {
  entries_.reserve(keys.size());
  for (std::string& key : keys) entries_.push_back(shard_.waiters.emplace(std::move(key), waiter_));
  ++shard_.askers[asker_];
  ++shard_.watches;
}

Watch::~Watch() {
  for (const auto entry : entries_) shard_.waiters.erase(entry);
  const auto his = shard_.askers.find(asker_);
  if (--his->second == 0) shard_.askers.erase(his);
  --shard_.watches;
}

Task<bool> Watch::until(Monotonic deadline) {
  const auto told = co_await pair_.waiter.until(deadline);
  co_return told.has_value();
}

}  // namespace claviger::configuration
