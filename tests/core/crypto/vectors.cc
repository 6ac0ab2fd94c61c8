#include "tests/core/crypto/vectors.h"

#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "core/codec/base64url.h"
#include "core/codec/hex.h"

namespace claviger::crypto {

codec::JsonObject vectors_of(std::string_view file_name) {
  struct Document {
    codec::JsonReader reader{codec::JsonLimits{.bytes_max = 1U << 20U, .values_max = 1U << 16U}};
    std::optional<codec::JsonValue> value;
  };
  static std::map<std::string, Document, std::less<>> documents;
  Document& document = documents[std::string(file_name)];
  if (!document.value) {
    std::ifstream file(CLAVIGER_SOURCE_DIR "/tests/vectors/" + std::string(file_name), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    auto parsed = document.reader.parse(text);
    CLAVIGER_ASSERT(parsed.has_value());
    document.value = *parsed;
  }
  return *document.value->as_object();
}

codec::JsonObject vectors() { return vectors_of("jws.json"); }

codec::JsonArray array_at(codec::JsonObject object, std::string_view name) { return *object.at(name)->as_array(); }
codec::JsonObject object_at(codec::JsonObject object, std::string_view name) { return *object.at(name)->as_object(); }

std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> bytes(hex.size() / 2);
  CLAVIGER_ASSERT(codec::hex_decode(hex, bytes).has_value());
  return bytes;
}

std::vector<std::byte> from_base64url(std::string_view text) {
  std::vector<std::byte> bytes(codec::base64url_decoded_size_max(text.size()));
  const auto size = codec::base64url_decode(text, bytes);
  CLAVIGER_ASSERT(size.has_value());
  bytes.resize(*size);
  return bytes;
}

std::string to_hex(Bytes bytes) {
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

CompactJws split(std::string_view compact) {
  const std::size_t dot = compact.rfind('.');
  return {compact.substr(0, dot), from_base64url(compact.substr(dot + 1))};
}

}  // namespace claviger::crypto
