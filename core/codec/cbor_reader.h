// Reads CBOR (RFC 8949) from a peer nobody trusts, as CTAP2's canonical form has it: definite lengths, shortest heads,
// integers, byte and text strings, arrays, maps, booleans and null. Tags, floats and indefinite lengths are refused.
//
// A cursor over borrowed bytes, which must stay while it and what it returned are used. One thread at a time. Nothing is
// allocated, nothing recurses: what a count promises must fit into the bytes that are left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::codec {

enum class CborKind : std::uint8_t { Integer, Bytes, Text, Array, Map, Simple };

class CborReader {
 public:
  explicit CborReader(Bytes bytes) : left_(bytes) {}

  // Of the next item. Truncated at the end.
  Result<CborKind> kind() const;

  // Truncated; BadValue: another kind, or not the canonical form; OutOfRange beyond int64; Utf8Invalid.
  Result<std::int64_t> integer();
  Result<Bytes> byte_string();
  Result<std::string_view> text();
  // The number of items, or of pairs, that follow.
  Result<std::size_t> array();
  Result<std::size_t> map();
  // One item with all that is in it.
  Result<Unit> skip();

  bool is_at_end() const { return left_.empty(); }
  Bytes left() const { return left_; }

 private:
  struct Head {
    std::uint8_t major;
    std::uint64_t argument;
  };
  Result<Head> head();
  Result<Bytes> string_of(std::uint8_t major);
  Result<std::size_t> count_of(std::uint8_t major, std::size_t items_each);

  Bytes left_;
};

}  // namespace claviger::codec
