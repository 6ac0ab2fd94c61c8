// What one shard has read again and again of tables that nobody changes meanwhile: policies, clients, the user whose
// sign-in asks twice. An answer out of RocksDB costs some 3 us and ten allocations, one from here a tenth of that.
//
// Belongs to a shard. An entry counts as long as its table has not changed since before it was read, and no write to it is
// under way: the commit writer says so (CommitWriter::settled_at), before readers may see a commit and again before it
// answers. So whoever has seen anything of a commit reads all of it. A table that changes all the time is never found
// here, and costs a comparison.
//
// Kept is what is asked for the second time: small values, and that there is none; some thousand of them.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/rocks/key_hash.h"
#include "storage/table.h"
#include "storage/value.h"

namespace claviger::storage::rocks {

class RecentReads {
 public:
  static constexpr std::size_t kEntriesMax = 4096;
  static constexpr std::size_t kValueBytesMax = 512;
  static constexpr std::size_t kKeyBytesMax = 256;

  RecentReads(std::size_t tables, SipKey key) : hash_{key}, tables_(tables, Table(hash_)) {}

  // `settled` was asked for before the database is; `now` as for the database.
  std::optional<Result<Value>> find(TableId table, std::string_view key, std::uint64_t settled, std::int64_t now);
  // What the database said then: a value or NotFound; anything else is not kept.
  void keep(TableId table, std::string_view key, std::uint64_t settled, const Result<Value>& found);

  // The same of ranges without a record.
  bool is_empty_range(TableId table, std::string_view from, std::string_view to, std::uint64_t settled,
                      std::int64_t now);
  void keep_empty_range(TableId table, std::string_view from, std::string_view to, std::uint64_t settled);

  std::size_t size() const { return entries_; }

 private:
  struct Entry {
    std::shared_ptr<const std::string> bytes;  // none: there is no such record
    std::uint64_t version = 0;
    std::int64_t expires_at = 0;
    Error absent{Code::NotFound, ""};
  };
  using Entries = absl::flat_hash_map<std::string, Entry, KeyHash, std::equal_to<>>;
  struct Table {
    explicit Table(KeyHash hash) : entries(0, hash), empty_ranges(0, hash) {}
    std::uint64_t settled = 0;
    Entries entries;
    Entries empty_ranges;
  };

  Table& table_at(TableId table, std::uint64_t settled, std::int64_t now);
  // Nothing at the first time.
  Entry* make(Entries& entries, std::string_view key);
  void clear();

  KeyHash hash_;
  std::vector<Table> tables_;
  std::size_t entries_ = 0;
  // Set back, time brings back what had expired.
  std::int64_t latest_ = 0;
  // Hashes of what was asked for lately.
  std::array<std::uint32_t, 4096> asked_{};
};

}  // namespace claviger::storage::rocks
