// Decides whether a transaction's expectations hold: against the database, and against what earlier transactions of
// the same batch are about to write.
//
// Used by the commit writer only, through which every record goes: so it remembers some thousand versions that it has
// written or looked up, and need not ask for them again. Views the keys of the transactions it is told of: they live
// until the next begin().
#pragma once

#include <absl/container/flat_hash_map.h>

#include <optional>
#include <string>
#include <string_view>

#include "storage/rocks/database.h"
#include "storage/rocks/key_hash.h"
#include "storage/transaction.h"

namespace claviger::storage::rocks {

class BatchJudge {
 public:
  explicit BatchJudge(const Database& database);

  // A batch, at this time (NumericDate).
  void begin(std::int64_t now);
  // Nothing when all expectations hold; Conflict, or why the database could not be asked.
  std::optional<Error> refusal(const Transaction& transaction, std::int64_t now);
  // The transaction will be written, as commit `sequence`.
  void accept(const Transaction& transaction, std::uint64_t sequence);
  // What was accepted since begin() is in the database now.
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
  struct PlaceHash {
    using is_transparent = void;
    KeyHash hash;
    std::size_t operator()(const Place& place) const {
      constexpr std::size_t kOdd = 0x9e3779b97f4a7c15U;
      return hash(place.key) ^ (static_cast<std::size_t>(place.table) + 1) * kOdd;
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
  struct OwnedEqual {
    using is_transparent = void;
    bool operator()(const Place& a, const Place& b) const { return a == b; }
  };
  using Remembered = absl::flat_hash_map<OwnedPlace, Known, PlaceHash, OwnedEqual>;

  static std::uint64_t version_of(const Known& known, std::int64_t now);
  // The version a reader would find there now; 0 absent or expired.
  Result<std::uint64_t> version_at(TableId table, std::string_view key, std::int64_t now);
  const Known* recall(const Place& place) const;
  void remember(const Place& place, const Known& known);

  const Database& database_;
  absl::flat_hash_map<Place, Known, PlaceHash> written_;
  Remembered recent_;
  Remembered older_;         // what was recent before that
  std::int64_t latest_ = 0;  // batch
  rocksdb::PinnableSlice found_;
};

}  // namespace claviger::storage::rocks
