// A grant of the token endpoint that a room above this one serves (RFC 6749 clause 4.5): its URN, who may use it, what
// it does. The endpoint has read the form and authenticated the client before it asks.
//
// Made once with the routes and shared by all shards; run() is called on the request's shard.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/client_authentication.h"
#include "core/codec/form.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// Lives in the endpoint's frame until run() has ended.
struct ExtensionCall {
  broker::Context* context;
  std::string tenant;
  ClientRef client;
  const http::Request* request;
  const codec::Form* form;
  std::string certificate_digest;  // tokens are bound to it; empty: bearer
  std::string dpop_key;            // thumbprint of the key that a proof showed; empty: none
};

struct ExtensionGrant {
  std::string_view type;  // a literal
  bool (*may_use)(const Client& client);
  std::function<runtime::Task<Result<http::Response>>(const ExtensionCall* call)> run;
};
using ExtensionGrants = std::vector<ExtensionGrant>;

}  // namespace claviger::identity
