// Reads of the database, on whichever thread calls: inline on a shard with Tier::Cached, on a reader thread with
// Tier::Disk.
//
// `now` is the NumericDate by which records have expired. Nothing (nullopt) means: not without I/O.
#pragma once

#include <optional>
#include <vector>

#include "storage/rocks/database.h"

namespace claviger::storage::rocks {

enum class Tier : std::uint8_t { Cached, Disk };

std::optional<Result<Value>> read(const Database& database, TableId table, std::string_view key, std::int64_t now,
                                  Tier tier);
std::optional<Result<std::vector<Record>>> read_range(const Database& database, TableId table, std::string_view from,
                                                      std::string_view to, std::size_t limit, std::int64_t now,
                                                      Tier tier);
// `latest`: sequence of the latest durable commit, taken before this call. The caller has compared with the floor.
std::optional<Result<Changes>> read_changes(const Database& database, TableId table, std::uint64_t from_sequence,
                                            std::size_t limit, std::uint64_t latest, Tier tier);

}  // namespace claviger::storage::rocks
