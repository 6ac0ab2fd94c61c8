#include "storage/rocks/recent_reads.h"

#include "core/base/assert.h"
#include "storage/stored_value.h"

namespace claviger::storage::rocks {
namespace {

struct SharedPin final : Pin {
  explicit SharedPin(std::shared_ptr<const std::string> kept) : bytes(std::move(kept)) {}
  std::shared_ptr<const std::string> bytes;
};

// Both ends; the number says where the first one ends.
std::string range_key(std::string_view from, std::string_view to) {
  std::string key = std::to_string(from.size());
  key.append(1, ' ').append(from).append(to);
  return key;
}

}  // namespace

void RecentReads::clear() {
  for (Table& table : tables_) {
    table.entries.clear();
    table.empty_ranges.clear();
  }
  entries_ = 0;
}

RecentReads::Table& RecentReads::table_at(TableId table, std::uint64_t settled, std::int64_t now) {
  if (now < latest_) clear();
  latest_ = now;
  const auto index = static_cast<std::size_t>(table);
  CLAVIGER_ASSERT(index < tables_.size());
  Table& found = tables_[index];
  if (found.settled != settled) {
    found.settled = settled;
    entries_ -= found.entries.size() + found.empty_ranges.size();
    if (!found.entries.empty()) found.entries.clear();
    if (!found.empty_ranges.empty()) found.empty_ranges.clear();
  }
  return found;
}

RecentReads::Entry* RecentReads::make(Entries& entries, std::string_view key) {
  if (key.size() > kKeyBytesMax) return nullptr;
  const std::uint64_t hash = hash_(key);
  const auto mark = static_cast<std::uint32_t>(hash >> 32U);
  std::uint32_t& asked = asked_[hash % asked_.size()];
  if (asked != mark) {
    asked = mark;
    return nullptr;
  }
  if (entries_ >= kEntriesMax) clear();
  const auto [entry, is_new] = entries.try_emplace(std::string(key));
  if (is_new) ++entries_;
  return &entry->second;
}

std::optional<Result<Value>> RecentReads::find(TableId table, std::string_view key, std::uint64_t settled,
                                               std::int64_t now) {
  const Entries& entries = table_at(table, settled, now).entries;
  if (entries.empty()) return std::nullopt;
  const auto found = entries.find(key);
  if (found == entries.end()) return std::nullopt;
  const Entry& entry = found->second;
  if (entry.bytes == nullptr) return entry.absent;
  if (is_expired(entry.expires_at, now)) return std::nullopt;
  return Result<Value>(
      Value(as_bytes(*entry.bytes), entry.version, entry.expires_at, std::make_unique<SharedPin>(entry.bytes)));
}

void RecentReads::keep(TableId table, std::string_view key, std::uint64_t settled, const Result<Value>& found) {
  if (found ? found->bytes().size() > kValueBytesMax : !found.failed_with(Code::NotFound)) return;
  Entry* entry = make(table_at(table, settled, latest_).entries, key);
  if (entry == nullptr) return;
  if (!found) {
    *entry = Entry{};
    entry->absent = found.error();
    return;
  }
  *entry = {std::make_shared<const std::string>(found->text()), found->version(), found->expires_at(), {}};
}

bool RecentReads::is_empty_range(TableId table, std::string_view from, std::string_view to, std::uint64_t settled,
                                 std::int64_t now) {
  const Entries& empty = table_at(table, settled, now).empty_ranges;
  return !empty.empty() && empty.contains(std::string_view(range_key(from, to)));
}

void RecentReads::keep_empty_range(TableId table, std::string_view from, std::string_view to, std::uint64_t settled) {
  (void)make(table_at(table, settled, latest_).empty_ranges, range_key(from, to));
}

}  // namespace claviger::storage::rocks
