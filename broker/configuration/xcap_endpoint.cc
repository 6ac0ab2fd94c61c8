#include "broker/configuration/xcap_endpoint.h"

#include <algorithm>

#include "broker/configuration/document_access.h"
#include "broker/configuration/document_edit.h"
#include "broker/configuration/document_procedures.h"
#include "broker/configuration/generated_documents.h"
#include "broker/configuration/xcap_error.h"
#include "broker/identity/identity_shard.h"
#include "broker/tables.h"
#include "core/http/accept.h"
#include "core/http/problem.h"

namespace claviger::configuration {
namespace {

using broker::Context;
using http::Field;
using runtime::Task;

constexpr std::string_view kElementType = "application/xcap-el+xml";
constexpr std::string_view kAttributeType = "application/xcap-att+xml";
constexpr std::string_view kNamespacesType = "application/xcap-ns+xml";
// Somewhat more than a document may have: who sends a little too much gets an answer, not a closed connection.
constexpr std::size_t kBodyBytesMax = 4 * kDocumentBytesMax;
// A document is its user's: no cache in between keeps it, and his own asks again.
constexpr std::string_view kCacheControl = "private, no-cache";

Context& here(Contexts& contexts) { return *contexts[runtime::Shard::current().index()]; }

// One request, understood and allowed. Lives in the handler's frame.
struct Asked {
  XcapTarget target;
  Application application;
  Caller caller;
};

// A field that may be repeated, as one list.
std::optional<std::string> list_field(const http::Request& request, Field field) {
  if (!request.has(field)) return std::nullopt;
  if (!request.is_repeated(field)) return std::string(request.field(field));
  std::string all;
  for (const http::Header& header : request.headers()) {
    if (header.name != name_of(field)) continue;
    if (!all.empty()) all += ",";
    all += header.value;
  }
  return all;
}

bool is_generated(std::string_view rest) {
  const std::string_view auid = rest.substr(0, rest.find('/'));
  return auid.size() < rest.size() && (auid == kCapabilitiesAuid || auid == kDirectoryAuid);
}

// Who asks is known before what he asks for is looked at: a name that is nobody's is for those to learn who have a token.
Result<Asked> understand(Context& context, const http::Request& request, std::string_view tenant,
                         std::string_view rest) {
  auto target = read_xcap_target(rest, request.query);
  auto application = target ? application_of(target->document) : std::nullopt;
  if (!application) {
    CLAVIGER_TRY(anybody, admit_any(context, tenant, request));
    if (!target) return target.error();
    return Error{Code::DocumentUnknown, "xcap.auid"};
  }
  CLAVIGER_TRY(caller, admit(context, tenant, request, *application));
  CLAVIGER_TRY(allowed, check_may_read(caller, target->document));
  return Asked{*std::move(target), *std::move(application), std::move(caller)};
}

http::Response refuse(Context& context, std::string_view tenant, const Error& error, std::string_view scope = {}) {
  http::Response response = error_response(tenant, error, scope);
  if (response.status == 403) {
    context.shard.logger().warning("xcap.refused",
                                   {{"tenant", tenant}, {"code", name_of(error.code)}, {"where", error.where}});
  }
  if (response.status == 500) {
    context.shard.logger().error("xcap.failed", {{"code", name_of(error.code)}, {"where", error.where}});
  }
  return response;
}

std::string_view scope_for(std::string_view rest) {
  const auto application = find_application(rest.substr(0, rest.find('/')));
  return application ? application->scope : std::string_view();
}

http::Response with_etag(http::Response response, std::string_view etag) {
  response.cache_control = kCacheControl;
  std::string quoted;
  quoted.reserve(etag.size() + 2);
  quoted.append(1, '"').append(etag).append(1, '"');
  response.with("etag", std::move(quoted));
  return response;
}

// RFC 9110 clause 13.2.2, for GET and HEAD.
std::optional<http::Response> conditional(const http::Request& request, std::string_view etag) {
  if (const auto match = list_field(request, Field::IfMatch); match && !etag_matches(*match, etag)) {
    return error_response({}, Error{Code::EntityTagDiffers, "if-match"});
  }
  auto none = list_field(request, Field::IfNoneMatch);
  // Compared weakly: a cache on the way may have weakened it (RFC 9110 clause 13.1.2).
  for (std::size_t at = 0; none && (at = none->find("W/\"", at)) != std::string::npos;) none->erase(at, 2);
  if (none && etag_matches(*none, etag)) return with_etag(http::Response(304), etag);
  return std::nullopt;
}

http::Response document_response(Context& context, const http::Request& request, const Application& application,
                                 const StoredText& stored) {
  if (auto early = conditional(request, stored.etag)) return *std::move(early);
  // copy: out of the store's block, which goes back at once.
  Slice body = Slice::copy_of(context.shard.slabs(), as_bytes(stored.text));
  return with_etag(http::Response(200, application.media_type, std::move(body)), stored.etag);
}

// The way of nearly all requests: a whole document that is in memory.
std::optional<http::Response> get_inline(Contexts* contexts, const http::Request& request) {
  Context& context = here(*contexts);
  const std::string& tenant = (*request.path_values)[0];
  const std::string& rest = (*request.path_values)[1];
  if (is_generated(rest)) return std::nullopt;
  const auto asked = understand(context, request, tenant, rest);
  if (!asked) return refuse(context, tenant, asked.error(), scope_for(rest));
  if (asked->target.has_selector) return std::nullopt;
  const std::string key = document_key(tenant, asked->target.document);
  const auto value = context.store.get_cached(broker::tables::kDocuments, key);
  if (!value) return std::nullopt;
  if (value->failed_with(Code::NotFound)) {
    if (asked->application.kind == DocumentKind::MigrationConnectivity) return std::nullopt;
    return error_response(tenant, Error{Code::DocumentUnknown, "xcap.get"});
  }
  if (!*value) return refuse(context, tenant, value->error());
  const auto stored = read_stored_text((*value)->bytes());
  if (!stored) return refuse(context, tenant, stored.error());
  return document_response(context, request, asked->application, *stored);
}

Result<http::Response> part_response(const http::Request& request, const XcapTarget& target,
                                     const Application& application, const StoredText& stored) {
  CLAVIGER_TRY(tree, XmlTree::read(stored.text));
  const std::string_view space = space_in(application, tree[0].space);
  CLAVIGER_TRY(selector, parse_node_selector(target.selector, space, target.prefixes));
  CLAVIGER_TRY(part, read_part(tree, selector));
  if (auto early = conditional(request, stored.etag)) return *std::move(early);
  const std::string_view type = selector.terminal == Terminal::Element     ? kElementType
                                : selector.terminal == Terminal::Attribute ? kAttributeType
                                                                           : kNamespacesType;
  return with_etag(http::Response(200, type, std::move(part)), stored.etag);
}

// A document like any other for whoever reads it: a whole, a part, unless it is what he has (RFC 4825 clauses 7.8 to 7.11).
Result<http::Response> generated_response(Context& context, const http::Request& request, const XcapTarget& target,
                                          const Application& application, const std::string& text) {
  const std::string etag = etag_of(text);
  const StoredText stored{etag, text};
  if (target.has_selector) return part_response(request, target, application, stored);
  return document_response(context, request, application, stored);
}

// xcap-caps/global/index, and the directory of a user: of every usage as far as his token opens it.
Task<Result<http::Response>> generated(Context* context, const http::Request* request, std::string tenant,
                                       std::string rest) {
  CLAVIGER_CO_TRY(target, read_xcap_target(rest, request->query));
  if (target.document.auid == kCapabilitiesAuid) {
    CLAVIGER_CO_TRY(anybody, admit_any(*context, tenant, *request));
    if (target.document.tree != Tree::Global || target.document.name != "index") {
      co_return Error{Code::DocumentUnknown, "xcap.caps"};
    }
    Application usage;
    usage.space = kCapabilitiesSpace;
    usage.media_type = kCapabilitiesType;
    co_return generated_response(*context, *request, target, usage, write_capabilities());
  }
  CLAVIGER_CO_TRY(anybody, admit_any(*context, tenant, *request));
  if (target.document.tree != Tree::Users || target.document.name != "directory.xml") {
    co_return Error{Code::DocumentUnknown, "xcap.directory"};
  }
  std::vector<NamedDocument> all;
  bool is_open = false;
  const std::vector<Application>& known = known_applications();
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].tree != Tree::Users) continue;
    const auto caller = admit(*context, tenant, *request, known[i]);
    if (!caller || !check_may_read(*caller, target.document)) continue;
    is_open = true;
    auto some = co_await read_user_documents(context, tenant, known[i].auid, target.document.xui);
    if (!some) co_return some.error();
    std::ranges::move(*some, std::back_inserter(all));
  }
  if (!is_open) co_return Error{Code::ProfileOfAnother, "xcap.directory"};
  const std::string root = xcap_root(*context, tenant);
  Application usage;
  usage.space = kDirectorySpace;
  usage.media_type = kDirectoryType;
  co_return generated_response(*context, *request, target, usage, write_directory(root, all));
}

