#include "storage/rocks/batch_judge.h"

#include "storage/rocks/status.h"
#include "storage/stored_value.h"

namespace claviger::storage::rocks {

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

void BatchJudge::accept(const Transaction& transaction, std::uint64_t sequence, std::int64_t now) {
  for (const Transaction::Write& write : transaction.writes()) {
    const bool is_absent = write.is_erase || is_expired(write.expires_at, now);
    written_[Place{write.table, write.key}] = is_absent ? 0 : sequence;
  }
}

void BatchJudge::clear() { written_.clear(); }

Result<std::uint64_t> BatchJudge::version_at(TableId table, std::string_view key, std::int64_t now) {
  if (const auto written = written_.find(Place{table, key}); written != written_.end()) return written->second;
  found_.Reset();
  const rocksdb::Status status = database_.db().Get({}, database_.family(table), as_slice(key), &found_);
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
  return is_expired(header->expires_at, now) ? 0 : header->version;
}

}  // namespace claviger::storage::rocks
