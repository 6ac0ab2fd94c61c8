// Any JSON for a user that an operator adds or imports: refused, or a user that can be written.
#include <cstdint>
#include <string>

#include "broker/admin/user_json.h"
#include "broker/identity/user_draft.h"
#include "core/base/assert.h"
#include "core/codec/json_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  codec::JsonLimits limits;
  limits.bytes_max = 16 * 1024;
  limits.depth_max = 2;
  codec::JsonReader reader(limits);
  const auto value = reader.parse({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const auto object = value->as_object();
  if (!object) return 0;
  const admin::DraftOrWrong read = admin::read_user_draft(*object);
  if (read.wrong) return 0;
  const auto user = identity::user_of(read.draft);
  if (!user) return 0;
  CLAVIGER_ASSERT(!user->login.empty() && user->login.find('\0') == std::string::npos);
  std::string text;
  codec::JsonWriter<std::string> json(text);
  admin::write_user(json, *user, admin::PasswordHashes::Shown);
  codec::JsonReader again(limits);
  CLAVIGER_ASSERT(again.parse(text).has_value());
  return 0;
}
