#include "broker/seal_keys/aef_security_endpoint.h"

#include "broker/identity/bearer.h"
#include "broker/seal_keys/aef_message.h"
#include "broker/seal_keys/caller.h"
#include "broker/seal_keys/capif_link.h"
#include "broker/seal_keys/capif_messages.h"
#include "broker/seal_keys/capif_token.h"
#include "broker/seal_keys/invoker.h"
#include "broker/seal_keys/invoker_lookup.h"
#include "broker/seal_keys/room_routes.h"
#include "broker/seal_keys/seal_problem.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/offload.h"

namespace claviger::seal_keys {
namespace {

using broker::Context;
using identity::Contexts;
using runtime::Task;

constexpr std::string_view kCheck = "/idms/v1/{tenant}/aef-security/v1/check-authentication";
constexpr std::string_view kRevoke = "/idms/v1/{tenant}/aef-security/v1/revoke-authorization";

constexpr std::string_view kNotifications = "/idms/v1/{tenant}/capif-notifications/v1";
// An event about our policy may have all of it with it.
constexpr std::size_t kEventBodyBytesMax = kPolicyBytesMax;
static_assert(kNotifications.ends_with(kNotificationsPath));

// Who sends the request; the core function's name is the empty one.
struct Sender {
  std::string invoker;
  std::optional<std::int64_t> issued_at;  // of its token
  bool has_token = false;
};

Result<Sender> sender_of(Context& context, const CapifView& view, const http::Request& request) {
  const std::int64_t now = numeric_date(context.shard.wall());
  if (is_certificate_of_core(*request.peer, view.core, now)) return Sender{};
  CLAVIGER_TRY(token, identity::read_bearer(request));
  CLAVIGER_TRY(
      read, read_capif_token(context.tokens->verifier(), view, context.snapshot->settings->public_origin, token, now));
  if (read.confirmation &&
      (read.confirmation->key || read.confirmation->certificate != request.peer->certificate_digest)) {
    return Error{Code::TokenBinding, "capif.cnf"};
  }
  // Whoever shows a certificate is that one, whatever the token says.
  const std::string_view name = read.invoker.empty() ? std::string_view(view.core.core_name) : read.invoker;
  if (request.peer->is_certificate_trusted && !name.empty() && !is_certificate_of(*request.peer, name)) {
    return Error{Code::InvokerDiffers, "capif.certificate"};
  }
  return Sender{std::move(read.invoker), read.issued_at, true};
}

// The core function's own request: what it is known by. NotFound: there is none; CapifScope, or as sender_of(): another
// sends it. Who asks is checked before what he says: a stranger learns nothing of the body's grammar.
Result<CapifRef> core_sending(Context& context, const Capif& capif, const std::string& tenant,
                              const http::Request& request) {
  CapifRef view = capif.view(tenant);
  if (context.snapshot->find(tenant) == nullptr || view == nullptr) return Error{Code::NotFound, "capif"};
  CLAVIGER_TRY(sender, sender_of(context, *view, request));
  if (!sender.invoker.empty()) return Error{Code::CapifScope, "capif.not_the_core"};
  return view;
}

http::Response features() { return http::Response(200, kJson, std::string(R"({"supportedFeatures":"0"})")); }

// A reader of its own: these requests are rare and small.
codec::JsonReader body_reader() {
  return codec::JsonReader(codec::JsonLimits{.bytes_max = kAefBodyBytesMax, .depth_max = 6});
}
// In the pool: a megabyte of JSON is milliseconds.
Result<EventNotification> read_event(const std::string& text) {
  codec::JsonReader reader(
      codec::JsonLimits{.bytes_max = kEventBodyBytesMax, .depth_max = 10, .values_max = 16 * kInvokersKnownMax});
  return read_event_notification(reader, text);
}

Task<http::Response> check(Room room, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*room.contexts);
  const CapifRef view = room.capif->view(path[0]);
  if (context->snapshot->find(path[0]) == nullptr || view == nullptr) co_return refusal(Error{Code::NotFound, "capif"});
  if (const auto headers = check_json_body(request); !headers) co_return refusal(headers.error());
  codec::JsonReader reader = body_reader();
  const auto parsed = parse_check_authentication(reader, request.body.text());
  if (!parsed.body) co_return fault_refusal(parsed.fault);
  const std::string invoker = parsed.body->invoker;
  // A certificate says nothing of when it was shown to the core function: revoked is revoked.
  std::optional<std::int64_t> issued_at;
  if (is_certificate_of(*request.peer, invoker)) {
    // Whatever else the listener trusts may issue a certificate of any name.
    const bool is_its = co_await is_of_invokers_authority(context, request.peer->certificate_der, view);
    if (!is_its) co_return caller_refusal(path[0], Error{Code::InvokerDiffers, "capif.authority"});
  } else {
    const auto sender = sender_of(*context, *view, request);
    if (!sender) co_return caller_refusal(path[0], sender.error());
    if (sender->invoker != invoker) co_return refusal(Error{Code::ServiceKeyDenied, "capif.invoker"});
    issued_at = sender->issued_at;
  }
  auto known = co_await find_invoker(context, path[0], invoker);
  if (!known) co_return refusal(known.error());
  if (is_revoked(*known, issued_at)) co_return caller_refusal(path[0], Error{Code::InvokerRevoked, "capif.revoked"});
  co_return features();
}

Task<http::Response> revoke(Room room, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*room.contexts);
  const auto core = core_sending(*context, *room.capif, path[0], request);
  if (!core) co_return caller_refusal(path[0], core.error());
  const CapifRef view = *core;
  if (const auto headers = check_json_body(request); !headers) co_return refusal(headers.error());
  codec::JsonReader reader = body_reader();
  auto parsed = parse_revoke_authorization(reader, request.body.text());
  if (!parsed.body) co_return fault_refusal(parsed.fault);
  RevokeAuthorization wanted = *std::move(parsed.body);
  if (!wanted.aef_id.empty() && !view->core.is_our_aef(wanted.aef_id)) co_return features();
  if (!view->core.may_be_our_api(wanted.api_ids)) co_return features();
  auto revoked = co_await revoke_invoker(context, path[0], wanted.invoker, std::move(wanted.cause));
  if (!revoked) co_return refusal(revoked.error());
  context->shard.logger().info("capif.revoked", {{"tenant", path[0]}, {"invoker", wanted.invoker}});
  co_return features();
}

