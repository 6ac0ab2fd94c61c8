// What an engine must know of a table: its name, how it is accessed, whether its changes are fed to others.
//
// Who opens the store hands in the list; TableId is the index in that list for this process only. On disk a table is
// known by its name.
#pragma once

#include <cstdint>
#include <string_view>

namespace claviger::storage {

enum class TableId : std::uint16_t {};

enum class TableAccess : std::uint8_t {
  Point,    // look-ups of one key that often miss: bloom filter
  Ordered,  // ranges
  Expiring  // written, read for a while, forgotten: expiry by compaction
};

struct TableOptions {
  std::string_view name;  // [a-z_]+, a literal
  TableAccess access = TableAccess::Point;
  bool tracks_changes = false;
  // How long entries of the change feed are kept: a reader that was away longer must read the whole table.
  std::int64_t changes_kept_seconds = 0;
};

}  // namespace claviger::storage
