#include "broker/snapshot_publisher.h"

#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tenants/tenant_records.h"
#include "broker/tokens/signing_key_procedures.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/one_shot.h"

namespace claviger::broker {
namespace {

using runtime::Completer;
using runtime::OneShot;
using runtime::OneShotPair;
using runtime::Task;

// Sends the step to one shard; the confirmation comes back to the asking shard.
OneShot<Unit> send_step(Context& target, runtime::Shard& asker, std::shared_ptr<const std::function<void(Context&)>> step) {
  OneShotPair<Unit> pair;
  target.shard.mailbox().post_control(
      [&target, &asker, step = std::move(step), completer = std::move(pair.completer)]() mutable {
        (*step)(target);
        asker.mailbox().post_control([completer = std::move(completer)]() mutable { completer.complete(Unit{}); });
      });
  return std::move(pair.waiter);
}

Task<Result<std::map<std::string, TenantView, std::less<>>>> load_tenants(Context* context) {
  std::map<std::string, TenantView, std::less<>> tenants;
  std::string from;
  for (;;) {
    CLAVIGER_CO_TRY(page, co_await context->store.range(tables::kTenants, from, "", storage::kRangeMax));
    for (const storage::Record& record : page) {
      CLAVIGER_CO_TRY(tenant, tenants::decode_tenant(record.value, record.key));
      CLAVIGER_CO_TRY(keys, co_await tokens::load_tenant_keys(context, record.key, tenant.issuer));
      tenants.emplace(record.key, TenantView{std::move(tenant), std::move(keys)});
    }
    if (page.size() < storage::kRangeMax) co_return tenants;
    from = page.back().key + '\0';
  }
}

}  // namespace

Task<void> on_every_shard(Context* context, std::shared_ptr<const std::function<void(Context&)>> step) {
  std::vector<OneShot<Unit>> waits;
  for (const auto& target : context->all) waits.push_back(send_step(*target, context->shard, step));
  for (OneShot<Unit>& wait : waits) co_await wait;
}

SnapshotPublisher::SnapshotPublisher(runtime::Shard& home, std::shared_ptr<const settings::Settings> settings)
    : home_(home), turns_(home), settings_(std::move(settings)) {}

Task<Result<Unit>> SnapshotPublisher::publish(Context* context) {
  CLAVIGER_CO_TRY(tenants, co_await load_tenants(context));
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->number = ++number_;
  snapshot->settings = settings_;
  snapshot->tenants = std::move(tenants);
  std::function<void(Context&)> step = [published = std::shared_ptr<const Snapshot>(std::move(snapshot))](Context& on) {
    on.snapshot = published;
    on.tokens->follow_snapshot();
  };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await on_every_shard(context, std::move(shared_step));
  co_return Unit{};
}

Task<Result<Unit>> SnapshotPublisher::publish_settings(Context* context,
                                                       std::shared_ptr<const settings::Settings> settings) {
  auto turn = co_await turns_.take("snapshot");
  if (!turn) co_return turn.error();
  settings_ = std::move(settings);
  auto published = co_await publish(context);
  co_return published;
}

}  // namespace claviger::broker
