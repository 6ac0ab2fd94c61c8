#include "storage/page.h"

#include <algorithm>
#include <iterator>

namespace claviger::storage {

bool is_full_page(const std::vector<Record>& page, std::size_t limit) {
  if (page.empty()) return false;
  if (page.size() >= std::min(limit, kRangeMax)) return true;
  std::size_t bytes = 0;
  for (const Record& record : page) bytes += byte_size(record);
  return bytes >= kRangeBytesMax;
}

Task<Result<std::vector<Record>>> range_all(Store* store, TableId table, std::string from, std::string to,
                                            std::size_t limit) {
  std::vector<Record> all;
  for (;;) {
    const std::size_t left = limit - all.size();
    CLAVIGER_CO_TRY(page, co_await store->range(table, from, to, left));
    const bool is_full = is_full_page(page, left);
    if (is_full) from = page.back().key + '\0';
    std::ranges::move(page, std::back_inserter(all));
    if (!is_full || all.size() >= limit) co_return all;
  }
}

}  // namespace claviger::storage
