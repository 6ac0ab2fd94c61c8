#include "broker/seal_keys/key_records_endpoint.h"

#include "broker/seal_keys/caller.h"
#include "broker/seal_keys/key_info.h"
#include "broker/seal_keys/key_query.h"
#include "broker/seal_keys/seal_problem.h"
#include "broker/seal_keys/service_key_procedures.h"

namespace claviger::seal_keys {
namespace {

using broker::Context;
using identity::Contexts;
using runtime::Task;

constexpr std::string_view kPattern = "/idms/v1/{tenant}/ss-kir/v1/key-records";

// A reader of its own: JSON in a query is rare and small.
KeyQueryOrFault read_query(std::string_view query) {
  codec::JsonReader reader(codec::JsonLimits{.bytes_max = kQueryBytesMax, .depth_max = 4, .values_max = 64});
  return parse_key_query(reader, query);
}

Task<http::Response> answer(Context* context, const http::Request* request, std::string tenant, Caller caller) {
  if (!accepts_json(*request)) co_return refusal(Error{Code::AcceptExcludes, "accept"});
  KeyQueryOrFault read = read_query(request->query);
  if (!read.query) co_return fault_refusal(read.fault);
  const auto allowed = check_may_read(caller, read.query->service, read.query->target);
  if (!allowed) {
    context->shard.logger().warning("seal_key.denied",
                                    {{"tenant", tenant}, {"caller", caller.id}, {"service", read.query->service}});
    co_return refusal(allowed.error());
  }
  co_return co_await answer_with_key(context, std::move(tenant), std::move(read.query->service),
                                     std::move(read.query->target), std::move(caller.user_uri));
}

struct Room {
  Contexts* contexts;
  Capif* capif;
};

Task<http::Response> retrieve(Room room, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*room.contexts);
  const http::Request* asked = &request;
  auto caller = co_await authenticate(context, room.capif, path[0], asked);
  if (!caller) co_return caller_refusal(path[0], caller.error());
  std::string invoker = caller->is_invoker ? caller->id : std::string();
  http::Response response = co_await answer(context, asked, path[0], *std::move(caller));
  if (!invoker.empty()) {
    Invocation call;
    call.invoker = std::move(invoker);
    call.status = response.status;
    call.at = numeric_date(context->shard.wall());
    room.capif->log(path[0], std::move(call));
  }
  co_return response;
}

// Both keys, or only the current one.
Result<KeyInfo> open_both(Context& context, const KeyName& name, const ServiceKeys& keys) {
  const std::int64_t now = numeric_date(context.shard.wall());
  KeyInfo info;
  info.current.generation = keys.current_at(now);
  if (info.current.generation == nullptr) return Error{Code::ServiceKeyUnknown, "service_key"};
  CLAVIGER_TRY(current, open_key(context, name, *info.current.generation));
  info.current.key = std::move(current);
  info.next.generation = keys.next_at(now);
  if (info.next.generation == nullptr) return info;
  CLAVIGER_TRY(next, open_key(context, name, *info.next.generation));
  info.next.key = std::move(next);
  return info;
}

}  // namespace

Task<http::Response> answer_with_key(Context* context, std::string tenant, std::string service, Target target,
                                     std::string caller_uri) {
  KeyName name{std::move(tenant), std::move(service), std::move(target)};
  auto keys = co_await find_service_keys(context, name);
  if (!keys) co_return refusal(keys.error());
  auto info = open_both(*context, name, *keys);
  if (!info) co_return refusal(info.error());
  const broker::TenantView* view = context->snapshot->find(name.tenant);
  if (view == nullptr) co_return refusal(Error{Code::NotFound, "seal_keys.tenant"});
  const bool is_user = name.target.kind == TargetKind::User;
  const std::string uri = name.target.kind == TargetKind::Service
                              ? std::move(caller_uri)
                              : uri_of(view->tenant.issuer, is_user ? "val-users" : "val-ues", name.target.id);
  info->user_uri = uri;
  info->skms_id = view->tenant.issuer;
  info->service = name.service;
  info->target = &name.target;
  co_return http::Response(200, kJson, write_key_info(*info));
}

void add_key_record_routes(http::Router& router, Contexts& contexts, Capif* capif) {
  http::Route route;
  route.method = http::Method::Get;
  route.pattern = kPattern;
  route.body_bytes_max = 0;
  route.handler = [room = Room{&contexts, capif}](http::Request request, http::PathValues path) {
    return retrieve(room, std::move(request), std::move(path));
  };
  router.add(std::move(route));
}

}  // namespace claviger::seal_keys
