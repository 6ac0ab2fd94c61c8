// Any Authorization header: what parses has a client id of UTF-8 without NUL.
#include <cstdint>
#include <cstdlib>

#include "broker/identity/basic_credentials.h"
#include "core/codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto credentials = claviger::identity::parse_basic(text);
  if (!credentials) return 0;
  if (credentials->client_id.empty() || !claviger::codec::is_utf8(credentials->client_id)) std::abort();
  if (credentials->client_id.find('\0') != std::string::npos) std::abort();
  return 0;
}
