// What XML in SIP is encrypted and signed with (TS 33.180 clauses 5.4, 9.3, F.1.4): derived from the key that an I_MESSAGE
// brought, the CSK between client and server, the SPK between servers.
//
//   S   = FC | P0 | L0 | P1 | L1        P0: MC service user ID, P1: the key's identifier, L: two octets, lengths in octets
//   key = the low 128 bits of HMAC-SHA-256(CSK, S)
// Pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/secret.h"
#include "core/crypto/mikey/sakke.h"

namespace claviger::mikey {

enum class ProtectionUse : std::uint8_t { Confidentiality = 0x51, Integrity = 0x52 };

inline constexpr std::size_t kProtectionKeyBytes = 16;
using ProtectionKey = Secret<kProtectionKeyBytes>;

// `user_id` and `key_id` are at most 65 535 octets (asserted).
ProtectionKey derive_protection_key(const SharedSecret& key, ProtectionUse use, std::string_view user_id, Bytes key_id);

}  // namespace claviger::mikey
