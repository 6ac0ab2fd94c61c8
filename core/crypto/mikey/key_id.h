// Key identifiers and what is derived from a key that an I_MESSAGE brought (TS 33.180 clauses 5.2.2 to 5.2.4, F.1; RFC
// 3830 clause 4.1). Pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/mikey/sakke.h"

namespace claviger::mikey {

// The top four bits of a key identifier; the others are random.
enum class KeyPurpose : std::uint8_t { Gmk = 0, Pck = 1, Csk = 2, Spk = 3, Mkfc = 4, Mscck = 5, MuSik = 6 };

constexpr std::uint32_t make_key_id(KeyPurpose purpose, std::uint32_t random) {
  return static_cast<std::uint32_t>(purpose) << 28U | (random & 0x0FFFFFFFU);
}
// NotFound for a tag that has no meaning (7 to 15).
Result<KeyPurpose> purpose_of(std::uint32_t key_id);

// A fresh identifier of a key. CryptoFailure without random bytes.
Result<std::uint32_t> random_key_id(KeyPurpose purpose);

// The GUK-ID of one user of a group: the GMK-ID with a salt of the GMK and the user's URI over its 28 low bits.
std::uint32_t guk_id(const SharedSecret& gmk, std::uint32_t gmk_id, std::string_view user_uri);

// TEK and salt of one crypto session: what SRTP is keyed with.
inline constexpr std::size_t kTrafficSaltBytes = 12;
struct TrafficKey {
  SharedSecret tek;
  Secret<kTrafficSaltBytes> salt;
};
// `random` is the RAND payload of the message, at most kRandBytesMax of i_message.h (asserted).
TrafficKey derive_traffic_key(const SharedSecret& key, std::uint8_t cs_id, std::uint32_t csb_id, Bytes random);

}  // namespace claviger::mikey
