// A peer KMS and what is agreed with it; and our own identity towards all of them.
//
// Records of tables::kKmsPeers: tenant + "peer" + KMS URI, and tenant + "identity" (certificate chain, private key sealed).
// The identity is our client certificate at peers and signs our KMS certificate. Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::exchange {

// Of one tenant: neighbouring systems, and a few of a federation.
inline constexpr std::size_t kPeersMax = 128;
inline constexpr std::size_t kServicesMax = 256;
inline constexpr std::size_t kPemBytesMax = 64 * 1024;
// A slow peer must not hold our askers for longer.
inline constexpr std::int64_t kPeerAnswerMs = 5'000;

struct Peer {
  std::string kms_uri;
  std::string url;                  // of its kms-exchange/v1
  std::string name;                 // in its certificate, when it asks us and when it signs: CN, DNS name or URI
  std::string ca_pem;               // the authority of both
  std::vector<std::string> shared;  // VAL services whose security information it may have of us
  std::vector<std::string> held;    // VAL services whose security information is held there
  std::int64_t created_at = 0;
  std::uint64_t version = 0;  // of the record; not stored in it
};

struct Identity {
  std::string chain_pem;
  std::string sealed_key;  // PEM, sealed
  std::int64_t changed_at = 0;
  std::uint64_t version = 0;
};

std::string peer_prefix(std::string_view tenant);
std::string peer_key(std::string_view tenant, std::string_view kms_uri);
std::string identity_key(std::string_view tenant);
std::string encode_peer(const Peer& peer);
Result<Peer> decode_peer(const storage::Value& value, std::string_view kms_uri);
std::string encode_identity(const Identity& identity);
Result<Identity> decode_identity(const storage::Value& value, std::string_view tenant);

}  // namespace claviger::exchange
