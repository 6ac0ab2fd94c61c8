// KeyWrapper: wraps data keys under key-encryption keys that never come into our memory (a PKCS #11 token).
//
// The other way is a file, storage/wrapping_keys.h. Handed to the Sealer, which outlives nothing of it: the wrapper lives
// until the shards have ended.
#pragma once

#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"
#include "storage/wrapping_keys.h"

namespace claviger::storage {

class KeyWrapper {
 public:
  virtual ~KeyWrapper() = default;

  // The key that wraps from now on; names it in records.
  virtual WrappingKeys::Id newest() const = 0;
  virtual bool has(Bytes id) const = 0;
  // On a shard. `associated` binds the result to its place. KeyStoreMissing, KeyStoreFailure.
  virtual runtime::Task<Result<std::string>> wrap(std::string associated, SecretBytes key) = 0;
  // SealBroken besides.
  virtual runtime::Task<Result<SecretBytes>> unwrap(std::string id, std::string associated, std::string wrapped) = 0;
};

}  // namespace claviger::storage
