// Any text for a refresh token: what parses has one text only, and none of it is genuine.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/identity/refresh_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  static const crypto::HmacSha256 key(as_bytes("0123456789abcdef0123456789abcdef"));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = identity::parse_refresh_token(text);
  if (!token) return 0;
  identity::Session session;
  session.sid = token->sid;
  session.refresh_salt = std::string(16, 's');
  const auto made = identity::make_refresh_token(key, "alpha", session, token->generation);
  const bool is_same = as_text(made.reveal()) == text;
  if (identity::is_genuine(*token, key, "alpha", session) != is_same) std::abort();
  return 0;
}
