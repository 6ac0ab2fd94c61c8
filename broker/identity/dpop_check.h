// The DPoP header of a request to one of our endpoints, checked whole (RFC 9449 clauses 4.3, 5, 7, 8): proof, nonce,
// replay. And what we say about it: DPoP-Nonce, challenges.
//
// DpopShard is part of IdentityShard, its shard's alone. check_dpop() runs on the asking shard and asks the proof's home,
// home_of("dpop/" tenant "/" id), whether it was used.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/dpop_replays.h"
#include "broker/identity/pushed_counts.h"
#include "core/base/result.h"
#include "core/codec/json_reader.h"
#include "core/crypto/hmac.h"
#include "core/crypto/verify_key.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

struct DpopShard {
  explicit DpopShard(broker::Context& context);
  codec::JsonReader reader;
  crypto::VerifyContext verify_context;
  crypto::HmacSha256 mac;  // of nonces and of replay ids; one for the installation
  std::int64_t started_at;
  DpopReplays replays;
  // Pushed requests that were taken (pushed_request.h), at their home: they live as long as a proof does.
  DpopReplays taken_pushes;
  PushedCounts pushes;  // that clients have lying in the store
};

struct DpopRequest {
  std::string tenant;
  std::string url;           // of the endpoint, as metadata names it
  std::string access_token;  // shown with the proof; empty at the token endpoint
};

// The thumbprint of the proven key, 32 bytes; empty when there is no DPoP header. `request` must live until the Task
// ends. DpopInvalid, DpopNonce, DpopReplayed; Overload.
runtime::Task<Result<std::string>> check_dpop(broker::Context* context, const http::Request* request,
                                              DpopRequest wanted);

// Where a request comes from, as DpopReplays counts.
DpopReplays::Source replay_source(const broker::Context& context, const http::Request& request);

// A fresh nonce for whoever uses DPoP (clause 8.2), in good answers and bad ones.
void offer_dpop_nonce(broker::Context& context, std::string_view tenant, const http::Request& request,
                      http::Response& response);

// A resource's answer to what is wrong with token or proof (clause 7.1): 401, WWW-Authenticate: DPoP.
http::Response dpop_challenge_response(std::string_view tenant, const Error& error);

// A thumbprint as `dpop_jkt` has it (clause 10), in bytes. ParameterMalformed.
Result<std::string> read_dpop_jkt(std::string_view text);

}  // namespace claviger::identity