// What nobody wrote and the migration management server knows, or makes with the partner: for the user himself.
Task<Result<std::string>> made_connectivity(Configuration* room, Context* context, std::string tenant, Caller caller,
                                            DocumentName name) {
  constexpr std::string_view kSuffix = ".xml";
  constexpr Error kUnknown{Code::DocumentUnknown, "xcap.get"};
  if (!room->connectivity() || caller.role != Role::User || !name.name.ends_with(kSuffix)) co_return kUnknown;
  const std::string system = name.name.substr(0, name.name.size() - kSuffix.size());
  CLAVIGER_CO_TRY(made, co_await room->connectivity()(context, std::move(tenant), std::move(name.xui), system));
  co_return write_connectivity(system, made);
}

Task<http::Response> get(Configuration* room, Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &here(*contexts);
  if (is_generated(path[1])) {
    const http::Request* asking = &request;
    auto made = co_await generated(context, asking, path[0], path[1]);
    if (!made) co_return refuse(*context, path[0], made.error());
    co_return *std::move(made);
  }
  const auto asked = understand(*context, request, path[0], path[1]);
  if (!asked) co_return refuse(*context, path[0], asked.error(), scope_for(path[1]));
  const auto value =
      co_await context->store.get(broker::tables::kDocuments, document_key(path[0], asked->target.document));
  const bool is_made = value.failed_with(Code::NotFound);
  if (is_made && asked->application.kind != DocumentKind::MigrationConnectivity) {
    co_return error_response(path[0], Error{Code::DocumentUnknown, "xcap.get"});
  }
  if (!value && !is_made) co_return refuse(*context, path[0], value.error());
  std::string text, etag;
  if (is_made) {
    auto made = co_await made_connectivity(room, context, path[0], asked->caller, asked->target.document);
    if (!made) co_return refuse(*context, path[0], made.error());
    text = *std::move(made);
    etag = etag_of(text);
  }
  const auto stored = is_made ? Result<StoredText>(StoredText{etag, text}) : read_stored_text(value->bytes());
  if (!stored) co_return refuse(*context, path[0], stored.error());
  if (!asked->target.has_selector) co_return document_response(*context, request, asked->application, *stored);
  auto part = part_response(request, asked->target, asked->application, *stored);
  if (!part) co_return refuse(*context, path[0], part.error());
  co_return *std::move(part);
}

