// A challenge of a subscriber module, as the UE carries it for us between two requests: sealed, in `opaque` of its Digest
// credentials. XRES is in it, which nobody but us may read.
//
//   text      = sealed_text.h, for the purpose "aka"
//   plaintext = rand autn xres-length xres impi-length impi interaction  ; 16, 16, 1 octets and as many, 1 and as many, the rest
// Its time is the interaction's, and it is good once as that is. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/identity/authenticators/subscriber_vectors.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::identity {

struct AkaChallenge {
  std::string private_identity;
  std::string interaction;  // sealed
  SubscriberVector vector;  // without its keys
};

// CryptoFailure; TooLarge.
Result<std::string> seal_challenge(const Secret<32>& key, std::string_view tenant, const AkaChallenge& challenge);
// InteractionInvalid.
Result<AkaChallenge> open_challenge(const Secret<32>& key, std::string_view tenant, std::string_view text);

}  // namespace claviger::identity
