// A KMS domain (TS 33.180 clause 5.3.1): the parameters of its KMS certificate, its policy, its sealed secrets.
//
// Record of tables::kKmsDomains, key tenant + KMS URI + generation (8 hex digits). A tenant has one KMS URI; a rotation
// makes the next generation, with other secrets and another CertUri. The newest active one issues; what a former one
// issued stays until its periods are out of retention, unless it was revoked. Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/keys/domain_keys.h"
#include "broker/keys/key_period.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::keys {

// Rotations of one domain: one a month is a decade.
inline constexpr std::size_t kGenerationsMax = 128;
// A SIP URI, as McIdentities are (broker/identity); the same for what names a KMS.
inline constexpr std::size_t kUriBytesMax = 512;
inline constexpr std::size_t kScopesMax = 16;
inline constexpr std::size_t kDomainNamesMax = 64;

enum class DomainState : std::uint8_t { Active = 0, Retired = 1, Revoked = 2 };
// How RSK and PVT, which RFC 3394 does not take, go under the TrK (spec 4.7).
enum class WrapMode : std::uint8_t { Pad = 0, Strip04 = 1, Pad11 = 2 };

struct DomainPolicy {
  std::vector<std::string> scopes;  // of which a token must have one
  WrapMode wrap_mode = WrapMode::Pad;
  bool is_cipher_hex = false;         // xenc:CipherValue in hex, for one peer
  bool is_user_id_base64 = false;     // UserID in base64 instead of hex
  bool is_uid_hex_text = false;       // the identifier is the UID's hex text, for one peer (spec 10)
  bool needs_signature = false;       // of requests
  bool needs_transport_key = false;   // user keys leave under a TrK only
  bool is_time_lenient = false;       // the Time of a request is not compared with ours
  std::uint8_t retained_periods = 1;  // former ones for which keys are still given
  std::uint8_t early_percent = 25;    // of a period: its last part, in which the next one's keys come along
};

struct Domain {
  std::string kms_uri;
  std::uint32_t generation = 1;
  DomainState state = DomainState::Active;
  std::string cert_uri;
  std::string issuer;
  KeyPeriods periods;
  std::int64_t valid_from = 0;
  std::int64_t valid_to = 0;
  std::array<std::byte, kRskBytes> public_encryption{};
  std::array<std::byte, kPvtBytes> public_authentication{};
  std::string sealed_secrets;        // empty: the ceremony that brings them is pending
  std::vector<std::string> domains;  // KmsDomainList
  DomainPolicy policy;
  std::int64_t created_at = 0;
  std::int64_t changed_at = 0;
  std::uint64_t cache_number = 1;  // CacheNum as of this certificate's last change
  std::uint64_t version = 0;       // of the record; not stored in it
};

// The scopes of TS 33.180 that open a KMS.
std::vector<std::string> default_scopes();

std::string domain_prefix(std::string_view tenant);
std::string domain_key(std::string_view tenant, std::string_view kms_uri, std::uint32_t generation);
// What a key of the table says.
struct DomainName {
  std::string tenant;
  std::string kms_uri;
  std::uint32_t generation;
};
Result<DomainName> domain_name_of(std::string_view key);

std::string encode_domain(const Domain& domain);
Result<Domain> decode_domain(const storage::Value& value, const DomainName& name);

// 1 to kUriBytesMax octets of UTF-8 without control characters. UriPathInvalid.
Result<Unit> check_uri(std::string_view uri);

}  // namespace claviger::keys
