// A verifier outside of Claviger, one a tenant: a RADIUS bridge, a vendor's token server, an agency's own service.
//
// Record of tables::kAuthenticators, key tenant + "" + "verifier", as policies are; its secrets sealed. We POST what the user
// typed, and the answer decides; it knows us by our TLS client certificate, by a MAC over the body, or both, and we it by
// its certificate and, with a MAC key, by a MAC over its answer.
//
//   request    {"tenant","user","code","client_id","nonce","time"}    user: the `serial` he was enrolled with
//   answer     200 {"result":"accept"} or {"result":"reject"}
//   both       X-Claviger-Mac: base64url(HMAC-SHA256(key, "request" or "answer", NUL, nonce, NUL, body))
// Anything else, no answer in time, too many calls at once: the sign-in fails, it never passes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"
#include "storage/value.h"

namespace claviger::identity {

inline constexpr Milliseconds kVerifierTimeoutMin{100};
// A user waits for it, and the sign-in with him.
inline constexpr Milliseconds kVerifierTimeoutMax{10'000};
inline constexpr std::size_t kVerifierAnswerMax = 16 * 1024;
// At once, of one shard: what waits for a verifier that hangs holds a connection and a frame each.
inline constexpr std::uint32_t kVerifierCallsMax = 256;
// RFC 2104 clause 3: shorter than the hash is weaker than it.
inline constexpr std::size_t kVerifierMacKeyMin = 32;
inline constexpr std::size_t kVerifierMacKeyMax = 128;
inline constexpr std::string_view kVerifierMacHeader = "x-claviger-mac";

struct OutsideVerifier {
  std::string url;
  std::string ca_pem;           // that its certificate chains to: no others, so that none of them can pass people
  std::string certificate_pem;  // empty: none
  SecretBytes key_pem;
  SecretBytes mac_key;  // empty: none
  Milliseconds timeout{5'000};
  std::uint64_t version = 0;  // of the record; not stored in it
};

// AuthenticatorRefused: not https, no way by which it would know us, a time or key out of bounds, PEM that is none.
Result<Unit> check_verifier(const OutsideVerifier& verifier);

// NotFound; SealBroken.
runtime::Task<Result<OutsideVerifier>> read_verifier(broker::Context* context, std::string tenant);
// AuthenticatorRefused. Counts from the next call on.
runtime::Task<Result<Unit>> write_verifier(broker::Context* context, std::string tenant, OutsideVerifier verifier);
runtime::Task<Result<Unit>> remove_verifier(broker::Context* context, std::string tenant);

// What is asked, and how the answer is read. Pure.
struct VerifierQuestion {
  std::string tenant;
  std::string user;
  std::string client_id;
  std::string nonce;
  std::int64_t time = 0;
};
// Holds the code: to be wiped.
std::string verifier_body(const VerifierQuestion& question, std::string_view code);
std::string verifier_mac(const SecretBytes& key, std::string_view direction, std::string_view nonce,
                         std::string_view body);
// True: accepted. Refused: anything that is not clearly one of the two answers, or not its own.
Result<bool> read_verdict(const SecretBytes& mac_key, std::string_view nonce, std::string_view mac,
                          std::string_view body);

// Asks. Overload for whatever the verifier does not do, its own reason in the log.
runtime::Task<Result<bool>> ask_verifier(broker::Context* context, VerifierQuestion question, SecretBytes code);

}  // namespace claviger::identity
