// MIKEY-SAKKE I_MESSAGE (RFC 3830, 6043, 6509; TS 33.180 annex E): a key for one receiver, signed by its sender.
//
//   HDR  T  RAND  IDR..  [SP]  SAKKE  [general extension..]  SIGN
//
// A group management server sends GMKs so, clients PCKs and CSKs, a KMS none: it proves its keys with them. Building and
// opening take some 5 to 10 ms: for the offload. Parsing is cheap, keeps to named bounds and works on borrowed bytes.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/mikey/eccsi.h"
#include "core/crypto/mikey/sakke.h"
#include "core/crypto/mikey/uid.h"

namespace claviger::mikey {

// Those seen have some 700 octets; four URIs of 512 and three extensions fit.
inline constexpr std::size_t kIMessageBytesMax = 8192;
// RFC 3830 clause 6.11 asks for at least 16; the field's length has one octet.
inline constexpr std::size_t kRandBytesMin = 16;
inline constexpr std::size_t kRandBytesMax = 255;
// The roles there are.
inline constexpr std::size_t kIdentitiesMax = 6;
// Key parameters and SAKKE-to-self (clauses E.5, E.6), and room for two that we do not know.
inline constexpr std::size_t kExtensionsMax = 4;
// A private call has two; nothing in annex E has more than four.
inline constexpr std::size_t kCryptoSessionsMax = 8;

enum class MikeyRole : std::uint8_t {
  Initiator = 1,
  Responder = 2,
  InitiatorKms = 6,
  ResponderKms = 7,
  InitiatorUid = 8,
  ResponderUid = 9,  // identity hiding, clause E.7: 32 octets instead of a URI
};

// One entry of the GENERIC-ID map (RFC 6043 clause 6.1.1). For a GMK the SPI is GMK-ID | GUK-ID.
struct CryptoSession {
  std::uint8_t cs_id = 0;  // 4 GMK, 6 CSK, 7 MuSiK, ... (clause E.1.3)
  Bytes spi;
};
struct MikeyExtension {
  std::uint8_t type = 0;  // 6 SAKKE-to-self, 7 key parameters
  Bytes data;
};

// A message that is well formed. Views into it: valid while its bytes are.
struct IMessageView {
  std::uint32_t csb_id = 0;
  std::array<CryptoSession, kCryptoSessionsMax> sessions;
  std::size_t session_count = 0;
  std::uint64_t timestamp = 0;  // 64 bits of NTP
  Bytes random;
  std::array<Bytes, 10> identities;  // by role; empty where there is none
  Bytes srtp_policy;                 // type, length, value; empty when there is no SP payload
  std::uint8_t id_scheme = 0;
  Bytes sakke_data;  // 273 octets
  std::array<MikeyExtension, kExtensionsMax> extensions;
  std::size_t extension_count = 0;
  Bytes signed_part;  // from HDR to the length in SIGN
  Bytes signature;    // 129 octets

  Bytes identity(MikeyRole role) const { return identities[static_cast<std::size_t>(role)]; }
};

// Truncated, TooLarge, TooMany, Duplicate, Unsupported or BadValue, with the payload's name.
Result<IMessageView> parse_i_message(Bytes message);

// A KMS certificate's part in messages: the domain of a user.
struct KmsDomain {
  std::string uri;
  SakkePublicKey encryption;
  EccsiPublicKey authentication;
  KeyPeriods periods;
};

// SRTP profiles as an SP payload has them (TS 33.179 clauses E.2, E.3).
Bytes group_srtp_profile();
Bytes private_srtp_profile();

struct IMessageContent {
  std::uint32_t csb_id = 0;                   // GUK-ID for a GMK, else the key's identifier
  std::span<const CryptoSession> sessions{};  // none: the empty map, the default profile
  NtpSeconds time{};
  Bytes random{};  // kRandBytesMin to kRandBytesMax, fresh
  std::string_view initiator_uri{};
  std::string_view responder_uri{};
  bool hides_identities = true;
  Bytes srtp_policy{};  // none: no SP payload
  std::span<const MikeyExtension> extensions{};
};

// `key` encrypted for the responder under `responder_kms`, signed with the initiator's key of that time's period.
// BadValue or TooMany for a content that no receiver would take, else as the arithmetic.
Result<std::vector<std::byte>> build_i_message(const IMessageContent& content, const KmsDomain& initiator_kms,
                                               const EccsiUserKey& initiator_key, const KmsDomain& responder_kms,
                                               const SharedSecret& key);

// A GMK for one member of a group: CSB-ID = GUK-ID, one crypto session 4 (E.1.3) with the SPI GMK-ID | GUK-ID. Draws RAND.
struct GroupKeyMessage {
  std::uint32_t gmk_id = 0;
  NtpSeconds time;
  std::string_view group_server_uri;
  std::string_view member_uri;
  std::span<const MikeyExtension> extensions{};
};
Result<std::vector<std::byte>> build_group_key_message(const GroupKeyMessage& content, const KmsDomain& server_kms,
                                                       const EccsiUserKey& server_key, const KmsDomain& member_kms,
                                                       const SharedSecret& gmk);

// Who receives: its URI, the domains it trusts, and its RSKs (one a period).
struct ReceiverKey {
  Uid uid;
  const Rsk* rsk;
};
struct IMessageReceiver {
  std::string_view uri;
  std::span<const KmsDomain> domains;
  std::span<const ReceiverKey> keys;
  NtpSeconds now;
  // Who must have sent it; empty: whoever signed.
  std::string_view expected_initiator;
};
struct OpenedIMessage {
  SharedSecret key;
  Uid initiator_uid{};  // its signature was checked
  NtpSeconds time;
  IMessageView view;
};

// T within one key period of now; domains by the KMS identities; UIDs of the message's own time; signature; then the key.
// Always SealBroken: what failed stands in `where`, for the log alone.
Result<OpenedIMessage> open_i_message(Bytes message, const IMessageReceiver& receiver);

}  // namespace claviger::mikey
