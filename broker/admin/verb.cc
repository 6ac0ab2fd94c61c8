#include "broker/admin/verb.h"

#include <algorithm>
#include <charconv>

#include "broker/admin/tenant_administrators.h"
#include "core/runtime/one_shot.h"

namespace claviger::admin {
namespace {

using runtime::Task;

struct Caller {
  std::uint32_t uid = ~std::uint32_t{0};
  std::int32_t pid = 0;
};

// Peer credentials that the kernel vouches for (SO_PEERCRED). Without them nobody is permitted.
std::optional<Caller> caller_of(const http::Request& request) {
  if (request.peer == nullptr || !request.peer->uid) return std::nullopt;
  return Caller{*request.peer->uid, request.peer->pid.value_or(0)};
}

bool is_permitted(const AdminServices& services, const broker::Context& context, std::uint32_t uid) {
  if (uid == 0 || uid == services.own_uid) return true;
  const auto& uids = context.snapshot->settings->admin_uids;
  return std::find(uids.begin(), uids.end(), uid) != uids.end();
}

AuditEntry entry_of(const Verb& verb, const Caller& caller, const Call& call, std::string_view outcome) {
  AuditEntry entry;
  entry.uid = caller.uid;
  entry.pid = caller.pid;
  entry.verb = verb.name;
  entry.target = call.target;
  entry.outcome = outcome;
  entry.detail = call.detail;
  return entry;
}

void add_to_detail(Call& call, std::string_view more) {
  if (!call.detail.empty() && !more.empty()) call.detail += ' ';
  call.detail += more;
}

// The endpoint between its two audit lines. `peer`: the connection's own goes with it, and the change stays.
Task<http::Response> change(Verb verb, Caller caller, std::unique_ptr<Call> call, http::Peer peer) {
  call->request.peer = &peer;
  AuditEntry begun = entry_of(verb, caller, *call, "begun");
  auto noted = co_await call->services.audit.append(std::move(begun));
  if (!noted) co_return Answer(noted.error()).into_response();  // what cannot be written down is not done

  Answer answer = co_await verb.endpoint(call.get());
  add_to_detail(*call, call->named);
  add_to_detail(*call, "of=" + std::to_string(*noted));
  AuditEntry done = entry_of(verb, caller, *call, answer.outcome());
  auto ended = co_await call->services.audit.append(std::move(done));
  if (!ended) {
    call->context.shard.logger().error("audit.outcome_lost", {{"verb", verb.name}, {"begun", *noted}});
    if (answer.is_ok()) {
      co_return Answer(ended.error().code, "done, but its outcome could not be written to the audit log")
          .into_response();
    }
  }
  co_return std::move(answer).into_response();
}

Task<void> run_and_complete(Task<http::Response> change_task, runtime::Completer<http::Response> completer) {
  http::Response response = co_await std::move(change_task);
  completer.complete(std::move(response));
}

// Not a coroutine: hands the change to the shard's scope, so that a connection that breaks does not drop it half-way.
std::optional<runtime::OneShot<http::Response>> start_change(const Verb& verb, const Caller& caller,
                                                             std::unique_ptr<Call> call) {
  runtime::Shard& shard = call->context.shard;
  runtime::OneShotPair<http::Response> pair;
  http::Peer peer = *call->request.peer;
  auto changing = change(verb, caller, std::move(call), std::move(peer));
  if (!shard.scope().spawn(run_and_complete(std::move(changing), std::move(pair.completer)))) {
    return std::nullopt;
  }
  return std::move(pair.waiter);
}

std::string joined(const http::PathValues& values) {
  std::string text;
  for (const std::string& value : values) {
    if (!text.empty()) text += '/';
    text += value;
  }
  return text;
}

Task<http::Response> serve(AdminServices* services, Verb verb, http::Request request, http::PathValues values) {
  broker::Context& context = *services->contexts[runtime::Shard::current().index()];
  context.figures->admin_requests.add();
  const auto caller = caller_of(request);
  std::string target = joined(values);
  auto call = std::unique_ptr<Call>(
      new Call{*services, context, std::move(request), std::move(values), std::move(target), {}, {}});
  bool is_allowed = caller && is_permitted(*services, context, caller->uid);
  // Hashes and seeds do not leave with an administrator of one tenant.
  const bool is_of_tenant = is_about_people(verb.name, verb.pattern) && verb.effect != Effect::ReadsSecrets;
  if (caller && !is_allowed && is_of_tenant && check_tenant(*call)) {
    std::string tenant = call->values[0];
    const std::uint32_t uid = caller->uid;
    auto is_administrator = co_await is_tenant_administrator(&context, std::move(tenant), uid);
    is_allowed = is_administrator && *is_administrator;
  }
  if (!is_allowed) {
    context.figures->admin_refused.add();
    AuditEntry refused = entry_of(verb, caller.value_or(Caller{}), *call, name_of(Code::NotPermitted));
    auto noted = co_await services->audit.append_refusal(std::move(refused));
    if (!noted) context.shard.logger().error("audit.refusal_lost", {{"verb", verb.name}});
    co_return Answer(Error{Code::NotPermitted, {}}).into_response();
  }
  if (verb.effect == Effect::Changes) {
    auto started = start_change(verb, *caller, std::move(call));
    if (!started) co_return Answer(Error{Code::Closed, {}}).into_response();
    runtime::OneShot<http::Response> waiter = *std::move(started);
    http::Response response = co_await waiter;
    co_return response;
  }
  Answer answer = co_await verb.endpoint(call.get());
  if (verb.effect == Effect::ReadsSecrets) {
    AuditEntry done = entry_of(verb, *caller, *call, answer.outcome());
    auto noted = co_await services->audit.append(std::move(done));
    if (!noted) co_return Answer(noted.error()).into_response();
  }
  co_return std::move(answer).into_response();
}

// Whoever can be added can be named: logins, UEs, URIs and other systems' names may have a '/'. Tenants have none.
std::string with_slashes(std::string_view pattern) {
  std::string all;
  for (const char character : pattern) {
    if (character == '}' && !all.ends_with("{tenant")) all += '+';
    all += character;
  }
  return all;
}

}  // namespace

void add_verb(http::Router& router, AdminServices& services, const Verb& verb) {
  http::Route route{verb.method, "/admin/v1" + with_slashes(verb.pattern), verb.body_bytes_max, {}, {}};
  route.handler = [&services, verb](http::Request request, http::PathValues values) {
    return serve(&services, verb, std::move(request), std::move(values));
  };
  router.add(std::move(route));
}

void add_verbs(http::Router& router, AdminServices& services, std::initializer_list<Verb> verbs) {
  for (const Verb& verb : verbs) add_verb(router, services, verb);
}

Result<Unit> check_tenant(const Call& call) {
  if (call.context.snapshot->tenants.find(call.values[0]) != call.context.snapshot->tenants.end()) return Unit{};
  return Error{Code::NotFound, "tenant"};
}

namespace {

// Names that a record of ours may have: what else somebody sends is refused, and nothing of it is written down.
bool is_member_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 40;
  return !name.empty() && name.size() <= kNameBytesMax &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

std::string names_of(codec::JsonObject object) {
  constexpr std::size_t kNamesMax = 40;
  std::string names;
  std::size_t count = 0;
  for (const codec::JsonMember member : object) {
    if (!is_member_name(member.name) || ++count > kNamesMax) continue;
    names.append(names.empty() ? "set=" : ",").append(member.name);
  }
  return names;
}

}  // namespace

Result<codec::JsonObject> body_object(Call& call, codec::JsonReader& reader) {
  const std::string_view type = call.request.field(http::Field::ContentType);
  if (type != "application/json" && !type.starts_with("application/json;")) return Error{Code::MediaType, "body"};
  CLAVIGER_TRY(value, reader.parse(call.request.body.text()));
  CLAVIGER_TRY(object, value.as_object());
  call.named = names_of(object);
  return object;
}

Result<Paging> paging_of(const Call& call) {
  CLAVIGER_TRY(form, codec::parse_form(call.request.query));
  Paging paging;
  if (const auto after = form.find("after")) paging.after = *after;
  if (const auto limit = form.find("limit")) {
    const auto read = std::from_chars(limit->data(), limit->data() + limit->size(), paging.limit);
    const bool is_number = read.ec == std::errc() && read.ptr == limit->data() + limit->size();
    if (!is_number || paging.limit == 0 || paging.limit > kPageMax) return Error{Code::BadValue, "limit"};
  }
  return paging;
}

Result<bool> query_flag(const Call& call, std::string_view name) {
  CLAVIGER_TRY(form, codec::parse_form(call.request.query));
  const auto value = form.find(name);
  if (value && *value != "true" && *value != "false") return Error{Code::BadValue, "query"};
  return value && *value == "true";
}

}  // namespace claviger::admin
