#include "storage/outbox_row.h"

#include "core/base/bytes.h"

namespace claviger::storage {
namespace {

constexpr std::size_t kDueBytes = 8;
constexpr std::size_t kHeaderBytes = 10;

}  // namespace

std::string outbox_key(std::int64_t due, std::string_view id) {
  std::string key(kDueBytes, '\0');
  store_be(std::as_writable_bytes(std::span(key)), static_cast<std::uint64_t>(due));
  key += id;
  return key;
}

void put_outbox_attempt(Transaction& transaction, TableId table, const OutboxRow& row) {
  CLAVIGER_ASSERT(!row.id.empty() && row.id.size() <= kOutboxIdBytesMax && row.due >= 0);
  std::string value(kHeaderBytes, '\0');
  const MutableBytes header = std::as_writable_bytes(std::span(value));
  store_be(header, row.attempts);
  store_be(header.subspan(2), static_cast<std::uint64_t>(row.due_first));
  value += row.payload;
  transaction.put(table, outbox_key(row.due, row.id), as_bytes(value));
}

void put_outbox_row(Transaction& transaction, TableId table, std::int64_t due, std::string_view id, Bytes payload) {
  OutboxRow row{std::string(id), due, due, 0, std::string(as_text(payload))};
  put_outbox_attempt(transaction, table, row);
}

void erase_outbox_row(Transaction& transaction, TableId table, std::int64_t due, std::string_view id,
                      std::uint64_t version) {
  const std::string key = outbox_key(due, id);
  transaction.expect_version(table, key, version);
  transaction.erase(table, key);
}

Result<OutboxRow> decode_outbox_row(std::string_view key, Bytes value) {
  if (key.size() <= kDueBytes || key.size() > kDueBytes + kOutboxIdBytesMax || value.size() < kHeaderBytes) {
    return Error{Code::Corrupt, "outbox"};
  }
  OutboxRow row;
  row.id = key.substr(kDueBytes);
  row.due = static_cast<std::int64_t>(load_be<std::uint64_t>(as_bytes(key)));
  row.due_first = static_cast<std::int64_t>(load_be<std::uint64_t>(value.subspan(2)));
  row.attempts = load_be<std::uint16_t>(value);
  row.payload = as_text(value.subspan(kHeaderBytes));
  if (row.due < 0 || row.due_first < 0 || row.due_first > row.due) return Error{Code::Corrupt, "outbox"};
  return row;
}

}  // namespace claviger::storage
