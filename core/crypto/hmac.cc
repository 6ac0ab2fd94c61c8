#include "core/crypto/hmac.h"

#include <array>

#include "core/base/secret.h"

namespace claviger::crypto {
namespace {

constexpr std::size_t kBlockBytes = 64;

}  // namespace

HmacSha256::HmacSha256(Bytes key) {
  Secret<kBlockBytes> block;
  const MutableBytes padded = block.reveal_for_writing();
  if (key.size() > kBlockBytes) {
    Sha256Digest hashed = sha256(key);
    std::memcpy(padded.data(), hashed.data(), hashed.size());
    wipe(hashed);
  } else if (!key.empty()) {
    std::memcpy(padded.data(), key.data(), key.size());
  }
  for (std::byte& octet : padded) octet ^= std::byte{0x36};
  inner_.update(padded);
  for (std::byte& octet : padded) octet ^= std::byte{0x36 ^ 0x5C};
  outer_.update(padded);
}

HmacSha256::HmacSha256(HmacSha256&& other) noexcept : inner_(other.inner_), outer_(other.outer_) {
  wipe(other.inner_.state_);
  wipe(other.outer_.state_);
}

HmacSha256& HmacSha256::operator=(HmacSha256&& other) noexcept {
  if (this != &other) {
    inner_ = other.inner_;
    outer_ = other.outer_;
    wipe(other.inner_.state_);
    wipe(other.outer_.state_);
  }
  return *this;
}

HmacSha256::~HmacSha256() {
  wipe(inner_.state_);
  wipe(outer_.state_);
}

Sha256Digest HmacSha256::compute(Bytes message) const {
  Sha256 inner = inner_;
  inner.update(message);
  return finish(inner);
}

Sha256Digest HmacSha256::compute(Bytes first, Bytes second) const {
  Sha256 inner = inner_;
  inner.update(first);
  inner.update(second);
  return finish(inner);
}

bool HmacSha256::verify(Bytes message, Bytes mac) const { return equals_constant_time(compute(message), mac); }

Sha256Digest HmacSha256::finish(Sha256& inner) const {
  // SHA256_Final() leaves the chaining value behind; that of an HMAC is keyed, so it is wiped.
  Sha256Digest inner_digest = inner.finish();
  Sha256 outer = outer_;
  outer.update(inner_digest);
  const Sha256Digest mac = outer.finish();
  wipe(inner_digest);
  wipe(inner.state_);
  wipe(outer.state_);
  return mac;
}

}  // namespace claviger::crypto
