// What any KMS may answer: to a request that was not signed it may be believed as far as it fits; to one that was signed
// nothing passes without the key, which nobody here knows.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/claviger-ue/kms_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ue::KmsRequest request;
  request.user_uri = "sip:demo.mcptt@alpha.example";
  request.kms_uri = "kms.alpha.example";
  request.url = "https://127.0.0.1/keymanagement/identity/v1/keyprov";
  request.time = 1'795'000'000;
  const auto read = ue::read_response(text, request, {}, {});
  if (read) {
    for (const ue::KeySet& set : read->key_sets) {
      if (!set.is_revoked && (set.rsk.size() != 257 || set.ssk.size() != 32)) std::abort();
    }
  }
  ue::SharedKey ink;
  ink.id = "ink.1";
  ink.key = SecretBytes(as_bytes("0123456789abcdef0123456789abcdeX"));
  if (ue::read_response(text, request, {}, ink)) std::abort();
  (void)ue::read_error(text);
  return 0;
}
