// 64-bit keyed digests of the names in tokens: jti, sid, sub, MC identities.
//
// The lower half of the universal hash of domain, scope and name: two names that somebody chose share a digest with
// probability of a few in 2^64, as long as he sees none; SipHash would do as well at three times the price (bench
// verify: 30 ns each). Immutable, any thread. Digests never leave the process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/crypto/universal_hash.h"

namespace claviger::tokens {

class NameHash {
 public:
  static constexpr std::size_t kNameMax = 512;

  explicit NameHash(const Secret<crypto::kUniversalHashKeyBytes>& key) : hash_(key) {}

  // Names of different domains or scopes never match. `name` is at most kNameMax long (asserted).
  std::uint64_t operator()(std::uint8_t domain, std::uint64_t scope, std::string_view name) const {
    CLAVIGER_ASSERT(name.size() <= kNameMax);
    std::array<std::byte, sizeof scope + sizeof domain + kNameMax> bytes;  // not zeroed: on the path of every token
    std::memcpy(bytes.data(), &scope, sizeof scope);
    bytes[sizeof scope] = static_cast<std::byte>(domain);
    if (!name.empty()) std::memcpy(bytes.data() + sizeof scope + sizeof domain, name.data(), name.size());
    return hash_(Bytes(bytes).first(sizeof scope + sizeof domain + name.size())).low;
  }

 private:
  crypto::UniversalHash hash_;
};

}  // namespace claviger::tokens
