// Pages of Store::range(): by count as their reader asks, and by octets whatever he asks.
//
// kRangeMax records of a mebibyte would be 4 GiB in flight: an engine ends a page with the record that makes it
// kRangeBytesMax long, keys and values together. So a page that is shorter than was asked for need not be the last one.
// Any thread.
#pragma once

#include <string>
#include <vector>

#include "storage/store.h"

namespace claviger::storage {

// Records of 4 KiB fill a page of kRangeMax; a larger record than the whole (Transaction::kBytesMax) is a page by itself.
inline constexpr std::size_t kRangeBytesMax = std::size_t{16} << 20U;

inline std::size_t byte_size(const Record& record) { return record.key.size() + record.value.bytes().size(); }

// Whether there may be more behind a page that range() gave for this `limit`: what every walk asks. While the page is as it
// came; of an empty one never.
bool is_full_page(const std::vector<Record>& page, std::size_t limit);

// Up to `limit` records whatever their size, in pages: for sets whose number their writers bound, read as one. Each page
// sees what is committed when it is read. `store` outlives the Task.
Task<Result<std::vector<Record>>> range_all(Store* store, TableId table, std::string from, std::string to,
                                            std::size_t limit);

}  // namespace claviger::storage
