#include "broker/snapshot_publisher.h"

#include "core/runtime/one_shot.h"

namespace claviger::broker {
namespace {

using runtime::Completer;
using runtime::OneShot;
using runtime::OneShotPair;
using runtime::Task;

// Sends the step to one shard; the confirmation comes back to the asking shard.
OneShot<Unit> send_step(Context& target, runtime::Shard& asker,
                        std::shared_ptr<const std::function<void(Context&)>> step) {
  OneShotPair<Unit> pair;
  target.shard.mailbox().post_control(
      [&target, &asker, step = std::move(step), completer = std::move(pair.completer)]() mutable {
        (*step)(target);
        asker.mailbox().post_control([completer = std::move(completer)]() mutable { completer.complete(Unit{}); });
      });
  return std::move(pair.waiter);
}

}  // namespace

Task<void> on_every_shard(Context* context, std::shared_ptr<const std::function<void(Context&)>> step) {
  std::vector<OneShot<Unit>> waits;
  for (const auto& target : context->all) waits.push_back(send_step(*target, context->shard, step));
  for (OneShot<Unit>& wait : waits) co_await wait;
}

SnapshotPublisher::SnapshotPublisher(runtime::Shard& home, std::shared_ptr<const settings::Settings> settings,
                                     Load load, Follow follow)
    : home_(home), turns_(home), settings_(std::move(settings)), load_(std::move(load)), follow_(std::move(follow)) {}

Task<Result<Unit>> SnapshotPublisher::publish(Context* context) {
  CLAVIGER_CO_TRY(tenants, co_await load_(context));
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->number = ++number_;
  snapshot->settings = settings_;
  snapshot->tenants = std::move(tenants);
  std::function<void(Context&)> step = [published = std::shared_ptr<const Snapshot>(std::move(snapshot)),
                                        follow = follow_](Context& on) {
    on.snapshot = published;
    follow(on);
  };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await on_every_shard(context, std::move(shared_step));
  co_return Unit{};
}

Task<Result<Unit>> SnapshotPublisher::publish_settings(Context* context,
                                                       std::shared_ptr<const settings::Settings> settings) {
  auto turn = co_await turns_.take("snapshot");
  if (!turn) co_return turn.error();
  std::swap(settings_, settings);
  auto published = co_await publish(context);
  if (!published) settings_ = std::move(settings);  // those before
  co_return published;
}

}  // namespace claviger::broker
