// RocksDB's Status as an Error of ours.
#pragma once

#include <rocksdb/status.h>

#include "core/base/result.h"

namespace claviger::storage::rocks {

// `where` is a literal. The status must not be OK.
inline Error to_error(const rocksdb::Status& status, std::string_view where) {
  if (status.IsNotFound()) return {Code::NotFound, where};
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit) return {Code::NoSpace, where};
  if (status.IsCorruption()) return {Code::Corrupt, where};
  if (status.IsShutdownInProgress()) return {Code::Closed, where};
  return {Code::Io, where};
}

}  // namespace claviger::storage::rocks
