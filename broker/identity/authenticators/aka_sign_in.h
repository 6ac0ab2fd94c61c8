// SIM-based sign-in: HTTP Digest AKA at the authorization endpoint (RFC 3310, spec 3.4, row "direct AKA"), in the place of
// a password.
//
//   1. The UE sends its authorization request with `Authorization: Digest username="<IMPI>"`, nonce empty or left out.
//   2. 401, WWW-Authenticate: a vector of the subscriber database as the nonce; all that must be known of it comes back in
//      `opaque`, sealed: nothing is kept here.
//   3. The same request with the module's response; with `auts` instead of one, step 2 again behind a resynchronisation.
//   4. The code, as of any sign-in; policy may ask for a second factor first, as the module proves the subscription only.
// Whose module it is an operator has said (authenticator kind "aka", serial: the IMPI). Nobody learns whether there is such
// a subscription: who is unknown gets challenges of the same looks. No token tells of it but by `acr` and `amr`.
//
// On the shard of the request; tries of one identity are counted at home_of("login/" tenant "/" IMPI).
#pragma once

#include <optional>
#include <string>

#include "broker/context.h"
#include "broker/identity/authenticators/subscriber_vectors.h"
#include "broker/identity/interaction.h"
#include "core/base/result.h"
#include "core/crypto/aka/digest_aka.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

inline constexpr std::string_view kAcrAka = "urn:claviger:acr:aka";
inline constexpr std::string_view kAkaKind = "aka";
// A NAI (RFC 7542 clause 2.2) has no more octets.
inline constexpr std::size_t kPrivateIdentityMax = 253;

// One way to write a private identity: its realm in lower case. BadValue.
Result<std::string> canonical_impi(std::string_view text);

struct AkaRequest {
  enum class Kind : std::uint8_t { None, First, Answer } kind = Kind::None;
  std::string private_identity;        // First
  aka::DigestCredentials credentials;  // Answer
};
// Of the Authorization field. None: there is none, or of another scheme. What parse_digest_credentials() says.
Result<AkaRequest> read_aka_request(const http::Request& request);

// Step 2, of a request that was found right. `request` outlives the call.
runtime::Task<http::Response> challenge_module(broker::Context* context, SubscriberVectors* vectors, std::string tenant,
                                               Interaction interaction, std::string private_identity,
                                               const http::Request* request);
// Steps 3 and 4.
runtime::Task<http::Response> answer_from_module(broker::Context* context, SubscriberVectors* vectors,
                                                 std::string tenant, aka::DigestCredentials credentials,
                                                 const http::Request* request);

}  // namespace claviger::identity
