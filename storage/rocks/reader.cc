#include "storage/rocks/reader.h"

#include <algorithm>
#include <array>

#include "storage/change_entry.h"
#include "storage/page.h"
#include "storage/rocks/status.h"
#include "storage/stored_value.h"

namespace claviger::storage::rocks {
namespace {

// Up to here a value is copied out of its block: the copy is cheaper than what 4 KiB of pinned cache may cost others.
constexpr std::size_t kCopiedMax = 512;
// Steps of an iterator on a shard before the rest goes off the loop: some 100 us.
constexpr std::size_t kInlineStepsMax = 256;
// And so much to copy out of blocks.
constexpr std::size_t kInlineBytesMax = 256 * 1024;

// Memory of pins that were let go, by thread: hot reads take theirs from here instead of the heap.
constexpr std::size_t kSparesMax = 64;
struct Spares {
  std::array<void*, kSparesMax> memory{};
  std::size_t count = 0;
  bool is_gone = false;  // a value may be let go while its thread ends
  ~Spares() {
    is_gone = true;
    while (count > 0) ::operator delete(memory[--count]);
  }
};
thread_local Spares spares;

struct BlockPin final : Pin {
  static void* operator new(std::size_t size) {
    return spares.count > 0 ? spares.memory[--spares.count] : ::operator new(size);
  }
  static void operator delete(void* memory) noexcept {
    if (spares.is_gone || spares.count == kSparesMax) return ::operator delete(memory);
    spares.memory[spares.count++] = memory;
  }
  std::shared_ptr<rocksdb::Cache> cache;  // outlives the store when a value does, and the slice that is released to it
  rocksdb::PinnableSlice slice;
};

rocksdb::ReadOptions read_options(Tier tier) {
  rocksdb::ReadOptions options;
  options.read_tier = tier == Tier::Cached ? rocksdb::kBlockCacheTier : rocksdb::kReadAllTier;
  return options;
}

void copy_out_of_block(rocksdb::PinnableSlice& slice) {
  std::string copy = slice.ToString();  // copy: releases a whole block
  slice.Reset();
  *slice.GetSelf() = std::move(copy);
  slice.PinSelf();
}

// A scan that ended early by its status is not an end.
enum class ScanEnd : std::uint8_t { End, NeedsDisk, Failed };
ScanEnd end_of(const rocksdb::Iterator& iterator) {
  const rocksdb::Status status = iterator.status();
  if (status.ok()) return ScanEnd::End;
  return status.IsIncomplete() ? ScanEnd::NeedsDisk : ScanEnd::Failed;
}

}  // namespace

std::optional<Result<Value>> read(const Database& database, TableId table, std::string_view key, std::int64_t now,
                                  Tier tier) {
  const std::string_view name = database.options_of(table).name;
  auto pin = std::make_unique<BlockPin>();
  const rocksdb::Status status =
      database.db().Get(read_options(tier), database.family(table), as_slice(key), &pin->slice);
  if (status.IsIncomplete()) return std::nullopt;
  if (status.IsNotFound()) return Error{Code::NotFound, name};
  if (!status.ok()) {
    database.report_corrupt(name, key, status.ToString());
    return to_error(status, name);
  }
  if (pin->slice.IsPinned()) {
    if (pin->slice.size() <= kCopiedMax) {
      copy_out_of_block(pin->slice);
    } else {
      pin->cache = database.cache();
    }
  }
  const auto stored = decode_stored(as_bytes(as_view(pin->slice)));
  if (!stored) {
    database.report_corrupt(name, key, "header");
    return Error{Code::Corrupt, name};
  }
  if (is_expired(stored->header.expires_at, now)) return Error{Code::NotFound, name};
  return Result<Value>(Value(stored->payload, stored->header.version, stored->header.expires_at, std::move(pin)));
}

std::optional<Result<std::vector<Record>>> read_range(const Database& database, TableId table, std::string_view from,
                                                      std::string_view to, std::size_t limit, std::int64_t now,
                                                      Tier tier) {
  const std::string_view name = database.options_of(table).name;
  rocksdb::ReadOptions options = read_options(tier);
  const rocksdb::Slice upper = as_slice(to);
  if (!to.empty()) options.iterate_upper_bound = &upper;
  std::vector<Record> records;
  const std::unique_ptr<rocksdb::Iterator> iterator(database.db().NewIterator(options, database.family(table)));
  std::size_t steps = 0, bytes = 0;
  for (iterator->Seek(as_slice(from)); iterator->Valid(); iterator->Next()) {
    if (records.size() == limit || bytes >= kRangeBytesMax) return Result(std::move(records));
    if (tier == Tier::Cached && (++steps > kInlineStepsMax || bytes > kInlineBytesMax)) return std::nullopt;
    const std::string_view value = as_view(iterator->value());
    const auto stored = decode_stored(as_bytes(value));
    if (!stored) {
      database.report_corrupt(name, as_view(iterator->key()), "header");
      return Error{Code::Corrupt, name};
    }
    if (is_expired(stored->header.expires_at, now)) continue;
    // copy: a page of records must not pin a page of blocks.
    records.push_back(
        {std::string(as_view(iterator->key())),
         Value::owned(std::string(as_text(stored->payload)), stored->header.version, stored->header.expires_at)});
    bytes += byte_size(records.back());
  }
  switch (end_of(*iterator)) {
    case ScanEnd::NeedsDisk:
      return std::nullopt;
    case ScanEnd::Failed:
      database.report_corrupt(name, from, iterator->status().ToString());
      return to_error(iterator->status(), name);
    case ScanEnd::End:
      break;
  }
  return Result(std::move(records));
}

std::optional<Result<Changes>> read_changes(const Database& database, TableId table, std::uint64_t from_sequence,
                                            std::size_t limit, std::uint64_t latest, Tier tier) {
  const std::string_view name = database.options_of(table).name;
  rocksdb::ReadOptions options = read_options(tier);
  const std::string end = change_keys_end(name);
  const rocksdb::Slice upper = end;
  options.iterate_upper_bound = &upper;
  Changes found;
  // When the end is reached: all up to `latest` has been given, and perhaps a commit that came meanwhile.
  found.next_sequence = std::max(latest + 1, from_sequence);
  const std::unique_ptr<rocksdb::Iterator> iterator(database.db().NewIterator(options, database.changes()));
  std::size_t steps = 0;
  for (iterator->Seek(change_key(name, from_sequence, 0)); iterator->Valid(); iterator->Next()) {
    if (tier == Tier::Cached && ++steps > kInlineStepsMax) return std::nullopt;
    const std::string_view key = as_view(iterator->key());
    const auto stored = decode_stored(as_bytes(as_view(iterator->value())));
    if (!stored) {
      database.report_corrupt("#changes", key, "header");
      return Error{Code::Corrupt, "store.change"};
    }
    CLAVIGER_TRY(change, decode_change(name, key, as_text(stored->payload)));
    const bool is_full = found.changes.size() >= limit && found.changes.back().sequence != change.sequence;
    if (is_full) {
      found.next_sequence = change.sequence;
      return Result(std::move(found));
    }
    found.next_sequence = std::max(found.next_sequence, change.sequence + 1);
    found.changes.push_back(std::move(change));
  }
  switch (end_of(*iterator)) {
    case ScanEnd::NeedsDisk:
      return std::nullopt;
    case ScanEnd::Failed:
      database.report_corrupt("#changes", name, iterator->status().ToString());
      return to_error(iterator->status(), "store.change");
    case ScanEnd::End:
      break;
  }
  return Result(std::move(found));
}

}  // namespace claviger::storage::rocks
