#include "core/http/problem.h"

#include <array>

namespace claviger::http {
namespace {

void append_escaped(std::string& json, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char character : text) {
    const auto value = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      json += '\\';
      json += character;
    } else if (value < 0x20 || value >= 0x7F) {
      json += "\\u00";
      json += kHex[value >> 4U];
      json += kHex[value & 0xFU];
    } else {
      json += character;
    }
  }
}

}  // namespace

Response problem(std::uint16_t status, std::string_view detail) {
  std::string json = R"({"type":"about:blank","title":")";
  json += reason_of(status);
  json += R"(","status":)";
  json += std::to_string(status);
  if (!detail.empty()) {
    json += R"(,"detail":")";
    append_escaped(json, detail);
    json += '"';
  }
  json += '}';
  return Response(status, "application/problem+json", std::move(json));
}

}  // namespace claviger::http
