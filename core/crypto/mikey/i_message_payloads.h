// The numbers of MIKEY's payloads that an I_MESSAGE has (RFC 3830 clause 6, RFC 6043, RFC 6509; TS 33.180 clause E.1.2).
// For the builder and the parser of this folder.
#pragma once

#include <cstdint>

namespace claviger::mikey {

enum class Payload : std::uint8_t {
  Signature = 4,
  Timestamp = 5,
  Policy = 10,
  Rand = 11,
  Identity = 14,
  Extension = 21,
  Sakke = 26,
};
enum class CsMap : std::uint8_t { Srtp = 0, Empty = 1, Generic = 2 };

inline constexpr std::uint8_t kMikeyVersion = 1;
inline constexpr std::uint8_t kDataTypeSakke = 26;
inline constexpr std::uint8_t kPrfHmacSha256 = 1;  // with V = 0: no answer is asked for
inline constexpr std::uint8_t kTimestampNtpUtc = 0;
inline constexpr std::uint8_t kIdTypeUri = 1;
inline constexpr std::uint8_t kSakkeParameterSet1 = 1;
// What senders use; clause E.3 calls it "URI Scheme", E.5 "3GPP MCX hashed UID".
inline constexpr std::uint8_t kIdSchemeHashedUid = 2;
// ECCSI in 4 bits, 129 octets in 12.
inline constexpr std::uint16_t kSignatureHeader = 0x2081;

}  // namespace claviger::mikey
