// A record's value as it lies on disk: what the store must know of it, before the bytes that were put.
//
//   stored  = form version [expiry] payload
//   form    = %x01                ; never expires
//           / %x02                ; expiry follows
//   version = 8OCTET              ; big-endian, sequence of the commit that wrote it, never 0
//   expiry  = 8OCTET              ; big-endian NumericDate > 0: absent from this second on
//   payload = *OCTET
//
// "hi", put by commit 258, absent from 1700000000 on:
//   02  00 00 00 00 00 00 01 02  00 00 00 00 65 53 f1 00  68 69
//
// No checksum of its own: RocksDB checks every block of a table file and every record of the log.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::storage {

struct StoredHeader {
  std::uint64_t version = 0;
  std::int64_t expires_at = 0;  // 0: never
};

inline bool is_expired(std::int64_t expires_at, std::int64_t now) { return expires_at != 0 && expires_at <= now; }

class EncodedHeader {
 public:
  explicit EncodedHeader(StoredHeader header);
  std::string_view text() const { return as_text(Bytes(bytes_).first(size_)); }

 private:
  std::array<std::byte, 17> bytes_;
  std::size_t size_;
};

struct StoredValue {
  StoredHeader header;
  Bytes payload;
};
// A view of `stored`. Code::Corrupt when it does not follow the grammar.
Result<StoredValue> decode_stored(Bytes stored);

}  // namespace claviger::storage
