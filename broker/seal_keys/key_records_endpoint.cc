#include "broker/seal_keys/key_records_endpoint.h"

#include "broker/seal_keys/caller.h"
#include "broker/seal_keys/held_elsewhere.h"
#include "broker/seal_keys/key_info.h"
#include "broker/seal_keys/key_query.h"
#include "broker/seal_keys/room_routes.h"
#include "broker/seal_keys/seal_problem.h"
#include "broker/seal_keys/service_key_procedures.h"

namespace claviger::seal_keys {
namespace {

using broker::Context;
using identity::Contexts;
using runtime::Task;

constexpr std::string_view kPattern = "/idms/v1/{tenant}/ss-kir/v1/key-records";

Task<http::Response> answer(Room room, const http::Request* request, std::string tenant, Caller caller) {
  Context* context = &identity::here(*room.contexts);
  if (!accepts_json(*request)) co_return refusal(Error{Code::AcceptExcludes, "accept"});
  KeyQueryOrFault read = read_key_query(request->query);
  if (!read.query) co_return fault_refusal(read.fault);
  const auto allowed = check_may_read(caller, read.query->service, read.query->target);
  if (!allowed) {
    context->shard.logger().warning("seal_key.denied",
                                    {{"tenant", tenant}, {"caller", caller.id}, {"service", read.query->service}});
    co_return refusal(allowed.error());
  }
  KeyName name{std::move(tenant), std::move(read.query->service), std::move(read.query->target)};
  co_return co_await answer_with_key(context, room.links, std::move(name), std::move(caller.user_uri));
}

Task<http::Response> retrieve(Room room, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*room.contexts);
  const http::Request* asked = &request;
  auto caller = co_await authenticate(context, room.capif, path[0], asked);
  if (!caller) co_return caller_refusal(path[0], caller.error());
  std::string invoker = caller->is_invoker ? caller->id : std::string();
  Result<Admission> admission = Admission::Admitted;
  if (!invoker.empty()) admission = co_await room.capif->admit(path[0], invoker);
  http::Response response;
  if (!admission) {
    response = refusal(admission.error());
  } else if (*admission != Admission::Admitted) {
    response = policy_refusal(*admission);
  } else {
    response = co_await answer(room, asked, path[0], *std::move(caller));
  }
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

// userUri of the answer: of whom the key is, or for a service's own the asker.
Result<std::string> uri_about(const Context& context, const KeyName& name, const std::string& caller_uri) {
  const broker::TenantView* view = context.snapshot->find(name.tenant);
  if (view == nullptr) return Error{Code::NotFound, "seal_keys.tenant"};
  if (name.target.kind == TargetKind::Service) return caller_uri;
  return uri_of(view->tenant.issuer, name.target.kind == TargetKind::User ? "val-users" : "val-ues", name.target.id);
}

}  // namespace

// A reader of its own: JSON in a query is rare and small.
KeyQueryOrFault read_key_query(std::string_view query) {
  codec::JsonReader reader(codec::JsonLimits{.bytes_max = kQueryBytesMax, .depth_max = 4, .values_max = 64});
  return parse_key_query(reader, query);
}

Task<Result<std::string>> local_key_info(Context* context, KeyName name, std::string caller_uri) {
  auto keys = co_await find_service_keys(context, name);
  if (!keys) co_return keys.error();
  auto info = open_both(*context, name, *keys);
  if (!info) co_return info.error();
  CLAVIGER_CO_TRY(uri, uri_about(*context, name, caller_uri));
  info->user_uri = uri;
  info->skms_id = context->snapshot->find(name.tenant)->tenant.issuer;
  info->service = name.service;
  info->target = &name.target;
  co_return write_key_info(*info);
}

Task<http::Response> answer_with_key(Context* context, exchange::PeerLinks* links, KeyName name,
                                     std::string caller_uri) {
  auto body = co_await local_key_info(context, name, caller_uri);
  if (body.failed_with(Code::ServiceKeyUnknown) && links != nullptr) {
    auto uri = uri_about(*context, name, caller_uri);
    if (!uri) co_return refusal(uri.error());
    body = co_await fetch_from_holder(context, links, std::move(name), *std::move(uri));
  }
  if (!body) co_return refusal(body.error());
  http::Response response(200, kJson, *std::move(body));
  response.is_secret = true;
  co_return response;
}

void add_key_record_routes(http::Router& router, Contexts& contexts, Capif* capif, exchange::PeerLinks* links) {
  add_route(router, {&contexts, capif, links}, http::Method::Get, kPattern, 0, retrieve);
}

}  // namespace claviger::seal_keys