http::Response only_get() {
  http::Response response = http::problem(405);
  response.with("allow", "GET, HEAD");
  return response;
}

Result<Unit> check_media_type(const http::Request& request, const Asked& asked) {
  std::string_view wanted = asked.application.media_type;
  if (asked.target.has_selector) {
    // In whichever namespace: a value in it may hold whatever an attribute's step begins with.
    CLAVIGER_TRY(selector, parse_node_selector(asked.target.selector, {}, asked.target.prefixes));
    wanted = selector.terminal == Terminal::Attribute ? kAttributeType : kElementType;
  }
  const std::string_view given = http::media_type_of(request.field(Field::ContentType));
  if (!http::is_same_type(given, wanted) || request.is_repeated(Field::ContentType)) {
    return Error{Code::MediaType, "content-type"};
  }
  return Unit{};
}

DocumentWrite write_of(const http::Request& request, const Asked& asked) {
  DocumentWrite wanted;
  wanted.name = asked.target.document;
  wanted.if_match = list_field(request, Field::IfMatch);
  wanted.if_none_match = list_field(request, Field::IfNoneMatch);
  wanted.who = asked.caller.who();
  wanted.is_user = asked.caller.role != Role::Writer;
  if (asked.target.has_selector) {
    wanted.part = PartChange{asked.target.selector, asked.target.prefixes, std::string(request.body.text()), false};
  } else {
    wanted.text = request.body.text();
  }
  return wanted;
}

