// Reads one JSON text from a peer nobody trusts (RFC 8259, and RFC 7493 where that one is silent).
//
// Refused: anything beside the one value, a byte order mark, invalid UTF-8, lone surrogates, numbers outside
// int64/uint64/double, duplicate member names (compared after unescaping; RFC 8725 clause 2.4 tells why), and
// what exceeds the limits. simdjson's DOM does the syntax; its on-demand mode accepts rubbish in values that
// nobody reads.
//
// A reader owns its buffers and uses them again: keep one per shard and nesting of use, not one per request.
// What it returns lives until it parses again. One thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/json_value.h"

namespace claviger::codec {

// Readable bytes that simdjson wants behind a text; every slab has them behind its capacity (kSlabPadding).
inline constexpr std::size_t kJsonPadding = 64;

struct JsonLimits {
  // Requests, claims, key sets. About 24 bytes of buffers a byte of text.
  std::size_t bytes_max = 64 * 1024;
  // Containers in one another. A JWT has 3, a user profile 8; deeper is an attack on a reader that recurses.
  std::size_t depth_max = 16;
  // Of one object. The richest object we read (client metadata, RFC 7591) has about 60.
  std::size_t members_max = 256;
  // Values in the whole text, names not counted: bounds the walk of anything that follows.
  std::size_t values_max = 8192;
};
// No reader takes objects with more members than this: the room in which duplicates are looked for.
inline constexpr std::size_t kJsonMembersMax = 256;

class JsonReader {
 public:
  explicit JsonReader(JsonLimits limits = {});
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;
  ~JsonReader();

  // kJsonPadding readable bytes must follow `text`, as they do behind every part of a slab; their content is
  // free. `text` may go away afterwards: strings are copied into the reader. Empty, TooLarge, Utf8Invalid,
  // JsonSyntax (a number out of range, too), TooDeep, TooMany, JsonDuplicate.
  Result<JsonValue> parse_padded(std::string_view text);

  // copy: for bytes without padding behind them; one memcpy into the reader's own buffer.
  Result<JsonValue> parse(std::string_view text);

  // Overwrites what the last text left in the buffers, as the destructor does: for a reader that is kept, after a text with
  // a password or a key.
  void wipe() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace claviger::codec
