#include "storage/rocks/expiry_filter.h"

#include "storage/stored_value.h"

namespace claviger::storage::rocks {

rocksdb::CompactionFilter::Decision ExpiryFilter::FilterV2(int, const rocksdb::Slice&, ValueType type,
                                                           const rocksdb::Slice& value, std::string*,
                                                           std::string*) const {
  if (type != ValueType::kValue) return Decision::kKeep;
  const auto stored = decode_stored(as_bytes({value.data(), value.size()}));
  // What cannot be read is kept: a reader will name it.
  if (!stored || stored->header.expires_at == 0) return Decision::kKeep;
  const bool is_over = is_expired(stored->header.expires_at, numeric_date(clock_.wall()) - kExpiryGraceSeconds);
  return is_over ? Decision::kRemove : Decision::kKeep;
}

}  // namespace claviger::storage::rocks
