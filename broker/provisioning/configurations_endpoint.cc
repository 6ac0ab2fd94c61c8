#include "broker/provisioning/configurations_endpoint.h"

#include <algorithm>
#include <charconv>

#include "broker/identity/bearer.h"
#include "broker/identity/endpoint_urls.h"
#include "broker/identity/proxies.h"
#include "broker/provisioning/configuration_procedures.h"
#include "broker/provisioning/removals.h"
#include "core/codec/form.h"
#include "core/codec/json_writer.h"
#include "core/http/accept.h"
#include "core/runtime/offload.h"

namespace claviger::provisioning {
namespace {

using broker::Context;
using identity::Contexts;
using runtime::Task;

constexpr std::string_view kCollection = "/idms/v1/{tenant}/ss-ipp/v1/configurations";
constexpr std::string_view kOne = "/idms/v1/{tenant}/ss-ipp/v1/configurations/{confId}";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPatch = "application/merge-patch+json";
// What a request brings along.
enum class Content : std::uint8_t { None, Json, MergePatch };
constexpr std::string_view type_of(Content content) {
  return content == Content::None ? std::string_view() : content == Content::Json ? kJson : kPatch;
}
constexpr std::string_view kProblem = "application/problem+json";
// A list of one server's configurations is asked for by as many names at most.
constexpr std::size_t kQueryBytesMax = 8192;

// One row a Code: what TS 29.549 and TS 29.122 table 5.2.6-1 let us say.
struct Row {
  Code code;
  std::uint16_t status;
  std::string_view cause;
  std::string_view detail;
};
constexpr Row kRows[] = {
    {Code::NotFound, 404, "", "There is no such tenant."},
    {Code::ConfigurationUnknown, 404, "", "There is no such configuration."},
    {Code::ConfigurationOfAnother, 403, "", "The configuration belongs to another VAL server."},
    {Code::AgreementExceeded, 403, "", "The service agreement does not cover this."},
    {Code::NotPermitted, 403, "", "The client is not registered as a VAL server."},
    {Code::Conflict, 412, "", "The configuration has another version than If-Match says."},
    {Code::BadValue, 400, "MANDATORY_QUERY_PARAM_INCORRECT", "The query is malformed."},
    {Code::MediaType, 415, "", "The content type is not the one of this request."},
    {Code::AcceptExcludes, 406, "", "The answer is application/json."},
    {Code::Empty, 411, "", "The request has no body."},
    {Code::TooLarge, 413, "", "The configuration is too large."},
    {Code::TooMany, 429, "", "Too many requests."},
    {Code::Overload, 503, "", "Try again later."},
    {Code::DeadlinePassed, 503, "", "Try again later."},
    {Code::NoSpace, 503, "", "Try again later."},
    {Code::Io, 503, "", "Try again later."},
    {Code::Closed, 503, "", "Try again later."},
};
constexpr Row kInternal{Code::Internal, 500, "SYSTEM_FAILURE", "Something went wrong on our side."};

http::Response problem(const Row& row, const BodyFault* fault = nullptr) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("type", "about:blank").member("title", http::reason_of(row.status));
  json.member("status", row.status).member("detail", row.detail);
  if (!row.cause.empty()) json.member("cause", row.cause);
  if (fault != nullptr) {
    json.name("invalidParams").begin_array().begin_object();
    json.member("param", fault->member.empty() ? "body" : std::string_view(fault->member));
    json.member("reason", fault->reason).end_object().end_array();
  }
  json.end_object();
  http::Response response(row.status, kProblem, std::move(text));
  if (row.status == 503 || row.status == 429) response.with("retry-after", "1");
  return response;
}

http::Response fault_problem(const BodyFault& fault) {
  constexpr Row kFault{Code::BadValue, 400, "MANDATORY_IE_INCORRECT", "The body is not what the API describes."};
  constexpr Row kMissing{Code::BadValue, 400, "MANDATORY_IE_MISSING", "A member is missing."};
  constexpr Row kFormat{Code::BadValue, 400, "INVALID_MSG_FORMAT", "The body is not JSON."};
  if (fault.reason == "is missing") return problem(kMissing, &fault);
  return problem(fault.member.empty() ? kFormat : kFault, &fault);
}

http::Response refusal(const Error& error) {
  const auto* row = std::ranges::find(kRows, error.code, &Row::code);
  return problem(row == std::end(kRows) ? kInternal : *row);
}

bool is_about_token(Code code) { return name_of(code).starts_with("Token") || name_of(code).starts_with("Bearer"); }

// RFC 6750 says it in a header; ProblemDetails say it once more in the body.
http::Response caller_refusal(std::string_view tenant, const Error& error) {
  const bool is_nobody = error.code == Code::BearerMissing || error.code == Code::ProxyUntrusted ||
                         error.code == Code::AssertedIdentityRefused;
  // The token of a client that is gone or disabled is good for nothing: a 401 comes with a challenge (RFC 9110 clause
  // 15.5.2).
  const bool is_client = error.code == Code::ClientUnknown || error.code == Code::ClientDisabled;
  if (!is_about_token(error.code) && !is_nobody && !is_client) return refusal(error);
  const Error about = is_client ? Error{Code::TokenRevoked, error.where} : error;
  http::Response said =
      is_nobody ? identity::caller_refused(tenant, error)
                : identity::bearer_error_response(tenant, about, error.code == Code::BearerScope ? kScope : "");
  Row row{error.code, said.status, "", "The access token is missing or not good for this."};
  http::Response response = problem(row);
  response.headers.insert(response.headers.end(), said.headers.begin(), said.headers.end());
  return response;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

Result<Unit> check_headers(const http::Request& request, std::string_view content_type) {
  if (!http::accepts(request, {kJson})) return Error{Code::AcceptExcludes, "accept"};
  if (content_type.empty()) return Unit{};
  const bool is_wanted = !request.is_repeated(http::Field::ContentType) &&
                         http::is_same_type(http::media_type_of(request.field(http::Field::ContentType)), content_type);
  if (!is_wanted) return Error{Code::MediaType, "content-type"};
  return Unit{};
}

std::string etag_of(const Configuration& configuration) { return "\"" + std::to_string(configuration.version) + "\""; }

// RFC 9110 clause 13.1.1. A list of tags is taken when it is one; a weak or foreign tag matches nothing.
Result<IfVersion> if_version_of(const http::Request& request) {
  if (!request.has(http::Field::IfMatch)) return IfVersion();
  const std::string_view tag = trimmed(request.field(http::Field::IfMatch));
  if (!request.is_repeated(http::Field::IfMatch) && tag == "*") return IfVersion();
  std::uint64_t version = 0;
  if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') return Error{Code::Conflict, "if-match"};
  const auto read = std::from_chars(tag.data() + 1, tag.data() + tag.size() - 1, version);
  if (read.ec != std::errc() || read.ptr != tag.data() + tag.size() - 1) return Error{Code::Conflict, "if-match"};
  return IfVersion(version);
}

std::string location_of(const Context& context, const broker::TenantView& tenant, std::string_view id) {
  std::string url = identity::endpoint_base(*context.snapshot->settings, tenant.tenant);
  return url.append("/ss-ipp/v1/configurations/").append(id);
}

// What every request begins with: who calls, and whether he can be answered.
Task<Result<ValServer>> admit(Context* context, std::string tenant, const http::Request* request, Content content) {
  CLAVIGER_CO_TRY(server, co_await authenticate(context, std::move(tenant), request));
  CLAVIGER_CO_TRY(headers, check_headers(*request, type_of(content)));
  co_return server;
}

template <typename Body, BodyOrFault<Body> (*parse)(std::string_view)>
Task<Result<BodyOrFault<Body>>> parse_in_pool(Context* context, const http::Request* request) {
  if (request->body.empty()) co_return Error{Code::Empty, "body"};
  // copy: a slice belongs to its shard; the pool is another thread.
  auto work = [text = std::string(request->body.text())] { return parse(text); };
  auto parsed = co_await runtime::offload(&context->work_pool, std::move(work));
  co_return parsed;
}

Task<http::Response> show_one(Context* context, std::uint16_t status, Configuration configuration, bool has_features) {
  const std::string etag = etag_of(configuration);
  auto work = [configuration = std::move(configuration), has_features] {
    return write_configuration(configuration, has_features);
  };
  auto text = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!text) co_return refusal(text.error());
  http::Response response(status, kJson, *std::move(text));
  response.with("etag", etag);
  co_return response;
}

// Whoever was taken out is signed off before the VAL server hears that he is: whom this change took out, and whom an
// earlier one did that failed here. So before a refusal, too: a repetition finds nothing left to change.
Task<Result<Configuration>> settled(Context* context, std::string tenant, std::string server_id,
                                    Result<Configuration> changed) {
  CLAVIGER_CO_TRY(all, co_await settle_removals(context, std::move(tenant), std::move(server_id)));
  co_return changed;
}

// Of what is settled.
Task<http::Response> finish(Context* context, std::string tenant, std::uint16_t status, Configuration configuration,
                            bool has_features) {
  const std::string id = configuration.id;
  http::Response response = co_await show_one(context, status, std::move(configuration), has_features);
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (status == 201 && view != nullptr) response.with("location", location_of(*context, *view, id));
  co_return response;
}

Task<http::Response> create(Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*contexts);
  const http::Request* asked = &request;
  auto server = co_await admit(context, path[0], asked, Content::Json);
  if (!server) co_return caller_refusal(path[0], server.error());
  auto parsed = co_await parse_in_pool<ConfigurationBody, parse_configuration>(context, asked);
  if (!parsed) co_return refusal(parsed.error());
  if (!parsed->body) co_return fault_problem(parsed->fault);
  const bool has_features = parsed->body->has_features;
  const std::string server_id = server->id;
  auto made = co_await create_configuration(context, path[0], *std::move(server), *std::move(parsed->body));
  auto created = co_await settled(context, path[0], server_id, std::move(made));
  if (!created) co_return refusal(created.error());
  co_return co_await finish(context, path[0], 201, *std::move(created), has_features);
}

