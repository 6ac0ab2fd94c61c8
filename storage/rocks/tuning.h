// RocksDB's options, chosen per access pattern, with memory bounded by the engine's two figures.
#pragma once

#include <rocksdb/options.h>

#include <memory>

#include "storage/rocks/engine.h"

namespace claviger::storage::rocks {

rocksdb::DBOptions database_options(const Options& options, const std::shared_ptr<rocksdb::Cache>& cache);
rocksdb::ColumnFamilyOptions family_options(const Options& options, TableAccess access,
                                            const std::shared_ptr<rocksdb::Cache>& cache,
                                            const rocksdb::CompactionFilter* filter);

}  // namespace claviger::storage::rocks
