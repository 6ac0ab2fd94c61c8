// What other systems ask for: see routes.h.
#include <charconv>

#include "broker/migration/binding_procedures.h"
#include "broker/migration/endpoints.h"
#include "broker/migration/migrant.h"
#include "broker/migration/migration_json.h"
#include "broker/migration/problem.h"
#include "broker/migration/system_caller.h"
#include "core/codec/form.h"
#include "core/http/accept.h"
#include "core/runtime/offload.h"

namespace claviger::migration {
namespace {

using broker::Context;
using runtime::Task;

constexpr std::size_t kPageDefault = 100;
constexpr std::size_t kPageMax = 200;

Context* here(Migration* migration) { return migration->contexts()[runtime::Shard::current().index()].get(); }

std::string etag_of(const Binding& binding) { return "\"" + std::to_string(binding.version) + "\""; }

http::Response answer_with(std::uint16_t status, const Binding& binding) {
  http::Response response(status, "application/json", binding_text(binding));
  response.with("etag", etag_of(binding));
  return response;
}

// A private identity that a record's key may hold.
bool is_key_part(std::string_view impi) {
  return !impi.empty() && impi.front() != '/' && impi.find('\0') == std::string_view::npos;
}

// RFC 9110 clauses 13.1.1 and 13.1.2. A weak or foreign tag matches nothing.
Result<IfVersion> if_version_of(const http::Request& request) {
  if (request.has(http::Field::IfNoneMatch)) {
    if (request.field(http::Field::IfNoneMatch) == "*") return IfVersion(0);
    return Error{Code::BindingVersion, "if-none-match"};
  }
  if (!request.has(http::Field::IfMatch)) return IfVersion();
  const std::string_view tag = request.field(http::Field::IfMatch);
  std::uint64_t version = 0;
  if (request.is_repeated(http::Field::IfMatch) || tag.size() < 3 || tag.front() != '"' || tag.back() != '"') {
    return Error{Code::BindingVersion, "if-match"};
  }
  const auto read = std::from_chars(tag.data() + 1, tag.data() + tag.size() - 1, version);
  if (read.ec != std::errc() || read.ptr != tag.data() + tag.size() - 1 || version == 0) {
    return Error{Code::BindingVersion, "if-match"};
  }
  return IfVersion(version);
}

Result<Unit> check_json(const http::Request& request) {
  const std::string_view type = http::media_type_of(request.field(http::Field::ContentType));
  if (!http::is_same_type(type, "application/json")) return Error{Code::MediaType, "content-type"};
  if (request.body.empty()) return Error{Code::Empty, "body"};
  return Unit{};
}

// Of the caller's users, and as such no more than it may say: who has it, when, is ours.
Result<Binding> binding_of(codec::JsonObject object, const Agreement& agreement) {
  CLAVIGER_TRY(binding, read_binding_object(object));
  if (binding.direction != Direction::Inbound) return Error{Code::BindingInvalid, "direction"};
  if (binding.system.empty()) binding.system = agreement.system;
  if (binding.system != agreement.system) return Error{Code::BindingInvalid, "system"};
  return binding;
}

Task<http::Response> list(Migration* migration, std::string tenant, AgreementRef caller, http::Request request) {
  const auto form = codec::parse_form(request.query);
  if (!form) co_return refusal(tenant, {Code::BadValue, "query"});
  const std::string_view system = form->find("primary_system").value_or(caller->agreement.system);
  if (system != caller->agreement.system) co_return refusal(tenant, {Code::NotPermitted, "primary_system"});
  std::size_t limit = kPageDefault;
  if (const auto text = form->find("limit")) {
    const auto read = std::from_chars(text->data(), text->data() + text->size(), limit);
    const bool is_good = read.ec == std::errc() && read.ptr == text->data() + text->size();
    if (!is_good || limit == 0 || limit > kPageMax) co_return refusal(tenant, {Code::BadValue, "limit"});
  }
  std::string after(form->find("after").value_or(""));
  auto page = co_await list_bindings(here(migration), tenant, Direction::Inbound, caller->agreement.system,
                                     std::move(after), limit);
  if (!page) co_return refusal(tenant, page.error());
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const Binding& binding : page->bindings) write_binding(json, binding);
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return http::Response(200, "application/json", std::move(text));
}

Task<http::Response> get(Migration* migration, std::string tenant, AgreementRef caller, std::string impi) {
  if (!is_key_part(impi)) co_return refusal(tenant, {Code::BindingUnknown, "binding"});
  auto binding = co_await read_binding(here(migration), inbound_key(tenant, impi));
  if (!binding) co_return refusal(tenant, binding.error());
  if (binding->system != caller->agreement.system) co_return refusal(tenant, {Code::BindingUnknown, "binding"});
  co_return answer_with(200, *binding);
}

Task<http::Response> put(Migration* migration, std::string tenant, AgreementRef caller, http::Request request,
                         std::string impi) {
  if (const auto good = check_json(request); !good) co_return refusal(tenant, good.error());
  const auto if_version = if_version_of(request);
  if (!if_version) co_return refusal(tenant, if_version.error());
  codec::JsonReader reader;
  const auto value = reader.parse(request.body.text());
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!object) co_return refusal(tenant, object.error());
  auto binding = binding_of(*object, caller->agreement);
  if (!binding) co_return refusal(tenant, binding.error());
  if (binding->partner_impi.empty()) binding->partner_impi = impi;
  if (binding->partner_impi != impi) co_return refusal(tenant, {Code::BindingInvalid, "partner_impi"});
  BindingDraft draft{*std::move(binding), *if_version, true};
  auto stored = co_await put_binding(migration, tenant, std::move(draft));
  if (!stored) co_return refusal(tenant, stored.error());
  co_return answer_with(stored->is_new ? 201 : 200, stored->binding);
}

