#include "broker/identity/dpop_nonce.h"

#include <algorithm>
#include <array>

#include "core/base/secret.h"
#include "core/codec/base64url.h"

namespace claviger::identity {
namespace {

constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kNonceBytes = kTimeBytes + kMacBytes;
// From a shard whose clock is a tick ahead of ours.
constexpr std::int64_t kAheadMax = 1;

using Nonce = std::array<std::byte, kNonceBytes>;

Nonce nonce_of(const crypto::HmacSha256& key, std::string_view tenant, std::uint64_t issued_at) {
  Nonce nonce;
  store_be(MutableBytes(nonce).first(kTimeBytes), issued_at);
  std::string message(tenant);
  message.append(1, '\0').append(as_text(Bytes(nonce).first(kTimeBytes)));
  const auto mac = key.compute(as_bytes(message));
  std::copy_n(mac.begin(), kMacBytes, nonce.begin() + kTimeBytes);
  return nonce;
}

}  // namespace

std::string make_dpop_nonce(const crypto::HmacSha256& key, std::string_view tenant, std::int64_t now) {
  std::string text;
  codec::base64url_encode(nonce_of(key, tenant, static_cast<std::uint64_t>(now)), text);
  return text;
}

bool is_current_dpop_nonce(const crypto::HmacSha256& key, std::string_view tenant, std::string_view nonce,
                           std::int64_t now, std::int64_t not_before) {
  Nonce presented;
  if (nonce.size() != codec::base64url_encoded_size(kNonceBytes)) return false;
  if (!codec::base64url_decode(nonce, presented)) return false;
  const auto issued_at = load_be<std::uint64_t>(Bytes(presented).first(kTimeBytes));
  if (issued_at > static_cast<std::uint64_t>(now + kAheadMax)) return false;
  const auto at = static_cast<std::int64_t>(issued_at);
  // A clock that was set back to before our start knows no nonce from before it.
  if (at < not_before && now >= not_before) return false;
  if (at + kDpopNonceLife.count() < now) return false;
  return equals_constant_time(presented, nonce_of(key, tenant, issued_at));
}

}  // namespace claviger::identity
