#include "broker/migration/token_answer.h"

#include <algorithm>

#include "core/codec/json_reader.h"

namespace claviger::migration {

Result<TokenAnswer> read_token_answer(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(parsed, reader.parse(text));
  CLAVIGER_TRY(object, parsed.as_object());
  CLAVIGER_TRY(token, object.string_at("access_token"));
  const bool is_visible = std::ranges::all_of(token, [](char each) { return each > ' ' && each < '\x7f'; });
  TokenAnswer answer;
  if (is_visible) answer.token = SecretBytes(as_bytes(token));
  const auto life = object.int_at("expires_in");
  if (life && *life > 0) answer.life = std::min(*life, kTokenLifeMax);
  reader.wipe();
  if (answer.token.empty()) return Error{Code::BadValue, "link.token"};
  return answer;
}

}  // namespace claviger::migration