Task<http::Response> revoke(Migration* migration, std::string tenant, AgreementRef caller, http::Request request,
                            std::string impi) {
  const auto if_version = if_version_of(request);
  if (!if_version) co_return refusal(tenant, if_version.error());
  if (!is_key_part(impi)) co_return refusal(tenant, {Code::BindingUnknown, "binding"});
  StateChange change{inbound_key(tenant, impi), BindingState::Revoked, *if_version, caller->agreement.system};
  auto done = co_await set_binding_state(migration, tenant, std::move(change));
  if (!done) co_return refusal(tenant, done.error());
  co_return http::Response(204);
}

// {"held": true}: the caller's user is disabled at home.
Task<http::Response> hold(Migration* migration, std::string tenant, AgreementRef caller, http::Request request,
                          std::string impi) {
  if (const auto good = check_json(request); !good) co_return refusal(tenant, good.error());
  codec::JsonReader reader;
  const auto value = reader.parse(request.body.text());
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  const auto is_held = object ? object->bool_at("held") : Result<bool>(object.error());
  if (!is_held) co_return refusal(tenant, is_held.error());
  if (!is_key_part(impi)) co_return refusal(tenant, {Code::BindingUnknown, "binding"});
  auto done = co_await hold_binding(migration, tenant, inbound_key(tenant, impi), *is_held, caller->agreement.system);
  if (!done) co_return refusal(tenant, done.error());
  co_return http::Response(204);
}

// {"primary_impi": .., "partner_impi": ..}: the caller has revoked the binding of a user of ours. One that has other
// identities there by now is another one.
Task<http::Response> end(Migration* migration, std::string tenant, AgreementRef caller, http::Request request) {
  if (const auto good = check_json(request); !good) co_return refusal(tenant, good.error());
  auto said = read_ended(request.body.text());
  if (!said) co_return refusal(tenant, said.error());
  const bool is_named = is_key_part(said->primary_impi) && !said->partner_impi.empty();
  if (!is_named) co_return refusal(tenant, {Code::BindingUnknown, "binding"});
  StateChange change;
  change.key = outbound_key(tenant, caller->agreement.system, said->primary_impi);
  change.state = BindingState::Revoked;
  change.system = caller->agreement.system;
  auto binding = co_await read_binding(here(migration), change.key);
  if (!binding) co_return refusal(tenant, binding.error());
  if (binding->partner_impi != said->partner_impi) co_return refusal(tenant, {Code::BindingUnknown, "binding"});
  change.if_version = binding->version;
  auto done = co_await set_binding_state(migration, tenant, std::move(change));
  if (!done) co_return refusal(tenant, done.error());
  TraceStep& step = migration->trace().add();
  step.at = here(migration)->shard.wall();
  step.step = "binding revoked by the partner system";
  step.outcome = "ok";
  step.partner = done->partner_impi;
  step.primary = done->primary_impi;
  step.tenant = tenant;
  step.system = done->system;
  co_return http::Response(204);
}

struct Batch {
  std::vector<BindingDraft> drafts;
  std::vector<std::size_t> places;                 // of the drafts
  std::vector<std::pair<std::size_t, Error>> bad;  // where and why
  std::size_t count = 0;
};

