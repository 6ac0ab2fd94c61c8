// Tells a log that was torn by a power cut from one that has rotted, before RocksDB replays it.
//
// RocksDB stops replaying at the first record it cannot read and opens with what stands before (point in time). Behind
// the last sync that is right: nothing there was acknowledged. Anywhere else it would lose acknowledged commits without
// a word. The commit writer appends one record a batch and syncs it before it appends the next: so an unreadable
// place with a readable record behind it had been synced, and that is an error.
//
// The format (RocksDB's, without recycling or compression): blocks of 32 KiB; records of
//   crc size type payload    ; masked CRC-32C of type and payload, 4OCTET; 2OCTET; 1OCTET, all little-endian
// none of which crosses a block; type 1 whole, 2 first, 3 middle, 4 last part. Zeros fill what is preallocated.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "core/base/log.h"
#include "core/base/result.h"

namespace claviger::storage::rocks {

struct LogVerdict {
  bool has_records = false;
  bool has_bad_place = false;
  bool is_rotten = false;       // a record begins behind an unreadable place
  std::uint64_t bad_place = 0;  // offset of the first one
};

LogVerdict check_log(Bytes content);
// All logs of the directory, in order. Corrupt, named in our log, when one has rotted.
Result<Unit> check_logs(const std::string& directory, Logger& logger);

}  // namespace claviger::storage::rocks
