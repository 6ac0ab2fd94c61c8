// TrK and InK: what the KMS and one user's client share to wrap keys and to sign messages (TS 33.180 clauses D.1, 9.3;
// spec 4.7).
//
// Records of tables::kKmsTransportKeys, key tenant + user URI + key id, the key itself sealed. The first ones come out of
// band; a roll-over offers the next under the present TrK, and it takes its place when the client uses it. Changes run at
// home_of("kms-user/" tenant "/" uri) under that turn. Values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::keys {

inline constexpr std::size_t kTransportKeyBytes = 32;
// Of one user: two kinds, present and offered, on a few devices.
inline constexpr std::size_t kTransportKeysMax = 16;

enum class TransportKeyKind : std::uint8_t { Trk = 0, Ink = 1 };
enum class TransportKeyState : std::uint8_t { Active = 0, Offered = 1 };

struct TransportKey {
  std::string user_uri;
  std::string id;  // "trk.1.sip:ann@alpha.example"
  TransportKeyKind kind = TransportKeyKind::Trk;
  TransportKeyState state = TransportKeyState::Active;
  std::string device_id;  // empty: any of his devices
  std::int64_t created_at = 0;
  // Said on present keys: no other of the user's is offered. A delivery that finds it so asks for no list of them.
  bool is_nothing_offered = false;
  std::string sealed;
  std::uint64_t version = 0;  // of the record; not stored in it

  bool is_for(std::string_view device) const { return device_id.empty() || device_id == device; }
};

std::string transport_key_key(std::string_view tenant, std::string_view user_uri, std::string_view id);
std::string encode_transport_key(const TransportKey& key);
// One, if it is at hand: without suspending.
std::optional<TransportKey> find_transport_key_at_hand(broker::Context& context, std::string_view tenant,
                                                       std::string_view user_uri, std::string_view id);
// SealBroken.
Result<SecretBytes> open_transport_key(storage::Sealer& sealer, std::string_view tenant, const TransportKey& key);

// All of a user, at most kTransportKeysMax.
runtime::Task<Result<std::vector<TransportKey>>> read_transport_keys(broker::Context* context, std::string tenant,
                                                                     std::string user_uri);

struct NewTransportKey {
  std::string user_uri;
  TransportKeyKind kind = TransportKeyKind::Trk;
  std::string id;  // empty: made
  std::string device_id;
  SecretBytes key;          // kTransportKeyBytes; empty: drawn
  bool is_offered = false;  // takes the place of the present one when the client first uses it
};
struct MadeTransportKey {
  TransportKey record;
  SecretBytes key;
};
// Duplicate, TooMany, UriPathInvalid, BadValue (length of a key), TransportKeyUnknown (offered without a present TrK).
runtime::Task<Result<MadeTransportKey>> add_transport_key(broker::Context* context, std::string tenant,
                                                          NewTransportKey wanted);
// TransportKeyUnknown.
runtime::Task<Result<Unit>> remove_transport_key(broker::Context* context, std::string tenant, std::string user_uri,
                                                 std::string id);
// The client has used an offered key: it is the present one, and the former of its kind and device is gone.
runtime::Task<Result<Unit>> take_up_transport_key(broker::Context* context, std::string tenant, TransportKey key);

}  // namespace claviger::keys
