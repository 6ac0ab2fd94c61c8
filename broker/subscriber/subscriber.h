// A subscriber of the SIP database: his private identity (IMPI), his public identities (IMPU), and what his module shares
// with us (TS 29.228 clause 5, TS 33.102 clause 6.3).
//
// Record of tables::kSubscribers, key tenant + IMPI; each public identity a row of tables::kPublicIdentities, so that it is
// one subscriber's. His numbers and who serves him stand in the same record, so that a vector costs one read. K and OPc or TOPc are sealed, bound to the record's key; they come in once and are never shown.
// Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/subscriber/sequence.h"
#include "broker/subscriber/server_state.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/aka/aka.h"
#include "storage/sealing.h"
#include "storage/value.h"

namespace claviger::subscriber {

// An implicit registration set: a number, a few names, an emergency alias. TS 29.228 names no bound.
inline constexpr std::size_t kPublicIdentitiesMax = 16;
// A NAI has 253 octets at most (RFC 7542 clause 2.2); URIs of ours stay below the same.
inline constexpr std::size_t kIdentityBytesMax = 253;
inline constexpr std::size_t kVisitedNetworksMax = 64;
inline constexpr std::size_t kCapabilitiesMax = 32;
inline constexpr std::uint8_t kIndBitsDefault = 5;  // TS 33.102 clause C.3
inline constexpr std::uint8_t kIndBitsMax = 8;

struct Subscriber {
  std::string private_identity;
  std::vector<std::string> public_identities;  // registered together; the first is the default
  aka::Algorithm algorithm = aka::Algorithm::Milenage;
  std::uint8_t key_bytes = 16;
  std::uint8_t response_bytes = 8;
  std::uint8_t iterations = 1;
  std::string sealed_key;
  aka::Amf amf{};
  std::uint8_t ind_bits = kIndBitsDefault;
  bool is_enabled = true;
  bool serves_unregistered = false;           // services for him while he is not registered (LIR)
  std::vector<std::string> visited_networks;  // in which he may register; empty: all
  std::vector<std::uint32_t> capabilities;    // that his S-CSCF must have (Mandatory-Capability)
  SequenceState sequence;
  ServerState server;
  std::int64_t created_at = 0;
  std::int64_t changed_at = 0;
  std::uint64_t version = 0;  // of the record; not stored in it

  bool has(std::string_view public_identity) const;
};

std::string subscriber_key(std::string_view tenant, std::string_view private_identity);
std::string public_identity_key(std::string_view tenant, std::string_view public_identity);

// One way to write each: scheme, host and realm in lower case, no parameters (TS 23.003 clauses 13.3, 13.4; RFC 3261 clause
// 10.3). SubscriberInvalid.
Result<std::string> canonical_private_identity(std::string_view text);
Result<std::string> canonical_public_identity(std::string_view text);

std::string encode_subscriber(const Subscriber& subscriber);
Result<Subscriber> decode_subscriber(const storage::Value& value, std::string_view private_identity);

// CryptoFailure.
Result<Unit> seal_key(storage::Sealer& sealer, std::string_view tenant, const aka::SubscriberKey& key,
                      Subscriber& subscriber);
// SealBroken, Corrupt.
Result<aka::SubscriberKey> open_key(storage::Sealer& sealer, std::string_view tenant, const Subscriber& subscriber);

}  // namespace claviger::subscriber
