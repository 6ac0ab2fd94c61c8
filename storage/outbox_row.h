// A row of an outbox table: how it lies there, and the functions that put it into transactions.
//
//   key   = due id                      ; 8OCTET NumericDate big-endian, then 1*64OCTET of the caller's
//   value = attempts due-first payload  ; 2OCTET, 8OCTET big-endian, *OCTET
// The row of id "n1", due at 1700000000, tried once before, first due 10 s earlier, payload "hi":
//   00 00 00 00 65 53 f1 00 6e 31  ->  00 01  00 00 00 00 65 53 f0 f6  68 69
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "storage/transaction.h"

namespace claviger::storage {

struct OutboxRow {
  std::string id;
  std::int64_t due;        // NumericDate of this attempt
  std::int64_t due_first;  // of the first one
  std::uint16_t attempts;  // that failed before this one
  std::string payload;
};

inline constexpr std::size_t kOutboxIdBytesMax = 64;

// Into the transaction that causes it. It takes the place of a row with the same due time and id: that is done once. `due` is
// now or later.
void put_outbox_row(Transaction& transaction, TableId table, std::int64_t due, std::string_view id, Bytes payload);
// Takes back a row that has not been tried yet (a timer that was stopped). Conflict means that it is not there any
// more: it is being or has been done.
void erase_outbox_row(Transaction& transaction, TableId table, std::int64_t due, std::string_view id,
                      std::uint64_t version);

// For the runner: another attempt of a row.
void put_outbox_attempt(Transaction& transaction, TableId table, const OutboxRow& row);
std::string outbox_key(std::int64_t due, std::string_view id);
// Code::Corrupt when it does not follow the grammar.
Result<OutboxRow> decode_outbox_row(std::string_view key, Bytes value);

}  // namespace claviger::storage
