// An authorization request that its client pushed to us before the browser came (RFC 9126).
//
// Record of tables::kPushedRequests, key tenant + hexadecimal SHA-256 of the request_uri, which itself is not kept: only
// who was given it can use it. Expires by itself after kPushedRequestLife; taken once, by whichever shard: two that try at
// once meet in the store.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
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

struct PushedRequest {
  std::string client_id;   // authenticated
  std::string parameters;  // as a form, without the client's credentials
};

std::string encode_pushed_request(const PushedRequest& request);
Result<PushedRequest> decode_pushed_request(const storage::Value& value);

// Its request_uri, when it is durable. TooLarge; what the store says.
runtime::Task<Result<std::string>> push_request(broker::Context* context, std::string tenant, PushedRequest request);
// PushedRequestInvalid: unknown, expired, used, of another client (whose it stays).
runtime::Task<Result<PushedRequest>> take_pushed_request(broker::Context* context, std::string tenant,
                                                         std::string request_uri, std::string client_id);

}  // namespace claviger::identity