Task<http::Response> notify(Room room, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*room.contexts);
  const auto core = core_sending(*context, *room.capif, path[0], request);
  if (!core) co_return caller_refusal(path[0], core.error());
  // No answer of ours has a body, whatever is accepted.
  if (const auto headers = check_json_type(request); !headers) co_return refusal(headers.error());
  auto work = [text = std::string(request.body.text())] { return read_event(text); };
  auto read = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!read) co_return refusal(read.error());
  const Result<EventNotification> event = *std::move(read);
  if (event.failed_with(Code::JsonMissing) || event.failed_with(Code::JsonType)) {
    co_return refusal(Error{Code::BadValue, "capif.event"});
  }
  if (!event) co_return fault_refusal({"body", "is not JSON"});
  if (event->is_about_policy) room.capif->refresh_policy(path[0]);
  co_return http::Response(204);
}

}  // namespace

void add_aef_security_routes(http::Router& router, Contexts& contexts, Capif* capif) {
  add_route(router, {&contexts, capif}, http::Method::Post, kCheck, kAefBodyBytesMax, check);
  add_route(router, {&contexts, capif}, http::Method::Post, kRevoke, kAefBodyBytesMax, revoke);
  add_route(router, {&contexts, capif}, http::Method::Post, kNotifications, kEventBodyBytesMax, notify);
}

}  // namespace claviger::seal_keys
