// The keys of one user in one period (spec 4.6), as they are kept: sealed, in the form in which they leave.
//
// Record of tables::kKmsUserKeys, key tenant + generation (8 hex digits) + period (16) + user URI. Issued once, durable
// before anybody gets it, and given again as it is: SSK and PVT differ each time they are made.
//
//   value  = %x01 issued-at uid sealed   ; 8OCTET Unix time, 32OCTET, storage/sealing.h
//   opened = rsk-element ssk-element pvt-element
//            <UserDecryptKey xsi:type="KeyContentType">04...</UserDecryptKey> and so on, hex, always kWireBytes long
// The payload stands outside a FlatBuffer so that it is opened from the store's block straight into the answer. Pure
// functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/keys/domain.h"
#include "broker/keys/domain_keys.h"
#include "core/base/result.h"
#include "storage/sealing.h"
#include "storage/value.h"

namespace claviger::keys {

inline constexpr std::string_view kRskBegin = "<UserDecryptKey xsi:type=\"KeyContentType\">";
inline constexpr std::string_view kRskEnd = "</UserDecryptKey>";
inline constexpr std::string_view kSskBegin = "<UserSigningKeySSK xsi:type=\"KeyContentType\">";
inline constexpr std::string_view kSskEnd = "</UserSigningKeySSK>";
inline constexpr std::string_view kPvtBegin = "<UserPubTokenPVT xsi:type=\"KeyContentType\">";
inline constexpr std::string_view kPvtEnd = "</UserPubTokenPVT>";
// Where the hex digits stand.
inline constexpr std::size_t kRskAt = kRskBegin.size();
inline constexpr std::size_t kSskAt = kRskAt + 2 * kRskBytes + kRskEnd.size() + kSskBegin.size();
inline constexpr std::size_t kPvtAt = kSskAt + 2 * kSskBytes + kSskEnd.size() + kPvtBegin.size();
inline constexpr std::size_t kWireBytes = kPvtAt + 2 * kPvtBytes + kPvtEnd.size();

std::string user_key_prefix(std::string_view tenant, std::uint32_t generation, std::uint64_t period);
std::string user_key_key(std::string_view tenant, std::uint32_t generation, std::uint64_t period, std::string_view uri);

// The value of a record. What sealing says.
Result<std::string> seal_user_keys(storage::Sealer& sealer, std::string_view key, const Uid& uid, const UserKeys& keys,
                                   std::int64_t issued_at);

struct StoredKeys {
  Uid uid{};
  std::int64_t issued_at = 0;
  Bytes sealed;  // of the value
};
// Corrupt, SchemaTooNew.
Result<StoredKeys> read_user_keys(const storage::Value& value);
// `out`: kWireBytes. SealBroken, Corrupt.
Result<Unit> open_user_keys(storage::Sealer& sealer, std::string_view key, const StoredKeys& stored, MutableBytes out);
// The binary keys from an opened text.
Result<UserKeys> parse_wire(Bytes wire);

}  // namespace claviger::keys