// In the pool: a thousand bindings take milliseconds.
Result<Batch> parse_batch(const std::string& text, const Agreement& agreement) {
  codec::JsonLimits limits;
  limits.bytes_max = kBatchBytesMax;
  limits.values_max = kBatchMax * 64;
  codec::JsonReader reader(limits);
  CLAVIGER_TRY(value, reader.parse(text));
  CLAVIGER_TRY(object, value.as_object());
  CLAVIGER_TRY(items, object.at("bindings"));
  CLAVIGER_TRY(array, items.as_array());
  if (array.size() > kBatchMax) return Error{Code::TooMany, "bindings"};
  Batch batch;
  for (const codec::JsonValue item : array) {
    const std::size_t place = batch.count++;
    const auto one = item.as_object();
    if (!one) {
      batch.bad.emplace_back(place, one.error());
      continue;
    }
    auto binding = binding_of(*one, agreement);
    if (!binding) {
      batch.bad.emplace_back(place, binding.error());
      continue;
    }
    IfVersion if_version;
    if (const auto version = one->find("if_version")) {
      const auto number = version->as_uint();
      if (!number) {
        batch.bad.emplace_back(place, Error{Code::BindingInvalid, "if_version"});
        continue;
      }
      if_version = *number;
    }
    batch.drafts.push_back({*std::move(binding), if_version, true});
    batch.places.push_back(place);
  }
  return batch;
}

Task<http::Response> put_batch(Migration* migration, std::string tenant, AgreementRef caller, http::Request request) {
  if (const auto good = check_json(request); !good) co_return refusal(tenant, good.error());
  // copy: a slice belongs to its shard; the pool is another thread.
  auto work = [text = std::string(request.body.text()), caller] { return parse_batch(text, caller->agreement); };
  auto parsed = co_await runtime::offload(&here(migration)->work_pool, std::move(work));
  if (!parsed) co_return refusal(tenant, parsed.error());
  if (!*parsed) co_return refusal(tenant, parsed->error());
  Batch batch = **std::move(parsed);
  auto results = co_await put_bindings(migration, tenant, std::move(batch.drafts));
  if (!results) co_return refusal(tenant, results.error());
  std::vector<std::string> lines(batch.count);
  for (std::size_t i = 0; i < results->size(); ++i) {
    const Result<Stored>& stored = (*results)[i];
    Json json(lines[batch.places[i]]);
    json.begin_object();
    if (stored) {
      json.member("status", stored->is_new ? 201 : 200).member("partner_impi", stored->binding.partner_impi);
      json.member("version", stored->binding.version);
    } else {
      json.member("status", refusal(tenant, stored.error()).status).member("code", name_of(stored.error().code));
      json.member("member", stored.error().where);
    }
    json.end_object();
  }
  for (const auto& [place, error] : batch.bad) {
    Json json(lines[place]);
    json.begin_object().member("status", refusal(tenant, error).status).member("code", name_of(error.code));
    json.member("member", error.where).end_object();
  }
  std::string text = R"({"results":[)";
  for (std::size_t i = 0; i < lines.size(); ++i) text.append(i == 0 ? "" : ",").append(lines[i]);
  text += "]}";
  co_return http::Response(200, "application/json", std::move(text));
}

// TS 23.280 figure 10.1.6.1.2-1, at the partner system.
Task<http::Response> prepare(Migration* migration, std::string tenant, AgreementRef caller, http::Request request) {
  if (const auto good = check_json(request); !good) co_return refusal(tenant, good.error());
  auto asked = read_prepare_request(request.body.text());
  if (!asked) co_return refusal(tenant, asked.error());
  if (!caller->agreement.allows_dynamic()) co_return refusal(tenant, {Code::MigrationNotAllowed, "agreement.inbound"});
  Binding wanted;
  wanted.mode = Mode::Dynamic;
  wanted.is_configured_by_procedure = true;
  wanted.system = caller->agreement.system;
  wanted.primary_impi = std::move(asked->primary_impi);
  wanted.primary_impus = std::move(asked->primary_impus);
  wanted.hosts = std::move(asked->hosts);
  wanted.realm = std::move(asked->realm);
  wanted.grant = std::move(asked->grant);
  wanted.not_after = asked->not_after;
  const std::string primary_impi = wanted.primary_impi;
  auto stored = co_await allocate_binding(migration, tenant, std::move(wanted));
  TraceStep& step = migration->trace().add();
  step.at = here(migration)->shard.wall();
  step.step = "identities given to a user of the primary system";
  step.outcome = stored ? std::string_view("ok") : name_of(stored.error().code);
  step.primary = primary_impi;
  step.tenant = tenant;
  step.system = caller->agreement.system;
  if (!stored) co_return refusal(tenant, stored.error());
  step.partner = stored->binding.partner_impi;
  if (stored->is_new) migration->counters(*caller).add(Counted::Configured);
  std::string text;
  Json json(text);
  json.begin_object().member("partner_impi", stored->binding.partner_impi);
  write_texts(json, "partner_impus", stored->binding.partner_impus);
  const Access access{caller->agreement.access_realm, caller->agreement.access_proxy,
                      caller->agreement.access_networks};
  write_access(json, access);
  json.member("version", stored->binding.version).end_object();
  http::Response response(stored->is_new ? 201 : 200, "application/json", std::move(text));
  response.with("etag", etag_of(stored->binding));
  co_return response;
}

