// Whether a store holds a record, for checks while no daemon of this process has it open: another one may.
//
// Off the loop only: it reads files, and writes none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace claviger::storage::rocks {

struct LookedAt {
  std::string key;
  std::string payload;
};

// As it was committed last; whether it has expired is not asked. `table`: its name. NotFound: there is no store, or no such table
// in it yet. Io, Corrupt: it cannot be looked at now.
Result<bool> has_record(const std::string& directory, const std::string& table, std::string_view key);

// All records of a table, at most `records_max`: the payloads as they were put. TooMany; else as above.
Result<std::vector<LookedAt>> read_records(const std::string& directory, const std::string& table,
                                           std::size_t records_max);

}  // namespace claviger::storage::rocks
