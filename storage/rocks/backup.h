// Backup and restore: a checkpoint is a complete store in a directory of its own, files shared by hard link where the
// file system allows it. Restoring is starting from a verified copy of that directory.
//
// Off the loop only: all of these read or write files.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/log.h"
#include "core/base/result.h"

namespace rocksdb {
class DB;
}

namespace claviger::storage::rocks {

struct CopyFigures {
  std::uint64_t sequence = 0;  // of the last commit in it
  std::uint64_t bytes = 0;     // of table files
};

// `directory` must not exist. An incomplete one is removed again.
Result<Unit> make_checkpoint(rocksdb::DB& db, const std::string& directory, Logger& logger);
// Opens the copy for reading only and checks every block of every file against its checksum.
Result<CopyFigures> verify_copy(const std::string& directory, Logger& logger);
// Verifies `backup`, copies it to `directory` (which must not exist), syncs, and verifies what was copied.
Result<CopyFigures> restore(const std::string& backup, const std::string& directory, Logger& logger);

}  // namespace claviger::storage::rocks
