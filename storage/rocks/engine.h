// The embedded engine: RocksDB behind Store. One directory, one process.
//
// open() is called before the shards start; the Store is destroyed after their threads have ended and before Shards is.
// Threads of its own: the commit writer (group commit: one synced write per batch of all shards), a bounded pool of
// readers for what the block cache does not have, and RocksDB's background threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/runtime/shard.h"
#include "storage/store.h"
#include "storage/table.h"

namespace rocksdb {
class Env;
}

namespace claviger::storage::rocks {

struct Options {
  std::string directory;  // made, mode 0700, when absent; its parent must exist
  std::vector<TableOptions> tables;
  // Memory: everything RocksDB holds for readers and writers is charged to these two.
  std::size_t block_cache_bytes = 256U << 20U;
  std::size_t memtable_bytes = 64U << 20U;  // of the above
  std::size_t reader_threads = 2;
  std::size_t read_queue_max = 1024;  // reads from disk take some 100 us: more would wait longer than clients do
  // Transactions that wait for the writer: at 100 k/s some 80 ms.
  std::size_t commit_queue_max = 8192;
  std::size_t commit_queue_bytes = 64U << 20U;
  std::vector<int> cpus;  // where the engine's threads may run; empty: anywhere
  rocksdb::Env* env = nullptr;  // of tests that inject faults; not owned
};

// Errors: Io, NoSpace, Corrupt, SchemaTooNew (written by a later version of the store), AddressInUse (another process
// has the directory open). The reason is logged.
Result<std::unique_ptr<Store>> open(Options options, runtime::Shards& shards, const Clock& clock, Logger& logger);

}  // namespace claviger::storage::rocks
