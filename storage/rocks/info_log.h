// RocksDB's own log, sent to ours: warnings and errors only.
//
// Any RocksDB thread calls it. RocksDB would write a file beside the data, and its 7.8 with assertions (as Debian builds
// it) ends the process when it logs again after a line did not fit on a full disk.
#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "core/base/log.h"

namespace claviger::storage::rocks {

// `logger` must outlive it.
std::shared_ptr<rocksdb::Logger> make_info_log(Logger& logger);

}  // namespace claviger::storage::rocks
