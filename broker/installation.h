// The secrets of an installation: made at its first start, sealed in tables::kInstallation, the same ever after.
#pragma once

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/sealing.h"
#include "storage/store.h"

namespace claviger::broker {

// At start, on one shard, before anything is served. SealBroken when the key-encryption key is not the one of this
// database: then nothing is made anew, the operator must bring the right file.
runtime::Task<Result<InstallationKeys>> load_installation_keys(storage::Store* store, storage::Sealer* sealer);

}  // namespace claviger::broker
