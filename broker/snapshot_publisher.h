// SnapshotPublisher: builds the next Snapshot from the store and the settings, and hands it to every shard.
//
// One per process. Its procedures run on shard 0 only, one at a time; publish() returns when every shard reads the new
// snapshot. A snapshot that cannot be built (a record that is corrupt, a key that does not open) leaves the old one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::broker {

using TenantViews = std::map<std::string, TenantView, std::less<>>;

class SnapshotPublisher {
 public:
  // `load` reads tenants and keys (tenants::load_tenants); `follow` is called on each shard once its Context has the new
  // snapshot (the verifier takes its keys). Handed in, because both rooms stand above this file.
  using Load = std::function<runtime::Task<Result<TenantViews>>(Context*)>;
  using Follow = std::function<void(Context&)>;
  SnapshotPublisher(runtime::Shard& home, std::shared_ptr<const settings::Settings> settings, Load load, Follow follow);
  SnapshotPublisher(const SnapshotPublisher&) = delete;
  SnapshotPublisher& operator=(const SnapshotPublisher&) = delete;

  runtime::Shard& home() { return home_; }
  // Held through a change of tenants, keys or settings and the publication that follows.
  runtime::Turns& turns() { return turns_; }
  // On home: reads tenants and keys again and publishes.
  runtime::Task<Result<Unit>> publish(Context* context);
  // On home: with other settings (SIGHUP).
  runtime::Task<Result<Unit>> publish_settings(Context* context, std::shared_ptr<const settings::Settings> settings);

 private:
  runtime::Shard& home_;
  runtime::Turns turns_;
  std::shared_ptr<const settings::Settings> settings_;
  Load load_;
  Follow follow_;
  std::uint64_t number_ = 0;
};

// Runs `step` on every shard's Context, by control message, and returns when all have. Any shard.
runtime::Task<void> on_every_shard(Context* context, std::shared_ptr<const std::function<void(Context&)>> step);

}  // namespace claviger::broker
