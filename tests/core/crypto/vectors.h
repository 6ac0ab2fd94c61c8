// Published test vectors (tests/vectors) for the tests of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/codec/json_reader.h"

namespace claviger::crypto {

// The document, read once. Ends the test run when the file is missing.
codec::JsonObject vectors_of(std::string_view file_name);
// jws.json.
codec::JsonObject vectors();

// By value: what a Result holds would be gone before the first turn of a range-based for.
codec::JsonArray array_at(codec::JsonObject object, std::string_view name);
codec::JsonObject object_at(codec::JsonObject object, std::string_view name);

std::vector<std::byte> from_hex(std::string_view hex);
std::vector<std::byte> from_base64url(std::string_view text);
std::string to_hex(Bytes bytes);

// A JWS in its compact form, taken apart.
struct CompactJws {
  std::string_view signing_input;
  std::vector<std::byte> signature;
};
CompactJws split(std::string_view compact);

}  // namespace claviger::crypto
