// The capabilities exchange (RFC 6733 clause 5.3): what we say of ourselves, and what a peer said of itself.
//
// Pure functions on messages, any shard.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/diameter/message_builder.h"
#include "core/diameter/peer_options.h"

namespace claviger::diameter {

struct Capabilities {
  std::string identity;  // lower case
  std::string realm;
  std::uint32_t origin_state = 0;
  std::vector<std::uint32_t> applications;  // kRelayApplication among them: a relay
  // Inband-Security-Id asks for TLS after this exchange, and nothing else: which we do not do (RFC 6733 clause 6.10).
  bool wants_inband_tls = false;
};

// Origin-Host … applications, in the order of the grammar; for both request and answer.
void add_capabilities(MessageBuilder& builder, const NodeOptions& node, std::uint32_t origin_state);
// From a CER or CEA; what is missing is empty.
Capabilities read_capabilities(const Message& message);
// Those that both have; a relay has all of the other's. Empty: 5010.
std::vector<std::uint32_t> common_applications(const NodeOptions& node, const Capabilities& peer);

}  // namespace claviger::diameter
