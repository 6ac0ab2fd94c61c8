// An authorization request that its client pushed to us before the browser came (RFC 9126).
//
// Of a client that has authenticated itself: record of tables::kPushedRequests, key tenant + hexadecimal SHA-256 of the
// request_uri, which itself is not kept: only who was given it can use it. Expires by itself after kPushedRequestLife; taken
// once, by whichever shard: two that try at once meet in the store.
//
// Of a public client, as which anybody may push: the request itself, sealed (sealed_text.h, for the purpose "pushed"), is
// the request_uri, and nothing is written for it.
//   plaintext = expiry id client_id NUL parameters      ; 8OCTET, 16
// Taken once: its home, home_of("pushed/" tenant "/" id), remembers in memory which were (DpopShard::taken_pushes). A restart
// forgets that, and there is one sign-in all the same: the id is its interaction's, and that is used up in the transaction
// that makes the code (interaction.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/dpop_replays.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/value.h"

namespace claviger::identity {

inline constexpr std::string_view kRequestUriPrefix = "urn:ietf:params:oauth:request_uri:";
// From the client's server through the user's browser to us.
inline constexpr Seconds kPushedRequestLife{90};
// Redirect URI 4 KiB, state 2 KiB, scopes 4 KiB, escaped: what the query of a GET could not carry.
inline constexpr std::size_t kPushedRequestBytesMax = 16 * 1024;
// Sealed it must fit into the target of a GET (core/http/limits.h, kTargetBytesMax).
inline constexpr std::size_t kSealedPushBytesMax = 4 * 1024;

struct PushedRequest {
  std::string client_id;   // authenticated
  std::string parameters;  // as a form, without the client's credentials
  // Of one that was sealed: what its interaction must be called, and when it was pushed.
  using Id = std::array<std::byte, 16>;
  std::optional<Id> id = {};
  std::int64_t pushed_at = 0;
};

std::string encode_pushed_request(const PushedRequest& request);
Result<PushedRequest> decode_pushed_request(const storage::Value& value);

// Its request_uri, when it is durable. TooLarge; Overload: the client has too many (pushed_counts.h); what the store says.
runtime::Task<Result<std::string>> push_request(broker::Context* context, std::string tenant, PushedRequest request);
// The same for a public client. TooLarge, CryptoFailure.
Result<std::string> seal_pushed_request(const broker::Context& context, std::string_view tenant,
                                        const PushedRequest& request);
// PushedRequestInvalid: unknown, expired, used, of another client (whose it stays). Overload: too many for `source`.
runtime::Task<Result<PushedRequest>> take_pushed_request(broker::Context* context, std::string tenant,
                                                         std::string request_uri, std::string client_id,
                                                         DpopReplays::Source source);

}  // namespace claviger::identity