// PUT and PATCH: what differs is how the body is read and what is made of it.
template <typename Body, auto parse, auto procedure, Content content>
Task<http::Response> update(Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*contexts);
  const http::Request* asked = &request;
  auto server = co_await admit(context, path[0], asked, content);
  if (!server) co_return caller_refusal(path[0], server.error());
  const auto version = if_version_of(request);
  if (!version) co_return refusal(version.error());
  auto parsed = co_await parse_in_pool<Body, parse>(context, asked);
  if (!parsed) co_return refusal(parsed.error());
  if (!parsed->body) co_return fault_problem(parsed->fault);
  const bool has_features = parsed->body->has_features;
  const std::string server_id = server->id;
  auto made = co_await procedure(context, path[0], *std::move(server), path[1], *std::move(parsed->body), *version);
  auto changed = co_await settled(context, path[0], server_id, std::move(made));
  if (!changed) co_return refusal(changed.error());
  co_return co_await finish(context, path[0], 200, *std::move(changed), has_features);
}
constexpr auto replace = update<ConfigurationBody, parse_configuration, replace_configuration, Content::Json>;
constexpr auto patch = update<ConfigurationPatch, parse_patch, patch_configuration, Content::MergePatch>;

Task<http::Response> remove(Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*contexts);
  const http::Request* asked = &request;
  auto server = co_await admit(context, path[0], asked, Content::None);
  if (!server) co_return caller_refusal(path[0], server.error());
  const auto version = if_version_of(request);
  if (!version) co_return refusal(version.error());
  const std::string server_id = server->id;
  auto gone = co_await remove_configuration(context, path[0], *std::move(server), path[1], *version);
  auto removed = co_await settled(context, path[0], server_id, std::move(gone));
  if (!removed) co_return refusal(removed.error());
  co_return http::Response(204);
}

