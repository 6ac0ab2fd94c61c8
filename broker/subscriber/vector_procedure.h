// Authentication vectors: what a Multimedia-Auth-Request asks for (TS 29.228 clause 6.3.1), and what the IdMS does.
//
//   1. The private and the public identity are known, and belong together.
//   2. The scheme is AKAv1, or left open.
//   3. With AUTS: SQN_HE is brought to where the module accepts it (TS 33.102 clause 6.3.5), on first registration too.
//   4. Served by another S-CSCF than before, or not registered: its name is kept, authentication is pending.
//   5. One vector with a RAND of its own.
// A step that changes something is durable before the vector leaves; with the name unchanged there is none. A subscriber at
// hand costs no read, another one. Called on any shard; runs at the subscriber's home.
#pragma once

#include <optional>
#include <string>

#include "broker/subscriber/sip_database.h"
#include "core/base/result.h"
#include "core/crypto/aka/aka.h"
#include "core/runtime/task.h"

namespace claviger::subscriber {

struct VectorRequest {
  std::string tenant;
  std::string private_identity;
  std::string public_identity;  // empty: any of his (the IdMS)
  std::string scheme;           // as it came; empty: left open
  std::string server_name;      // empty: nobody is to be remembered (the IdMS)
  std::string host;             // Diameter identity of who asks
  std::string realm;
  std::string serving_domain;     // whose part of IND it is; empty: home
  std::string resynchronisation;  // RAND AUTS, 30 octets; empty: none. Public: it went over the air
};

struct VectorAnswer {
  aka::Vector vector;
};

// SubscriberUnknown, PublicIdentityUnknown, IdentitiesDiffer, SubscriberDisabled, AuthenticationScheme, AutsInvalid,
// OutOfRange (the length of `resynchronisation`), AkaThrottled (he is asked for more than the clock
// allows), SequenceExhausted; SealBroken; what the store says.
//
// Overload: what must wait for the disk (a first request, another S-CSCF, a resynchronisation) waits in one line a
// subscriber, of runtime::Turns::kWaitersMax places: a UE's retries fill a few of them. More is answered at once,
// DIAMETER_TOO_BUSY (3004, with the E bit: RFC 6733 clause 7.1.3) and nobody else's line is longer for it; with the
// commit the line is gone, for all that follows changes nothing. DeadlinePassed, after five seconds in it: the same.
runtime::Task<Result<VectorAnswer>> make_vector(SipDatabase* database, VectorRequest request);

// The same without waiting, when it can be: the subscriber is at home on this shard, at hand or in the store's memory, and
// nothing of him changes.
// For the wire's fast path; nothing: ask make_vector().
std::optional<Result<VectorAnswer>> make_vector_now(SipDatabase& database, const VectorRequest& request);

// Step 2: AKAv1 in any case; "Unknown" leaves it open (TS 29.228 clause 6.3.1).
bool is_known_scheme(std::string_view scheme);

}  // namespace claviger::subscriber
