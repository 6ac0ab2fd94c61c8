// Bytes that claim to be a record: the first octet says which. What decodes encodes and decodes again.
#include <cstdint>
#include <cstdlib>

#include "broker/identity/authorization_code.h"
#include "broker/identity/client.h"
#include "broker/identity/session.h"
#include "broker/identity/user.h"

namespace {

using namespace claviger;
using namespace claviger::identity;

storage::Value value_of(std::string_view bytes) { return storage::Value(as_bytes(bytes), 1, 0, nullptr); }

template <typename Decoded, typename Encode, typename Decode>
void check(const Decoded& decoded, Encode encode, Decode decode) {
  if (!decoded) return;
  const std::string again = encode(*decoded);
  if (!decode(value_of(again), "id")) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      check(decode_user(value_of(bytes), "id"), encode_user, decode_user);
      break;
    case 1:
      check(decode_client(value_of(bytes), "id"), encode_client, decode_client);
      break;
    case 2:
      check(decode_session(value_of(bytes), "id"), encode_session, decode_session);
      break;
    default:
      check(decode_code(value_of(bytes), "id"), encode_code, decode_code);
      break;
  }
  return 0;
}
