#include "broker/tokens/key_schedule.h"

#include <algorithm>
#include <string>
#include <vector>

#include "broker/snapshot_publisher.h"
#include "broker/tokens/signing_key_procedures.h"

namespace claviger::tokens {
namespace {

using broker::Context;
using runtime::Task;

// The publication leaves out what is over (load_tenant_keys).
Task<Result<Unit>> publish_again(Context* context) {
  auto turn = co_await context->publisher.turns().take("snapshot");
  if (!turn) co_return turn.error();
  auto published = co_await context->publisher.publish(context);
  co_return published;
}

}  // namespace

std::optional<std::int64_t> rotates_at(const TenantKeys& keys, const settings::KeyRotation& rotation) {
  if (rotation.lifetime == Seconds{0} || keys.active == nullptr) return std::nullopt;
  const auto next = std::ranges::find(keys.keys, KeyState::Next, &TenantKey::state);
  if (next == keys.keys.end()) return std::nullopt;
  return std::max(keys.active->changed_at + rotation.lifetime.count(), next->created_at + rotation.publish_ahead.count());
}

bool lacks_next(const TenantKeys& keys) {
  return std::ranges::find(keys.keys, KeyState::Next, &TenantKey::state) == keys.keys.end();
}

bool has_key_over(const TenantKeys& keys, std::int64_t now) {
  return std::ranges::any_of(keys.keys, [now](const TenantKey& key) {
    return key.state == KeyState::Retiring && key.changed_at + kRetiringMax.count() <= now;
  });
}

KeySchedule::KeySchedule(Context& context)
    : context_(context), timer_([](void* self) { static_cast<KeySchedule*>(self)->start(); }, this) {}

void KeySchedule::start() {
  const Seconds every = context_.snapshot->settings->is_sandbox ? kEveryInSandbox : kEvery;
  context_.shard.timers().start(timer_, context_.shard.now() + every);
  if (is_looking_) return;
  is_looking_ = true;
  context_.shard.scope().spawn(look_and_note());
}

Task<void> KeySchedule::look_and_note() {
  co_await look();
  is_looking_ = false;
}

Task<void> KeySchedule::look() {
  // A clock that stands behind would rotate again when it is put right.
  if (!context_.shard.clock().can_issue()) co_return;
  const std::int64_t now = numeric_date(context_.shard.wall());
  std::vector<std::string> due;
  std::vector<std::string> without_next;
  bool is_any_over = false;
  for (const auto& [name, view] : context_.snapshot->tenants) {
    const auto at = rotates_at(*view.keys, context_.snapshot->settings->key_rotation);
    if (at && *at <= now) due.push_back(name);
    if (lacks_next(*view.keys)) without_next.push_back(name);
    is_any_over = is_any_over || has_key_over(*view.keys, now);
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    auto rotated = co_await rotate_keys(&context_, due[i]);
    if (rotated) {
      context_.shard.logger().info("key.rotated", {{"tenant", due[i]}, {"kid", rotated->kid}});
    } else {
      context_.shard.logger().error("key.rotation", {{"tenant", due[i]}, {"code", name_of(rotated.error().code)}});
    }
  }
  for (std::size_t i = 0; i < without_next.size(); ++i) {
    auto made = co_await make_missing_key(&context_, without_next[i]);
    if (!made) context_.shard.logger().error("key.next", {{"tenant", without_next[i]}, {"code", name_of(made.error().code)}});
  }
  if (context_.sealer.wants_rotation()) {
    auto rotated = co_await context_.sealer.rotate_data_key();
    if (!rotated) context_.shard.logger().error("seal.rotation", {{"code", name_of(rotated.error().code)}});
  }
  if (!is_any_over || !due.empty()) co_return;
  auto published = co_await publish_again(&context_);
  if (!published) context_.shard.logger().error("key.publication", {{"code", name_of(published.error().code)}});
}

}  // namespace claviger::tokens
