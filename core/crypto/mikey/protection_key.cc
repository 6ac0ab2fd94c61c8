#include "core/crypto/mikey/protection_key.h"

#include <limits>
#include <vector>

#include "core/crypto/hmac.h"
#include "core/crypto/mikey/words.h"

namespace claviger::mikey {
namespace {

void append(std::vector<std::byte>& out, Bytes parameter) {
  CLAVIGER_ASSERT(parameter.size() <= std::numeric_limits<std::uint16_t>::max());
  out.insert(out.end(), parameter.begin(), parameter.end());
  out.resize(out.size() + 2);
  store_be(MutableBytes(out).last(2), static_cast<std::uint16_t>(parameter.size()));
}

}  // namespace

ProtectionKey derive_protection_key(const SharedSecret& key, ProtectionUse use, std::string_view user_id,
                                    Bytes key_id) {
  std::vector<std::byte> text{static_cast<std::byte>(use)};
  append(text, as_bytes(user_id));
  append(text, key_id);
  crypto::Sha256Digest digest = crypto::HmacSha256(key.reveal()).compute(text);
  const WipeAtEnd wipe_digest(digest);
  return ProtectionKey(Bytes(digest).last<kProtectionKeyBytes>());
}

}  // namespace claviger::mikey
