// What a KM client may post: the guard, the reader and the verification of signatures. Whatever is accepted holds what
// the schema says, and no input has a valid signature under a key that nobody knows.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/keys/domain.h"
#include "broker/keys/kms_request.h"
#include "broker/keys/xml_signature.h"
#include "core/codec/xml_guard.h"

namespace {

using namespace claviger;

void require(bool is_true) {
  if (!is_true) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto guarded = codec::guard_xml(text);
  const auto request = keys::read_kms_request(text);
  if (!guarded) {
    require(!request.has_value());
    return 0;
  }
  if (!request) return 0;
  require(!request->user_uri.empty() && request->user_uri.size() <= keys::kUriBytesMax);
  require(!request->kms_uri.empty() && !request->client_req_url.empty());
  if (!request->signature) return 0;
  require(!request->signature->key_name.empty());
  const std::string key(32, 'k');
  require(!keys::verify_signed_request(text, as_bytes(key)).has_value());
  return 0;
}
