// Decides whether a transaction's expectations hold: against the database, and against what earlier transactions of
// the same batch are about to write.
//
// Used by the commit writer only, through which every record goes: so it remembers some thousand versions that it has
// written or looked up, and need not ask for them again. Views the keys of the transactions it is told of: they live
// until clear().
#pragma once

#include <absl/container/flat_hash_map.h>

#include <optional>
#include <string>
#include <string_view>

#include "storage/rocks/database.h"
#include "storage/transaction.h"

namespace claviger::storage::rocks {

class BatchJudge {
 public:
  explicit BatchJudge(const Database& database) : database_(database) {}

  // Nothing when all expectations hold; Conflict, or why the database could not be asked.
  std::optional<Error> refusal(const Transaction& transaction, std::int64_t now);
  // The transaction will be written, as commit `sequence`.
  void accept(const Transaction& transaction, std::uint64_t sequence);
  void clear();
  // What was accepted since clear() is in the database now.
  void remember();
  // Nobody knows what is.
  void forget();

 private:
  static constexpr std::size_t kRememberedMax = 8192;  // half of the versions that are remembered

  struct Place {
    TableId table;
    std::string_view key;
    bool operator==(const Place&) const = default;
  };
  // Debian's Abseil does not hash std::string_view. Unkeyed is enough: the map lives for one batch.
  struct PlaceHash {
    std::size_t operator()(const Place& place) const {
      constexpr std::size_t kOdd = 0x9e3779b97f4a7c15U;
      return std::hash<std::string_view>{}(place.key) ^ (static_cast<std::size_t>(place.table) + 1) * kOdd;
    }
  };
  // 0: absent.
  struct Known {
    std::uint64_t version;
    std::int64_t expires_at;
  };
  struct OwnedPlace {
    TableId table;
    std::string key;
    operator Place() const { return {table, key}; }
  };
  struct OwnedHash : PlaceHash {
    using is_transparent = void;
  };
  struct OwnedEqual {
    using is_transparent = void;
    bool operator()(const Place& a, const Place& b) const { return a == b; }
  };
  using Remembered = absl::flat_hash_map<OwnedPlace, Known, OwnedHash, OwnedEqual>;

  static std::uint64_t version_of(const Known& known, std::int64_t now);
  // The version a reader would find there now; 0 absent or expired.
  Result<std::uint64_t> version_at(TableId table, std::string_view key, std::int64_t now);
  const Known* recall(const Place& place) const;
  void remember(const Place& place, const Known& known);

  const Database& database_;
  absl::flat_hash_map<Place, Known, PlaceHash> written_;
  Remembered recent_;
  Remembered older_;  // what was recent before that
  rocksdb::PinnableSlice found_;
};

}  // namespace claviger::storage::rocks
