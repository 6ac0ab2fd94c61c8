#include "broker/seal_keys/held_elsewhere.h"

#include <algorithm>

#include "broker/exchange/peer_caller.h"
#include "broker/exchange/peer_procedures.h"
#include "broker/seal_keys/held_answer.h"
#include "broker/seal_keys/key_query.h"
#include "broker/seal_keys/key_records_endpoint.h"
#include "broker/seal_keys/room_routes.h"
#include "broker/seal_keys/seal_problem.h"
#include "core/codec/percent.h"

namespace claviger::seal_keys {
namespace {

using broker::Context;
using runtime::Task;

constexpr std::string_view kRecords = "/key-records";

bool has(const std::vector<std::string>& services, const std::string& service) {
  return std::ranges::find(services, service) != services.end();
}

std::string path_of(const KeyName& name) {
  std::string path = std::string(kRecords) + "?";
  codec::FormWriter query(path);
  query.add("val-service-id", name.service);
  if (name.target.kind == TargetKind::User) query.add("valUserId", name.target.id);
  if (name.target.kind == TargetKind::Ue) query.add("valUeId", name.target.id);
  return path;
}

Task<http::Response> serve(Room room, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*room.contexts);
  const http::Request* asked = &request;
  auto peer = co_await exchange::authenticate_peer(context, path[0], asked);
  if (peer.failed_with(Code::KmsPeerUnknown)) co_return refusal(Error{Code::ServiceKeyDenied, "held.peer"});
  if (!peer) co_return refusal(peer.error());
  if (!accepts_json(request)) co_return refusal(Error{Code::AcceptExcludes, "accept"});
  KeyQueryOrFault read = read_key_query(request.query);
  if (!read.query) co_return fault_refusal(read.fault);
  context->shard.logger().info("seal_key.peer",
                               {{"tenant", path[0]}, {"peer", peer->kms_uri}, {"service", read.query->service}});
  if (!has(peer->shared, read.query->service)) co_return refusal(Error{Code::ServiceKeyDenied, "held.service"});
  KeyName name{path[0], std::move(read.query->service), std::move(read.query->target)};
  // Of a service's key the one it is about is whoever asked there.
  auto body = co_await local_key_info(context, std::move(name), std::move(peer->kms_uri));
  if (!body) co_return refusal(body.error());
  http::Response response(200, kJson, *std::move(body));
  response.is_secret = true;
  co_return response;
}

}  // namespace

Task<Result<std::string>> fetch_from_holder(Context* context, exchange::PeerLinks* links, KeyName name,
                                            std::string user_uri) {
  CLAVIGER_CO_TRY(peers, co_await exchange::list_peers(context, name.tenant));
  const auto holder =
      std::ranges::find_if(peers, [&](const exchange::Peer& peer) { return has(peer.held, name.service); });
  if (holder == peers.end()) co_return Error{Code::ServiceKeyUnknown, "service_key"};
  exchange::Peer asked = *holder;
  std::string path = path_of(name);
  auto answer = co_await links->ask(name.tenant, std::move(asked), std::move(path));
  const std::int64_t status = answer ? answer->status : 0;
  context->shard.logger().info("seal_key.held_elsewhere",
                               {{"tenant", name.tenant}, {"service", name.service}, {"status", status}});
  if (status == 404) co_return Error{Code::ServiceKeyUnknown, "held.holder"};
  if (status != 200) co_return Error{Code::Overload, "held.holder"};
  auto text = rewrite_held_answer(answer->body, name, user_uri);
  wipe(std::as_writable_bytes(std::span(answer->body)));
  if (!text) co_return Error{Code::Overload, "held.answer"};
  co_return *std::move(text);
}

void add_peer_record_routes(http::Router& router, identity::Contexts& contexts) {
  const std::string pattern = std::string(exchange::kExchangePath) + std::string(kRecords);
  add_route(router, {&contexts, nullptr}, http::Method::Get, pattern, 0, serve);
}

}  // namespace claviger::seal_keys
