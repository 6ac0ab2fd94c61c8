#include "broker/seal_keys/km_endpoint.h"

#include "broker/identity/secret_body.h"
#include "broker/seal_keys/caller.h"
#include "broker/seal_keys/key_records_endpoint.h"
#include "broker/seal_keys/km_message.h"
#include "broker/seal_keys/room_routes.h"
#include "broker/seal_keys/seal_problem.h"

namespace claviger::seal_keys {
namespace {

using broker::Context;
using identity::Contexts;
using runtime::Task;

constexpr std::string_view kRequests = "/idms/v1/{tenant}/seal-km/v1/key-requests";
constexpr std::string_view kProvisionings = "/idms/v1/{tenant}/seal-km/v1/provisionings";
constexpr codec::JsonLimits kLimits{.bytes_max = kKmBodyBytesMax, .depth_max = 6};

// A VAL user asks as himself. A VAL server asks for its users: whom the key is for is valTgtUe's to say.
Result<Unit> check_user_uri(const Caller& caller, const std::string& user_uri) {
  if (user_uri.empty() || !caller.is_user) return Unit{};
  if (user_uri != caller.user_uri && user_uri != caller.val_user_id) {
    return Error{Code::ServiceKeyDenied, "seal_km.user_uri"};
  }
  return Unit{};
}

Task<http::Response> request_key(Room room, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*room.contexts);
  const http::Request* asked = &request;
  auto caller = co_await authenticate(context, room.capif, path[0], asked);
  if (!caller) co_return caller_refusal(path[0], caller.error());
  // What the core function opened is SS_KeyInfoRetrieval.
  if (caller->is_invoker) co_return refusal(Error{Code::CapifScope, "seal_km.invoker"});
  if (const auto headers = check_json_body(request); !headers) co_return refusal(headers.error());
  codec::JsonReader reader(kLimits);
  auto parsed = parse_km_request(reader, request.body.text());
  if (!parsed.body) co_return fault_refusal(parsed.fault);
  KmRequest wanted = *std::move(parsed.body);
  if (const auto own = check_user_uri(*caller, wanted.user_uri); !own) co_return refusal(own.error());
  const auto allowed = check_may_read(*caller, wanted.service, wanted.target);
  if (!allowed) co_return refusal(allowed.error());
  KeyName name{path[0], std::move(wanted.service), std::move(wanted.target)};
  co_return co_await answer_with_key(context, room.links, std::move(name), std::move(caller->user_uri));
}

Task<http::Response> provision(Room room, http::Request request, http::PathValues path) {
  const identity::SecretBody wiped(request.body);
  Context* context = &identity::here(*room.contexts);
  const http::Request* asked = &request;
  auto caller = co_await authenticate(context, room.capif, path[0], asked);
  if (!caller) co_return caller_refusal(path[0], caller.error());
  // Row 35: whatever the request says.
  if (!caller->has_provisioning_claim) co_return refusal(Error{Code::SKeyProvMissing, "seal_kp.skeyprov"});
  if (const auto headers = check_json_body(request); !headers) co_return refusal(headers.error());
  codec::JsonReader reader(kLimits);
  auto parsed = parse_kp_request(reader, request.body.text());
  reader.wipe();
  if (!parsed.body) co_return fault_refusal(parsed.fault);
  KpRequest brought = *std::move(parsed.body);
  const auto allowed = check_may_provision(*caller, brought.service);
  if (!allowed) co_return refusal(allowed.error());
  brought.key.client_id = caller->id;
  KeyName name{path[0], std::move(brought.service), std::move(brought.target)};
  auto changed = co_await provision_service_key(context, std::move(name), std::move(brought.key));
  if (!changed) co_return refusal(changed.error());
  const Generation& made = changed->generations.back();
  context->shard.logger().info(
      "seal_key.provisioned",
      {{"tenant", path[0]}, {"client", caller->id}, {"service", changed->service}, {"kid", made.kid}});
  http::Response response(201, kJson, write_kp_response(*changed, made));
  response.is_secret = true;
  co_return response;
}

}  // namespace

void add_km_routes(http::Router& router, Contexts& contexts, Capif* capif, exchange::PeerLinks* links) {
  add_route(router, {&contexts, capif, links}, http::Method::Post, kRequests, kKmBodyBytesMax, request_key);
  add_route(router, {&contexts, capif, links}, http::Method::Post, kProvisionings, kKmBodyBytesMax, provision);
}

}  // namespace claviger::seal_keys
