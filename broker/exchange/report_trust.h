// Whether a KMS Redirect Response that a client uploaded was signed by somebody we have to do with (TS 33.180 clause D.4:
// ecdsa-sha256, X.509): the authorities of our peers are the ones that count. Evidence for an operator; it admits nothing.
//
// Pure function, any thread; some hundred microseconds a peer and response.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/exchange/peer.h"

namespace claviger::exchange {

// The signer's subject; empty for a response without a signature, with a bad one, or by nobody whom a peer's authority
// vouches for.
std::string signer_of_report(const std::vector<Peer>& peers, std::string_view xml, std::int64_t now);

}  // namespace claviger::exchange
