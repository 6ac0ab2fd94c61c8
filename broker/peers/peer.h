// A Diameter peer that an operator admitted while we ran: what stands in tables::kDiameterPeers.
//
// The same members as [[diameter.peers]] of the configuration. A value, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/settings/diameter_settings.h"
#include "core/base/result.h"
#include "core/diameter/peer_options.h"
#include "storage/value.h"

namespace claviger::peers {

using settings::DiameterPeer;

// What it must be to be taken: names, a port, realms. The first thing wrong, for an operator; nothing: good.
std::optional<std::string> what_is_wrong(const DiameterPeer& peer);

// What an operator says anew; the rest stays.
struct PeerChange {
  std::optional<std::string> realm;
  std::optional<std::string> host;
  std::optional<std::uint16_t> port;
  std::optional<bool> is_tls;
  std::optional<std::vector<std::string>> addresses;
  std::optional<std::vector<std::string>> realms;
  std::optional<std::vector<std::string>> quirks;
  std::optional<std::uint32_t> priority;
  std::optional<std::uint32_t> weight;
  std::optional<std::uint32_t> requests_per_second;
};
DiameterPeer changed_peer(DiameterPeer peer, PeerChange wanted);
// Of a change, not of a new peer: a list with nothing but an empty text is one without anything.
void empty_lists(PeerChange& wanted);

// The host that we call, when it is an address, is where it calls from, too, unless addresses are named.
diameter::PeerOptions options_of(const DiameterPeer& peer, bool is_admitted);
// In the clear, and nothing says where it is: whoever says its name would be it.
bool may_be_anybody(const diameter::PeerOptions& options);

std::string peer_key(std::string_view identity);  // lower case
std::string encode_peer(const DiameterPeer& peer, std::int64_t created_at);
Result<DiameterPeer> decode_peer(const storage::Value& value);

}  // namespace claviger::peers
