#include "core/crypto/random.h"

#include <openssl/rand.h>

#include <climits>

#include "core/crypto/openssl.h"

namespace claviger::crypto {

Result<Unit> fill_random(MutableBytes out) {
  CLAVIGER_ASSERT(out.size() <= INT_MAX);
  if (out.empty()) return Unit{};
  if (RAND_priv_bytes(as_uchar(out), static_cast<int>(out.size())) != 1) {
    return openssl_error(Code::CryptoFailure, "random");
  }
  return Unit{};
}

Result<Unit> RandomPool::fill(MutableBytes out) {
  if (out.size() > bytes_.size()) return fill_random(out);
  if (out.size() > left_) {
    left_ = 0;
    CLAVIGER_TRY(filled, fill_random(bytes_));
    left_ = bytes_.size();
  }
  if (out.empty()) return Unit{};
  left_ -= out.size();
  const MutableBytes drawn = MutableBytes(bytes_).subspan(left_, out.size());
  std::memcpy(out.data(), drawn.data(), out.size());
  wipe(drawn);
  return Unit{};
}

}  // namespace claviger::crypto
