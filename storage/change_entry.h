// An entry of the change feed as it lies on disk, in a column family of its own, ordered by table and sequence.
//
//   key   = table %x00 sequence index   ; the table's name, then 8 and 4 octets big-endian
//   value = stored header (storage/stored_value.h), kind, the record's key
//   kind  = %x01                        ; put
//         / %x02                        ; erased
// The second write of commit 7, an erase of "a/1" in table "users":
//   75 73 65 72 73 00  00 00 00 00 00 00 00 07  00 00 00 01  ->  header 02 61 2f 31
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "storage/store.h"

namespace claviger::storage {

std::string change_key(std::string_view table, std::uint64_t sequence, std::uint32_t index);
// The first key behind all entries of the table.
std::string change_keys_end(std::string_view table);

inline constexpr char kChangePut = 1;
inline constexpr char kChangeErased = 2;

Result<Change> decode_change(std::string_view table, std::string_view key, std::string_view payload);

}  // namespace claviger::storage