http::Response fault_with_root(Context& context, const std::string& tenant, const Asked& asked,
                               const XcapFault& fault) {
  std::string ancestor = xcap_root(context, tenant) + selector_of(asked.target.document);
  if (!fault.ancestor.empty()) ancestor += "/~~/" + fault.ancestor;
  // Of a part's body the clause knows another fault (RFC 4825 clause 11.2.2).
  http::Response response = fault_response(fault, ancestor);
  if (asked.target.has_selector && fault.code == Code::XmlSyntax) {
    std::string text(http::text_of(response.body));
    const std::size_t at = text.find("not-well-formed");
    if (at != std::string::npos) text.replace(at, std::string_view("not-well-formed").size(), "not-xml-frag");
    response.body = std::move(text);
  }
  return response;
}

enum class Verb : std::uint8_t { Put, Delete };

Task<http::Response> change(Configuration* room, Contexts* contexts, Verb verb, http::Request request,
                            http::PathValues path) {
  Context* context = &here(*contexts);
  const std::string& tenant = path[0];
  if (is_generated(path[1])) {
    const auto anybody = admit_any(*context, tenant, request);
    co_return anybody ? only_get() : refuse(*context, tenant, anybody.error());
  }
  const auto asked = understand(*context, request, tenant, path[1]);
  if (!asked) co_return refuse(*context, tenant, asked.error(), scope_for(path[1]));
  const bool is_readable_only = asked->caller.role == Role::Server || !asked->application.user_may_write;
  if (asked->caller.role != Role::Writer && is_readable_only) co_return only_get();
  DocumentWrite wanted = write_of(request, *asked);
  Result<WriteOutcome> done = Error{Code::Internal, "xcap.change"};
  // Bindings of namespaces are read only (RFC 4825 clause 7.10), whatever the content type.
  if (asked->target.has_selector && asked->target.selector.ends_with("namespace::*")) co_return only_get();
  if (verb == Verb::Put) {
    const auto type = check_media_type(request, *asked);
    if (!type) co_return refuse(*context, tenant, type.error());
    done = co_await write_document(room, context, tenant, std::move(wanted));
  } else if (wanted.part) {
    wanted.part->is_removal = true;
    done = co_await write_document(room, context, tenant, std::move(wanted));
  } else {
    done = co_await remove_document(room, context, tenant, std::move(wanted));
  }
  if (done.failed_with(Code::MethodNotAllowed)) co_return only_get();
  if (done.failed_with(Code::DocumentUnknown) && verb == Verb::Put && asked->target.has_selector) {
    const XcapFault no_document{Code::XcapNoParent, "There is no such document.", {}};
    co_return fault_response(no_document, xcap_root(*context, tenant));
  }
  if (!done) co_return refuse(*context, tenant, done.error());
  if (done->fault) co_return fault_with_root(*context, tenant, *asked, *done->fault);
  if (done->etag.empty()) co_return http::Response(200);  // removed
  co_return with_etag(http::Response(done->is_new ? 201 : 200), done->etag);
}

}  // namespace

std::string xcap_root(const Context& context, std::string_view tenant) {
  std::string root = context.snapshot->settings->public_origin;
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (root.empty() && view != nullptr) {
    const std::string_view issuer = view->tenant.issuer;
    root = issuer.substr(0, issuer.find('/', std::string_view("https://").size()));
  }
  return root.append(kXcapPath).append(tenant).append("/");
}

void add_xcap_routes(http::Router& router, Contexts& contexts, Configuration& room) {
  const std::string pattern = std::string(kXcapPath).append("{tenant}/{rest*}");
  http::Route reading{http::Method::Get, pattern, 0, {}, {}};
  reading.handler = [room = &room, contexts = &contexts](http::Request request, http::PathValues path) {
    return get(room, contexts, std::move(request), std::move(path));
  };
  reading.inline_handler = [contexts = &contexts](const http::Request& request) {
    return get_inline(contexts, request);
  };
  router.add(std::move(reading));
  for (const Verb verb : {Verb::Put, Verb::Delete}) {
    http::Route route{verb == Verb::Put ? http::Method::Put : http::Method::Delete, pattern, kBodyBytesMax, {}, {}};
    route.handler = [room = &room, contexts = &contexts, verb](http::Request request, http::PathValues path) {
      return change(room, contexts, verb, std::move(request), std::move(path));
    };
    router.add(std::move(route));
  }
  add_changes_route(router, contexts, room);
}

}  // namespace claviger::configuration