// TS 23.280 clause 10.6.3, at the primary system.
Task<http::Response> authorise(Migration* migration, std::string tenant, AgreementRef caller, http::Request request) {
  if (const auto good = check_json(request); !good) co_return refusal(tenant, good.error());
  auto asked = read_service_request(request.body.text());
  if (!asked) co_return refusal(tenant, asked.error());
  auto done = co_await authorise_migrant(migration, here(migration), caller, *asked);
  const bool is_decided = done || done.failed_with(Code::ServiceNotAuthorised) || done.failed_with(Code::UserUnknown) ||
                          done.failed_with(Code::MigrationNotAllowed) || done.failed_with(Code::AgreementEnded);
  if (!is_decided) co_return refusal(tenant, done.error());
  migration->counters(*caller).add(done ? Counted::Granted : Counted::Denied);
  // Who is unknown and who may not is the same to the asker.
  std::string_view cause;
  if (!done) cause = name_of(done.failed_with(Code::UserUnknown) ? Code::MigrationNotAllowed : done.error().code);
  co_return http::Response(200, "application/json", write_service_response(*asked, cause));
}

enum class What : std::uint8_t { List, Get, Put, Hold, Revoke, Batch, Prepare, End, Authorise };

Task<http::Response> handle(Migration* migration, What what, http::Request request, http::PathValues path) {
  const std::string tenant = path[0];
  const http::Request* asked = &request;
  auto caller = co_await authenticate_system(migration, tenant, asked);
  if (!caller) co_return refusal(tenant, caller.error());
  switch (what) {
    case What::List:
      co_return co_await list(migration, tenant, *std::move(caller), std::move(request));
    case What::Get:
      co_return co_await get(migration, tenant, *std::move(caller), path[1]);
    case What::Put:
      co_return co_await put(migration, tenant, *std::move(caller), std::move(request), path[1]);
    case What::Hold:
      co_return co_await hold(migration, tenant, *std::move(caller), std::move(request), path[1]);
    case What::End:
      co_return co_await end(migration, tenant, *std::move(caller), std::move(request));
    case What::Revoke:
      co_return co_await revoke(migration, tenant, *std::move(caller), std::move(request), path[1]);
    case What::Batch:
      co_return co_await put_batch(migration, tenant, *std::move(caller), std::move(request));
    case What::Prepare:
      co_return co_await prepare(migration, tenant, *std::move(caller), std::move(request));
    case What::Authorise:
      co_return co_await authorise(migration, tenant, *std::move(caller), std::move(request));
  }
  co_return http::Response(500);
}

}  // namespace

void add_system_routes(http::Router& router, Migration& migration) {
  using http::Method;
  const auto add = [&](Method method, std::string_view path, What what, std::size_t body_bytes_max) {
    http::Route route{method, "/migration/v1/{tenant}" + std::string(path), body_bytes_max, {}, {}};
    route.handler = [at = &migration, what](http::Request request, http::PathValues values) {
      return handle(at, what, std::move(request), std::move(values));
    };
    router.add(std::move(route));
  };
  add(Method::Get, "/bindings", What::List, 0);
  add(Method::Get, "/bindings/{partner_impi}", What::Get, 0);
  add(Method::Put, "/bindings/{partner_impi}", What::Put, kOneBytesMax);
  add(Method::Put, "/bindings/{partner_impi}/held", What::Hold, kOneBytesMax);
  add(Method::Delete, "/bindings/{partner_impi}", What::Revoke, 0);
  add(Method::Post, "/bindings:batch", What::Batch, kBatchBytesMax);
  add(Method::Post, "/migrants", What::Prepare, kOneBytesMax);
  add(Method::Post, "/migrants:ended", What::End, kOneBytesMax);
  add(Method::Post, "/service-authorizations", What::Authorise, kOneBytesMax);
}

}  // namespace claviger::migration
