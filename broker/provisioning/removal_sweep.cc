#include "broker/provisioning/removal_sweep.h"

#include <string>
#include <vector>

#include "broker/provisioning/removals.h"

namespace claviger::provisioning {

using runtime::Task;

RemovalSweep::RemovalSweep(broker::Context& context)
    : context_(context), timer_([](void* self) { static_cast<RemovalSweep*>(self)->start(); }, this) {}

void RemovalSweep::start() {
  context_.shard.timers().start(timer_, context_.shard.now() + kEvery);
  if (is_sweeping_) return;
  is_sweeping_ = true;
  context_.shard.scope().spawn(sweep());
}

Task<void> RemovalSweep::sweep() {
  std::vector<std::string> tenants;
  for (const auto& [name, view] : context_.snapshot->tenants) tenants.push_back(name);
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    auto settled = co_await settle_all_removals(&context_, tenants[i]);
    if (settled) continue;
    context_.shard.logger().warning("provisioning.sweep",
                                    {{"tenant", tenants[i]}, {"code", name_of(settled.error().code)}});
  }
  is_sweeping_ = false;
}

}  // namespace claviger::provisioning
