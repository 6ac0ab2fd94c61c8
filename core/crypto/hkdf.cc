#include "core/crypto/hkdf.h"

#include <algorithm>

#include "core/crypto/hmac.h"

namespace claviger::crypto {

void hkdf_sha256(Bytes secret, Bytes salt, Bytes info, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() <= kHkdfBytesMax && info.size() <= kHkdfInfoBytesMax);
  // Clause 2.2. No salt means a salt of 32 zero bytes, which HMAC pads an empty key to anyway.
  Sha256Digest extracted = HmacSha256(salt).compute(secret);
  const HmacSha256 expander(extracted);
  wipe(extracted);

  // Clause 2.3: T(i) = HMAC(PRK, T(i-1) | info | i).
  SecretBytes input(kSha256Bytes + info.size() + 1);
  const MutableBytes block = input.reveal_for_writing();
  if (!info.empty()) std::memcpy(block.data() + kSha256Bytes, info.data(), info.size());
  std::uint8_t counter = 0;
  for (std::size_t done = 0; done < out.size();) {
    block.back() = std::byte{++counter};
    // T(0) is empty.
    Sha256Digest step = expander.compute(counter == 1 ? block.subspan(kSha256Bytes) : block);
    const std::size_t taken = std::min(step.size(), out.size() - done);
    std::memcpy(out.data() + done, step.data(), taken);
    std::memcpy(block.data(), step.data(), step.size());
    wipe(step);
    done += taken;
  }
}

}  // namespace claviger::crypto
