#include "storage/rocks/batch_judge.h"

#include "storage/rocks/status.h"
#include "storage/stored_value.h"

namespace claviger::storage::rocks {

BatchJudge::BatchJudge(const Database& database)
    : database_(database),
      written_(0, PlaceHash{{database.hash_key()}}),
      recent_(0, PlaceHash{{database.hash_key()}}),
      older_(recent_) {}

std::optional<Error> BatchJudge::refusal(const Transaction& transaction, std::int64_t now) {
  for (const Transaction::Expectation& expectation : transaction.expectations()) {
    const auto version = version_at(expectation.table, expectation.key, now);
    if (!version) return version.error();
    if (*version != expectation.version) {
      return Error{Code::Conflict, database_.options_of(expectation.table).name};
    }
  }
  return std::nullopt;
}

void BatchJudge::accept(const Transaction& transaction, std::uint64_t sequence) {
  for (const Transaction::Write& write : transaction.writes()) {
    written_[Place{write.table, write.key}] = {write.is_erase ? 0 : sequence, write.expires_at};
  }
}

// What had expired may be gone from the database: set back, time does not bring it back there.
void BatchJudge::begin(std::int64_t now) {
  if (now < latest_) forget();
  latest_ = now;
  written_.clear();
}

void BatchJudge::remember() {
  for (const auto& [place, known] : written_) remember(place, known);
}

void BatchJudge::forget() {
  recent_.clear();
  older_.clear();
}

void BatchJudge::remember(const Place& place, const Known& known) {
  if (recent_.size() >= kRememberedMax) {
    older_.swap(recent_);
    recent_.clear();
  }
  recent_[OwnedPlace{place.table, std::string(place.key)}] = known;
}

const BatchJudge::Known* BatchJudge::recall(const Place& place) const {
  for (const Remembered* remembered : {&recent_, &older_}) {
    if (const auto found = remembered->find(place); found != remembered->end()) return &found->second;
  }
  return nullptr;
}

std::uint64_t BatchJudge::version_of(const Known& known, std::int64_t now) {
  return is_expired(known.expires_at, now) ? 0 : known.version;
}

Result<std::uint64_t> BatchJudge::version_at(TableId table, std::string_view key, std::int64_t now) {
  const Place place{table, key};
  if (const auto written = written_.find(place); written != written_.end()) return version_of(written->second, now);
  if (const Known* known = recall(place)) return version_of(*known, now);
  found_.Reset();
  const rocksdb::Status status = database_.db().Get({}, database_.family(table), as_slice(key), &found_);
  // Not remembered: what is expected to be absent is mostly a name that was made a moment ago.
  if (status.IsNotFound()) return std::uint64_t{0};
  const std::string_view name = database_.options_of(table).name;
  if (!status.ok()) {
    database_.report_corrupt(name, key, status.ToString());
    return to_error(status, name);
  }
  const auto stored = decode_stored(as_bytes(as_view(found_)));
  const auto header = stored ? Result(stored->header) : Result<StoredHeader>(stored.error());
  found_.Reset();
  if (!header) {
    database_.report_corrupt(name, key, "header");
    return Error{Code::Corrupt, name};
  }
  const Known known{header->version, header->expires_at};
  remember(place, known);
  return version_of(known, now);
}

}  // namespace claviger::storage::rocks
