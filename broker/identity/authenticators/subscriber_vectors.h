// Where the vectors of SIM-based sign-in come from (HTTP Digest AKA: RFC 3310, RFC 4169; TS 33.102 clause 6.3.2): the seam to
// the subscriber database (broker/subscriber), which is a room above this one.
//
// aka_sign_in.h asks; whoever keeps subscribers implements it, and must never give one vector twice.
//
// One per process, safe to call on any shard.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// TS 33.102 clause 6.3.2, lengths of TS 33.105 clause 5.1.
struct SubscriberVector {
  std::array<std::byte, 16> rand{};
  std::array<std::byte, 16> autn{};
  SecretBytes expected_response;  // XRES, 4 to 16 octets
  Secret<16> cipher_key;
  Secret<16> integrity_key;
};

class SubscriberVectors {
 public:
  virtual ~SubscriberVectors() = default;
  // UserUnknown: no such subscription. `resynchronisation` (AUTS with its RAND, 30 octets) of a module whose sequence number
  // is ahead; empty: none.
  virtual runtime::Task<Result<SubscriberVector>> next(std::string tenant, std::string private_identity,
                                                       SecretBytes resynchronisation) = 0;
};

}  // namespace claviger::identity
