#include "broker/administration/acm_endpoint.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "broker/identity/bearer.h"
#include "broker/identity/token_holder.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/form.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"
#include "core/crypto/digest.h"
#include "core/http/accept.h"
#include "core/http/problem.h"
#include "core/runtime/one_shot.h"

namespace claviger::administration {
namespace {

using broker::Context;
using http::Field;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

constexpr std::string_view kJson = "application/json";
constexpr std::size_t kKeyBytesMin = 8, kKeyBytesMax = 128;
constexpr std::string_view kWhere = "acm.";  // in front of an element's name in Error::where

struct Row {
  Code code;
  std::uint16_t status;
  std::string_view detail;
};
constexpr Row kRows[] = {
    {Code::IdempotencyKeyMissing, 400, "An Idempotency-Key of 8 to 128 letters, digits, '-' and '_' is needed."},
    {Code::JsonSyntax, 400, "The body is not JSON."},
    {Code::JsonType, 400, "A member has the wrong type."},
    {Code::JsonMissing, 400, "A member is missing."},
    {Code::JsonDuplicate, 400, "A member comes twice."},
    {Code::Utf8Invalid, 400, "The body is not UTF-8."},
    {Code::Empty, 400, "The request has no body."},
    {Code::TooDeep, 400, "The body is not a request."},
    {Code::BadValue, 422, "An identity, a time or a list is not right, or somebody is not a user of ours."},
    {Code::AcmNotAuthorised, 403, "This may not be asked for, or not by this asker."},
    {Code::NotFound, 404, "There is no such tenant."},
    {Code::AcmPartnerUnknown, 404, "There is no agreement with this system."},
    {Code::SetupUnknown, 404, "There is no such request."},
    {Code::SetupDecided, 409, "It was decided before."},
    {Code::IdempotencyKeyReused, 409, "The key was used with another body."},
    {Code::TooLarge, 413, "The request is too large."},
    {Code::TooMany, 413, "The request is too large."},
    {Code::SetupListTooLong, 413, "More than 10000 users, or 16 systems, are several requests."},
    {Code::MediaType, 415, "The content type is application/json."},
    {Code::AcmQuota, 429, "The system has as many users here as the agreement allows."},
    {Code::Overload, 503, "Try again later."},
    {Code::DeadlinePassed, 503, "Try again later."},
    {Code::Conflict, 503, "Try again later."},
    {Code::NoSpace, 503, "Try again later."},
    {Code::Io, 503, "Try again later."},
    {Code::Closed, 503, "Try again later."},
};

// With the element of the request that it is about, as the request calls it: never what stood there.
http::Response member_problem(std::uint16_t status, std::string_view detail, std::string_view member) {
  std::string text;
  Json json(text);
  json.begin_object().member("type", "about:blank").member("title", http::reason_of(status)).member("status", status);
  json.member("detail", detail).member("member", member).end_object();
  return http::Response(status, "application/problem+json", std::move(text));
}

http::Response refuse(Context& context, std::string_view tenant, const Error& error) {
  const auto* row = std::ranges::find(kRows, error.code, &Row::code);
  const std::string_view code = claviger::name_of(error.code);
  if (row == std::end(kRows) && (code.starts_with("Token") || code.starts_with("Bearer"))) {
    return identity::bearer_error_response(tenant, error, error.code == Code::BearerScope ? kAcmScope : "");
  }
  const std::uint16_t status = row == std::end(kRows) ? std::uint16_t{500} : row->status;
  if (status == 403 || status == 500) {
    context.shard.logger().warning("acm.refused", {{"tenant", tenant}, {"code", code}, {"where", error.where}});
  }
  const std::string_view detail = row == std::end(kRows) ? std::string_view() : row->detail;
  const bool names_member = error.code == Code::BadValue && error.where.starts_with(kWhere);
  http::Response response =
      names_member ? member_problem(status, detail, error.where.substr(kWhere.size())) : http::problem(status, detail);
  if (status == 503 || status == 429) response.with("retry-after", "1");
  return response;
}

// Who is at the other end.
struct Caller {
  std::vector<std::string> identities;  // of a token
  std::string who;
  std::optional<AcmPartner> partner;  // of a certificate
};

// Step 1: an authorised user's token.
Result<Caller> read_token(Context& context, const std::string& tenant, const http::Request& request) {
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) return Error{Code::NotFound, "acm.tenant"};
  CLAVIGER_TRY(token, identity::read_bearer(request));
  CLAVIGER_TRY(claims, context.tokens->verify_own(*view, token));
  if (!identity::is_holder(*claims, request)) return Error{Code::TokenBinding, "acm.cnf"};
  if (!claims->has_scope(kAcmScope)) return Error{Code::BearerScope, "acm.scope"};
  // A tenant that has not mapped the scope to a server of its own has said nothing of an audience.
  const auto& mapped = view->tenant.scope_audiences;
  const auto audience = mapped.find(kAcmScope);
  if (audience != mapped.end() && !claims->audiences.contains(audience->second)) {
    return Error{Code::TokenAudience, "acm.aud"};
  }
  Caller caller;
  for (const std::string_view id : claims->mc_ids) {
    if (!id.empty()) caller.identities.push_back(one_writing(id));
  }
  const bool is_service = claims->sid.empty() && claims->subject == claims->client_id;
  if (is_service) caller.identities.emplace_back(claims->client_id);
  if (caller.identities.empty()) return Error{Code::TokenIdentity, "acm.identity"};
  caller.who = caller.identities.front();
  return caller;
}

Task<Result<Caller>> authenticate(Acm* acm, Context* context, std::string tenant, const http::Request* request) {
  if (request->has(Field::Authorization)) co_return read_token(*context, tenant, *request);
  if (context->snapshot->find(tenant) == nullptr) co_return Error{Code::NotFound, "acm.tenant"};
  if (request->peer == nullptr || !request->peer->certificate_digest)
    co_return Error{Code::BearerMissing, "acm.caller"};
  std::string digest;
  codec::hex_encode(*request->peer->certificate_digest, digest);
  auto partners = co_await acm->list_partners(tenant);
  if (!partners) co_return partners.error();
  for (AcmPartner& each : *partners) {
    if (each.certificate_digest != digest) continue;
    Caller caller;
    caller.who = each.system;
    caller.partner = std::move(each);
    co_return caller;
  }
  co_return Error{Code::TokenBinding, "acm.certificate"};
}

// MC IDs in whatever writing; a service is called by its client_id to the letter.
bool is_used_by(const AcmClient& client, const Caller& caller) {
  const auto is_called = [&caller](const std::string& name) {
    return std::ranges::any_of(caller.identities,
                               [&](const std::string& id) { return id == name || id == one_writing(name); });
  };
  return is_called(client.id) || std::ranges::any_of(client.operators, is_called);
}

// The ACM client for which the token may speak: the one that is named, or the one that is the token's own.
Task<Result<AcmClient>> client_of(Acm* acm, std::string tenant, Caller caller, std::string wanted) {
  auto clients = co_await acm->list_clients(tenant);
  if (!clients) co_return clients.error();
  for (const AcmClient& each : *clients) {
    if (!wanted.empty() && one_writing(each.id) != one_writing(wanted)) continue;
    if (is_used_by(each, caller)) co_return each;
  }
  co_return Error{Code::AcmNotAuthorised, "acm.client"};
}

Result<std::string> idempotency_key(const http::Request& request) {
  std::string key;
  for (const http::Header& header : request.headers()) {
    if (header.name != "idempotency-key") continue;
    if (!key.empty()) return Error{Code::IdempotencyKeyMissing, "acm.key"};
    key = header.value;
  }
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
  const bool is_good =
      key.size() >= kKeyBytesMin && key.size() <= kKeyBytesMax &&
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string::npos;
  if (!is_good) return Error{Code::IdempotencyKeyMissing, "acm.key"};
  return key;
}

http::Response indication(const std::string& tenant, const std::string& id, std::string_view status) {
  const std::string href = "/acm/v1/" + tenant + "/user-setups/" + id;
  std::string text;
  Json json(text);
  json.begin_object().member("status", status).member("request_id", id).member("href", href).end_object();
  http::Response response(202, kJson, std::move(text));
  response.with("location", href);
  return response;
}

struct Room {
  Acm* acm;
  Contexts* contexts;
  const AcmAudit* audit;
  Context* here() const { return (*contexts)[runtime::Shard::current().index()].get(); }
};

// A change between its two lines of the audit log. In the frame of serve().
struct Deed {
  std::string_view verb;  // empty: nothing is changed
  std::string target;
  std::string detail;
  std::uint64_t begun = 0;  // number of the first line
};

// Before the first effect: what cannot be written down is not done.
Task<Result<Unit>> begin(Room room, Deed* deed) {
  AcmAuditLine line{std::string(deed->verb), deed->target, "begun", deed->detail, false};
  CLAVIGER_CO_TRY(number, co_await (*room.audit)(std::move(line)));
  deed->begun = number;
  co_return Unit{};
}

// Before the answer leaves. Who may not do what he asked for is written down too, a few times a second.
Task<Result<Unit>> end(Room room, Deed* deed, std::string outcome, bool is_refusal) {
  if (deed->verb.empty() || (deed->begun == 0 && !is_refusal)) co_return Unit{};
  AcmAuditLine line{std::string(deed->verb), deed->target, std::move(outcome), deed->detail, deed->begun == 0};
  if (deed->begun != 0) line.detail += " of=" + std::to_string(deed->begun);
  CLAVIGER_CO_TRY(number, co_await (*room.audit)(std::move(line)));
  co_return Unit{};
}

Task<Result<http::Response>> ask(Room room, const http::Request* request, std::string tenant, Deed* deed) {
  CLAVIGER_CO_TRY(caller, co_await authenticate(room.acm, room.here(), tenant, request));
  const std::string_view type = http::media_type_of(request->field(Field::ContentType));
  if (!http::is_same_type(type, kJson)) co_return Error{Code::MediaType, "content-type"};
  CLAVIGER_CO_TRY(key, idempotency_key(*request));
  CLAVIGER_CO_TRY(message, parse_setup(request->body.text()));
  Asker asker;
  asker.who = caller.who;
  asker.idempotency_key = std::move(key);
  const crypto::Sha256Digest digest = crypto::sha256(request->body.bytes());
  codec::hex_encode(digest, asker.body_digest);
  auto setup = std::make_shared<const Setup>(std::move(message.setup));
  deed->detail = "by=" + caller.who;
  if (caller.partner) {
    deed->verb = "acm.accept";
    deed->detail += " users=" + std::to_string(setup->users.size());
    CLAVIGER_CO_TRY(begun, co_await begin(room, deed));
    AcmPartner from = *std::move(caller.partner);
    auto accepted = co_await room.acm->accept(tenant, std::move(from), std::move(asker), setup);
    if (!accepted) co_return accepted.error();
    deed->target += "/" + *accepted;
    co_return indication(tenant, *accepted, "PROCESSING");
  }
  auto client = co_await client_of(room.acm, tenant, caller, message.home_acmc_id);
  if (!client) co_return client.error();
  asker.acmc = client->id;
  deed->detail += " client=" + client->id + " users=" + std::to_string(setup->users.size());
  CLAVIGER_CO_TRY(begun, co_await begin(room, deed));
  auto asked = co_await room.acm->ask(tenant, std::move(asker), setup);
  if (!asked) co_return asked.error();
  deed->target += "/" + *asked;
  co_return indication(tenant, *asked, "PROCESSING");
}

// The request of this client; somebody else's is unknown to him.
Task<Result<SetupView>> own_setup(Room room, std::string tenant, Caller caller, std::string id) {
  if (!is_identity(id)) co_return Error{Code::SetupUnknown, "acm.id"};
  auto view = co_await room.acm->view(tenant, id);
  if (!view) co_return view.error();
  auto client = co_await client_of(room.acm, tenant, std::move(caller), view->setup.acmc);
  if (client.failed_with(Code::AcmNotAuthorised)) co_return Error{Code::SetupUnknown, "acm.client"};
  if (!client) co_return client.error();
  co_return view;
}

http::Response view_response(const SetupView& view) {
  const std::string state = view.state();
  const bool is_running = state == "RUNNING";
  std::string text;
  Json json(text);
  json.begin_object().member("request_id", view.setup.id).member("status", is_running ? "PROCESSING" : state);
  json.member("home_acmc_id", view.setup.acmc).name("results").begin_array();
  std::map<std::string_view, const SetupUser*> asked;
  for (const SetupUser& each : view.setup.users) asked.emplace(each.mc_id, &each);
  for (const TargetView& target : view.targets) {
    const bool all_good =
        std::ranges::all_of(target.users, [](const UserResult& each) { return is_good(each.status); });
    json.begin_object().member("system", target.system).member("stage", name_of(target.stage.stage));
    const bool is_final = target.stage.stage == Stage::Done || target.stage.stage == Stage::Failed;
    if (is_final) json.member("result", all_good && target.stage.stage == Stage::Done);
    if (!target.stage.reason.empty()) json.member("reason", target.stage.reason);
    json.name("users").begin_array();
    for (const UserResult& each : target.users) {
      json.begin_object().member("mc_id", each.mc_id);
      // The MC service ID list as it was handled (TR 23.700-38 table 7.x.1.2.2-1).
      if (const auto found = asked.find(each.mc_id); found != asked.end()) write_service_ids(json, *found->second);
      json.member("status", each.status).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return http::Response(is_running ? 202 : 200, kJson, std::move(text));
}

Task<Result<http::Response>> show(Room room, const http::Request* request, std::string tenant, std::string id) {
  CLAVIGER_CO_TRY(caller, co_await authenticate(room.acm, room.here(), tenant, request));
  if (!caller.partner) {
    auto view = co_await own_setup(room, tenant, std::move(caller), id);
    if (!view) co_return view.error();
    co_return view_response(*view);
  }
  if (!is_identity(id)) co_return Error{Code::SetupUnknown, "acm.id"};
  auto inbound = co_await room.acm->inbound(tenant, caller.partner->system, id);
  if (!inbound) co_return inbound.error();
  switch (inbound->stage.stage) {
    case Stage::Done:
    case Stage::Rejected:
      co_return http::Response(
          200, kJson, write_result(caller.partner->own_system, inbound->setup, inbound->users, inbound->stage.reason));
    case Stage::Withdrawing:
    case Stage::Withdrawn:
      co_return Error{Code::SetupUnknown, "acm.withdrawn"};
    default:
      co_return indication(tenant, id, inbound->stage.stage == Stage::Pending ? "PENDING" : "PROCESSING");
  }
}

Task<Result<http::Response>> withdraw(Room room, const http::Request* request, std::string tenant, std::string id,
                                      Deed* deed) {
  CLAVIGER_CO_TRY(caller, co_await authenticate(room.acm, room.here(), tenant, request));
  deed->target += "/" + id;
  deed->detail = "by=" + caller.who;
  if (caller.partner) {
    if (!is_identity(id)) co_return Error{Code::SetupUnknown, "acm.id"};
    const std::string system = caller.partner->system;
    CLAVIGER_CO_TRY(known, co_await begin(room, deed));
    auto begun = co_await room.acm->withdraw_inbound(tenant, system, id, system);
    if (!begun) co_return begun.error();
    auto inbound = co_await room.acm->inbound(tenant, system, id);
    if (!inbound) co_return inbound.error();
    if (inbound->stage.stage == Stage::Withdrawn) co_return http::Response(204);
    co_return indication(tenant, id, "WITHDRAWING");
  }
  const std::string who = caller.who;
  auto view = co_await own_setup(room, tenant, std::move(caller), id);
  if (!view) co_return view.error();
  CLAVIGER_CO_TRY(noted, co_await begin(room, deed));
  auto begun = co_await room.acm->withdraw(tenant, id, who);
  if (!begun) co_return begun.error();
  co_return indication(tenant, id, "WITHDRAWING");
}

// An ACM client that may decide.
Task<Result<Caller>> approver(Room room, const http::Request* request, std::string tenant) {
  CLAVIGER_CO_TRY(caller, co_await authenticate(room.acm, room.here(), tenant, request));
  if (caller.partner) co_return Error{Code::AcmNotAuthorised, "acm.approver"};
  auto clients = co_await room.acm->list_clients(tenant);
  if (!clients) co_return clients.error();
  for (const AcmClient& each : *clients) {
    if (each.may_approve && is_used_by(each, caller)) co_return caller;
  }
  co_return Error{Code::AcmNotAuthorised, "acm.approver"};
}

Task<Result<http::Response>> list_inbound(Room room, const http::Request* request, std::string tenant) {
  CLAVIGER_CO_TRY(caller, co_await approver(room, request, tenant));
  CLAVIGER_CO_TRY(form, codec::parse_form(request->query));
  auto page = co_await room.acm->list_inbound(tenant, std::string(form.find("after").value_or("")), kListedMax);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const Acm::InboundView& each : page->views) {
    json.begin_object().member("system", each.setup.home).member("request_id", each.setup.id);
    json.member("stage", name_of(each.stage.stage)).member("users", each.setup.users.size());
    json.name("mc_ids").begin_array();
    for (const SetupUser& user : each.setup.users) json.value(user.mc_id);
    json.end_array().end_object();
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return http::Response(200, kJson, std::move(text));
}

using Endpoint = Task<Result<http::Response>> (*)(Room, const http::Request*, http::PathValues, Deed*);

Task<Result<http::Response>> ask_route(Room room, const http::Request* request, http::PathValues path, Deed* deed) {
  auto done = co_await ask(room, request, std::move(path[0]), deed);
  co_return done;
}
Task<Result<http::Response>> show_route(Room room, const http::Request* request, http::PathValues path, Deed*) {
  auto done = co_await show(room, request, std::move(path[0]), std::move(path[1]));
  co_return done;
}
Task<Result<http::Response>> withdraw_route(Room room, const http::Request* request, http::PathValues path,
                                            Deed* deed) {
  auto done = co_await withdraw(room, request, std::move(path[0]), std::move(path[1]), deed);
  co_return done;
}
Task<Result<http::Response>> inbound_route(Room room, const http::Request* request, http::PathValues path, Deed*) {
  auto done = co_await list_inbound(room, request, std::move(path[0]));
  co_return done;
}
Task<Result<http::Response>> decide_route(Room room, const http::Request* request, http::PathValues path, Deed* deed,
                                          bool is_approved) {
  deed->target += "/" + path[1] + "/" + path[2];
  CLAVIGER_CO_TRY(caller, co_await approver(room, request, path[0]));
  if (!is_identity(path[1]) || !is_identity(path[2])) co_return Error{Code::SetupUnknown, "acm.id"};
  deed->detail = "by=" + caller.who;
  CLAVIGER_CO_TRY(begun, co_await begin(room, deed));
  auto done = co_await room.acm->decide(path[0], path[1], path[2], is_approved, caller.who);
  if (!done) co_return done.error();
  co_return http::Response(204);
}
Task<Result<http::Response>> approve_route(Room room, const http::Request* request, http::PathValues path, Deed* deed) {
  auto done = co_await decide_route(room, request, std::move(path), deed, true);
  co_return done;
}
Task<Result<http::Response>> reject_route(Room room, const http::Request* request, http::PathValues path, Deed* deed) {
  auto done = co_await decide_route(room, request, std::move(path), deed, false);
  co_return done;
}

Task<http::Response> serve(Room room, Endpoint endpoint, std::string verb, http::Request request,
                           http::PathValues path) {
  const http::Request* asking = &request;
  const std::string tenant = path[0];
  Deed deed{verb, tenant, {}, 0};
  Deed* doing = &deed;
  auto done = co_await endpoint(room, asking, std::move(path), doing);
  const bool is_refusal = done.failed_with(Code::AcmNotAuthorised) || done.failed_with(Code::BearerScope);
  std::string outcome(done ? std::string_view("ok") : claviger::name_of(done.error().code));
  const auto noted = co_await end(room, doing, std::move(outcome), is_refusal);
  if (!noted) room.here()->shard.logger().error("audit.outcome_lost", {{"verb", deed.verb}, {"begun", deed.begun}});
  if (!noted && done) co_return refuse(*room.here(), tenant, noted.error());
  if (!done) co_return refuse(*room.here(), tenant, done.error());
  co_return *std::move(done);
}

// `peer`: the connection's own goes with it.
Task<void> run_and_complete(Room room, Endpoint endpoint, std::string verb, http::Request request,
                            http::PathValues path, http::Peer peer, runtime::Completer<http::Response> completer) {
  request.peer = &peer;
  http::Response response = co_await serve(room, endpoint, std::move(verb), std::move(request), std::move(path));
  completer.complete(std::move(response));
}

// A change runs to its second line also when its asker goes away: it belongs to the shard, not to the connection.
Task<http::Response> serve_to_the_end(Room room, Endpoint endpoint, std::string verb, http::Request request,
                                      http::PathValues path) {
  runtime::OneShotPair<http::Response> pair;
  http::Peer peer = request.peer == nullptr ? http::Peer{} : *request.peer;
  auto running = run_and_complete(room, endpoint, std::move(verb), std::move(request), std::move(path), std::move(peer),
                                  std::move(pair.completer));
  const bool is_open = room.here()->shard.scope().spawn(std::move(running));
  if (!is_open) co_return http::problem(503);
  http::Response response = co_await pair.waiter;
  co_return response;
}

}  // namespace

void add_acm_routes(http::Router& router, Contexts& contexts, Acm& acm, const AcmAudit& audit) {
  const Room room{&acm, &contexts, &audit};
  const auto add = [&](http::Method method, std::string_view rest, std::string_view verb, std::size_t body,
                       Endpoint endpoint) {
    http::Route route{method, "/acm/v1/{tenant}/" + std::string(rest), body, {}, {}};
    const auto start = verb.empty() ? serve : serve_to_the_end;
    route.handler = [room, endpoint, verb = std::string(verb), start](http::Request request, http::PathValues path) {
      return start(room, endpoint, verb, std::move(request), std::move(path));
    };
    router.add(std::move(route));
  };
  add(http::Method::Post, "user-setups", "acm.setup", kSetupBytesMax, ask_route);
  add(http::Method::Get, "user-setups/{id}", "", 0, show_route);
  add(http::Method::Delete, "user-setups/{id}", "acm.withdraw", 0, withdraw_route);
  add(http::Method::Get, "inbound", "", 0, inbound_route);
  add(http::Method::Post, "inbound/{system}/{id}/approve", "acm.approve", 0, approve_route);
  add(http::Method::Post, "inbound/{system}/{id}/reject", "acm.reject", 0, reject_route);
}

}  // namespace claviger::administration
