// Frees the space of expired records when RocksDB compacts. It decides nothing: readers have not seen them since the
// second of expiry.
//
// Called on RocksDB's threads.
#pragma once

#include <rocksdb/compaction_filter.h>

#include "core/base/clock.h"

namespace claviger::storage::rocks {

// Not at once: a wall clock that is set back by a little must not resurrect one half of what a commit wrote.
inline constexpr std::int64_t kExpiryGraceSeconds = 300;

class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  explicit ExpiryFilter(const Clock& clock) : clock_(clock) {}
  const char* Name() const override { return "claviger.expiry"; }
  Decision FilterV2(int level, const rocksdb::Slice& key, ValueType type, const rocksdb::Slice& value,
                    std::string* new_value, std::string* skip_until) const override;

 private:
  const Clock& clock_;
};

}  // namespace claviger::storage::rocks