Task<http::Response> show(Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*contexts);
  const http::Request* asked = &request;
  auto server = co_await admit(context, path[0], asked, Content::None);
  if (!server) co_return caller_refusal(path[0], server.error());
  auto found = co_await find_configuration(context, path[0], *std::move(server), path[1]);
  if (!found) co_return refusal(found.error());
  co_return co_await show_one(context, 200, *std::move(found), false);
}

struct Filter {
  std::string val_server_id;  // empty: none
  std::vector<std::string> ids;
};
Result<Filter> filter_of(std::string_view query) {
  const auto form = codec::parse_form(query, kQueryBytesMax);
  if (!form) return Error{Code::BadValue, "query"};
  Filter filter;
  for (const codec::FormField& field : form->fields()) {
    if (field.name == "config-ids") filter.ids.emplace_back(field.value);
    if (field.name == "val-server-id") {
      if (field.value.empty() || form->is_duplicated("val-server-id")) return Error{Code::BadValue, "val-server-id"};
      filter.val_server_id = field.value;
    }
  }
  return filter;
}

Task<http::Response> list(Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*contexts);
  const http::Request* asked = &request;
  auto server = co_await admit(context, path[0], asked, Content::None);
  if (!server) co_return caller_refusal(path[0], server.error());
  auto filter = filter_of(request.query);
  if (!filter) co_return refusal(filter.error());
  if (!filter->val_server_id.empty() && filter->val_server_id != server->id) {
    co_return refusal(Error{Code::ConfigurationOfAnother, "val-server-id"});
  }
  auto found = co_await list_configurations(context, path[0], *std::move(server), std::move(filter->ids));
  if (!found) co_return refusal(found.error());
  auto work = [configurations = *std::move(found)] { return write_configurations(configurations); };
  auto text = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!text) co_return refusal(text.error());
  co_return http::Response(200, kJson, *std::move(text));
}

using Endpoint = Task<http::Response> (*)(Contexts*, http::Request, http::PathValues);

}  // namespace

void add_provisioning_routes(http::Router& router, Contexts& contexts) {
  const auto add = [&](http::Method method, std::string_view pattern, Endpoint endpoint) {
    http::Route route;
    route.method = method;
    route.pattern = pattern;
    route.body_bytes_max = kBodyBytesMax;
    route.handler = [&contexts, endpoint](http::Request request, http::PathValues path) {
      return endpoint(&contexts, std::move(request), std::move(path));
    };
    router.add(std::move(route));
  };
  add(http::Method::Post, kCollection, create);
  add(http::Method::Get, kCollection, list);
  add(http::Method::Get, kOne, show);
  add(http::Method::Put, kOne, replace);
  add(http::Method::Patch, kOne, patch);
  add(http::Method::Delete, kOne, remove);
}

}  // namespace claviger::provisioning
