#include "broker/keys/kms_endpoint.h"

#include <algorithm>

#include "broker/identity/bearer.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/proxies.h"
#include "broker/keys/certificate_trust.h"
#include "broker/keys/delivery.h"
#include "broker/keys/extraction.h"
#include "broker/keys/group_server.h"
#include "broker/keys/kms_caller.h"
#include "broker/keys/kms_error.h"
#include "broker/keys/kms_request.h"
#include "broker/keys/kms_response.h"
#include "broker/keys/kms_target.h"
#include "broker/keys/krr_reports.h"
#include "broker/keys/plain_request.h"
#include "broker/keys/presented_certificate.h"
#include "broker/keys/protection.h"
#include "broker/keys/provision_procedure.h"
#include "broker/keys/request_checks.h"
#include "broker/keys/request_url.h"
#include "broker/keys/signed_delivery.h"
#include "broker/keys/user_procedures.h"
#include "core/runtime/offload.h"

namespace claviger::keys {
namespace {

using broker::Context;
using identity::Contexts;
using runtime::Task;

constexpr std::string_view kRoot = "/keymanagement/identity/v1/";
// Spec row 3: a KmsRequest has some hundred octets, an uploaded redirect response is nested.
constexpr std::size_t kBodyBytesMax = 64 * 1024;
constexpr std::size_t kRedirectBytesMax = 256 * 1024;
// A body up to this is read in some ten microseconds: on the loop.
constexpr std::size_t kReadInlineMax = 8 * 1024;

// One request, as far as it has come. Lives in the handler's frame.
struct Asked {
  Kms* kms;
  Context* context;
  http::Request request;
  std::string rest;   // of the path
  ResponseHead head;  // of the answer, error or not
  Protection protection;
  std::string tenant;
};

std::string url_of(const Context& context, const http::Request& request, std::string_view tenant) {
  const broker::Snapshot& snapshot = *context.snapshot;
  std::string url = snapshot.settings->public_origin;
  const broker::TenantView* view = snapshot.find(tenant);
  if (url.empty() && view != nullptr) url = origin_of(view->tenant.issuer);
  return url.append(request.path);
}

http::Response refuse(Asked& asked, const Error& error) {
  const KmsError said = kms_error_of(error.code);
  Context& context = *asked.context;
  if (said.status == 403) {
    context.shard.logger().warning("kms.refused", {{"tenant", asked.tenant},
                                                   {"code", name_of(error.code)},
                                                   {"where", error.where},
                                                   {"user", asked.head.user_uri}});
  }
  if (said.status == 500) {
    context.shard.logger().error("kms.failed", {{"code", name_of(error.code)}, {"where", error.where}});
  }
  http::Response response(said.status, kXmlType,
                          write_error(context.shard.slabs(), asked.head, said.code, said.message));
  if (said.status == 503 || said.status == 429) {
    const bool is_crowd = error.code == Code::Overload && error.where == Extraction::kFull;
    response.with("retry-after", is_crowd ? std::to_string(asked.kms->extraction().retry_after_seconds(
                                                asked.head.user_uri, asked.head.time))
                                          : "1");
  }
  if (said.status == 401 || error.code == Code::BearerScope || error.code == Code::BearerSeveral) {
    const std::string_view realm = asked.tenant.empty() ? std::string_view("kms") : std::string_view(asked.tenant);
    for (http::ResponseHeader& header : identity::bearer_error_response(realm, error).headers) {
      response.headers.push_back(std::move(header));
    }
  }
  return response;
}

Task<Result<KmsRequest>> read_body(Context* context, const http::Request* request) {
  if (request->body.size() <= kReadInlineMax) co_return read_kms_request(request->body.text());
  // copy: a slice belongs to its shard; the pool is another thread.
  auto work = [text = std::string(request->body.text())] { return read_kms_request(text); };
  auto read = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!read) co_return read.error();
  co_return *std::move(read);
}

// A message between the beginning and the end of an answer: `write` fills it, into `room` octets at most.
template <typename Write>
Result<Slice> answer_with(Asked& asked, std::size_t room, Write write) {
  SlabWriter sink(asked.context->shard.slabs(), ResponseFrame::room(asked.head.view(), asked.protection) + room);
  XmlWriter xml(sink);
  ResponseFrame frame(xml, asked.head.view(), asked.protection);
  xml.raw("<KmsMessage>");
  CLAVIGER_TRY(written, write(xml));
  xml.raw("</KmsMessage>");
  frame.end();
  return sink.finish();
}

// Whose keys are revoked has his certificate, but no new transport keys under one that is perhaps no longer his alone.
Task<Result<Unit>> withhold_from_revoked(Asked* asked) {
  if (asked->protection.offered.empty()) co_return Unit{};
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(asked->context, asked->tenant, asked->head.user_uri));
  if (policy.is_revoked) asked->protection.offered.clear();
  co_return Unit{};
}

Result<Slice> init_answer(Asked& asked, const Domain& domain) {
  const std::size_t room = kMessageRoom + certificate_room(domain) + offered_room(asked.protection);
  return answer_with(asked, room, [&](XmlWriter& xml) -> Result<Unit> {
    const bool has_news = !asked.protection.offered.empty();
    xml.raw(has_news ? "<KmsInit Version=\"1.0.0\" xsi:type=\"KmsInitTkIkType\">" : "<KmsInit Version=\"1.0.0\">");
    write_certificate(xml, domain);
    CLAVIGER_TRY(offered, write_offered(xml, domain.policy, asked.protection));
    xml.raw("</KmsInit>");
    return Unit{};
  });
}

Result<Slice> key_sets_answer(Asked& asked, const std::vector<KeySet>& sets) {
  std::size_t room = kMessageRoom + offered_room(asked.protection);
  for (const KeySet& set : sets) room += key_set_room(set.view(), asked.protection);
  return answer_with(asked, room, [&](XmlWriter& xml) -> Result<Unit> {
    const bool has_news = !asked.protection.offered.empty();
    xml.raw(has_news ? "<KmsKeyProv Version=\"1.0.0\" xsi:type=\"KmsKeyProvTkIkType\">"
                     : "<KmsKeyProv Version=\"1.0.0\">");
    for (const KeySet& set : sets) {
      CLAVIGER_TRY(written, write_key_set(xml, asked.context->sealer, set.view(), asked.protection));
    }
    CLAVIGER_TRY(offered, write_offered(xml, sets.back().domain->domain.policy, asked.protection));
    xml.raw("</KmsKeyProv>");
    return Unit{};
  });
}

Task<Result<Slice>> key_provision_answer(Asked* asked, Caller caller, KmsTarget target) {
  ProvisionRequest wanted;
  wanted.user_uri = target.uri.empty() ? asked->head.user_uri : std::move(target.uri);
  wanted.timestamp = std::move(target.timestamp);
  wanted.caller = std::move(caller);
  auto sets = co_await provision_keys(asked->kms, asked->context, std::move(wanted));
  if (!sets) co_return sets.error();
  // Whoever was signed off while he waited for others' turn gets no keys; whose token only became old has waited long enough.
  const auto still = admit_view(*asked->kms->table(), *asked->context, asked->request);
  if (still.failed_with(Code::TokenRevoked)) co_return still.error();
  co_return key_sets_answer(*asked, *sets);
}

struct Shown {
  const Domain* certificate;
  std::string_view role;
};
Result<Slice> certificates_answer(Asked& asked, std::uint64_t cache_number, const std::vector<Shown>& certificates) {
  std::size_t room = kMessageRoom;
  for (const Shown& each : certificates) room += certificate_room(*each.certificate);
  return answer_with(asked, room, [&](XmlWriter& xml) -> Result<Unit> {
    xml.raw("<KmsCertCache CacheNum=\"").raw(std::to_string(cache_number)).raw("\" Version=\"1.0.0\">");
    for (const Shown& each : certificates) write_certificate(xml, *each.certificate, each.role);
    xml.raw("</KmsCertCache>");
    return Unit{};
  });
}

// Clause 5.3.1.2: an operator may have said which External KMSs are for this user; else all that are admitted.
bool may_have(const UserPolicy& policy, const ExternalCertificate& external) {
  return policy.external_kms.empty() ||
         std::ranges::find(policy.external_kms, external.certificate.kms_uri) != policy.external_kms.end();
}

// D.2.5: own certificates, former ones with Revoked=true, and External ones; nothing when the client has them all.
Task<Result<Slice>> cert_cache_answer(Asked* asked, const TenantDomains* domains, KmsTarget target) {
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(asked->context, asked->tenant, asked->head.user_uri));
  const std::uint64_t number = domains->cache_number();
  // A number that we never gave: whatever the client has, it is not ours.
  const std::uint64_t known = target.cache_number && *target.cache_number <= number ? *target.cache_number : 0;
  std::vector<Shown> news;
  const auto is_news = [&](const Domain& certificate) {
    return certificate.cache_number > known && certificate.valid_to >= asked->head.time;
  };
  for (const DomainRef& each : domains->generations) {
    if (is_news(each->domain)) news.push_back({&each->domain, "Root"});
  }
  for (const ExternalRef& each : domains->externals) {
    if (is_news(each->certificate) && may_have(policy, *each)) news.push_back({&each->certificate, "External"});
  }
  co_return certificates_answer(*asked, number, news);
}

// The newest of that KMS.
Task<Result<Slice>> cert_answer(Asked* asked, const TenantDomains* domains, KmsTarget target) {
  const Domain& own = domains->generations.back()->domain;
  if (target.uri == own.kms_uri) co_return certificates_answer(*asked, domains->cache_number(), {{&own, "Root"}});
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(asked->context, asked->tenant, asked->head.user_uri));
  const ExternalCertificate* newest = nullptr;
  for (const ExternalRef& each : domains->externals) {
    if (each->certificate.kms_uri != target.uri || !may_have(policy, *each)) continue;
    if (newest == nullptr || each->certificate.valid_from >= newest->certificate.valid_from) newest = each.get();
  }
  if (newest == nullptr) co_return Error{Code::KmsUnknown, "cert.uri"};
  co_return certificates_answer(*asked, domains->cache_number(), {{&newest->certificate, "External"}});
}

// "sip:ann@alpha.example;x" -> "alpha.example".
std::string_view host_of(std::string_view uri) {
  const std::size_t at = uri.find('@');
  if (at == std::string_view::npos) return {};
  const std::string_view host = uri.substr(at + 1);
  return host.substr(0, host.find_first_of(";?:"));
}

// The KMS in whose list of domains the user's is, of those that whoever asks may have.
std::string external_kms_of(const TenantDomains& domains, const UserPolicy& asker, std::string_view user_uri) {
  for (const ExternalRef& each : domains.externals) {
    const Domain& certificate = each->certificate;
    const bool serves = std::ranges::find(certificate.domains, host_of(user_uri)) != certificate.domains.end();
    if (serves && certificate.state == DomainState::Active && may_have(asker, *each)) return certificate.kms_uri;
  }
  return {};
}

// D.2.7. The standard's own element was not to be read: ours has a namespace of its own.
Task<Result<Slice>> lookup_answer(Asked* asked, const TenantDomains* domains, Caller caller, std::string user_uri) {
  auto known = co_await user_since(asked->context, caller.tenant, user_uri);
  CLAVIGER_CO_TRY(asker, co_await read_user_policy(asked->context, caller.tenant, asked->head.user_uri));
  std::string external = known ? std::string() : external_kms_of(*domains, asker, user_uri);
  if (!known && external.empty()) co_return known.error();
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(asked->context, caller.tenant, user_uri));
  std::vector<std::string> uris{external.empty() ? asked->head.kms_uri : external};
  // Where somebody may migrate to is for himself to know.
  if (caller.may_ask_for(user_uri)) uris.insert(uris.end(), policy.migration_kms.begin(), policy.migration_kms.end());
  std::size_t room = kMessageRoom + XmlWriter::kEscapedMax * user_uri.size();
  for (const std::string& uri : uris) room += kMessageRoom + XmlWriter::kEscapedMax * uri.size();
  const auto write = [&](XmlWriter& xml) -> Result<Unit> {
    xml.raw("<KmsLookup xmlns=\"urn:claviger:kms:lookup:1.0\">").element("UserUri", user_uri);
    for (const std::string& uri : uris) xml.element("KmsUri", uri);
    xml.raw("</KmsLookup>");
    return Unit{};
  };
  co_return answer_with(*asked, room, write);
}

// Behind a proxy that ends the TLS user keys leave under a TrK only: whoever reads along there must not have them.
bool is_behind_proxy(const Asked& asked) {
  const settings::Settings& settings = *asked.context->snapshot->settings;
  return asked.request.peer != nullptr && identity::is_trusted_proxy(settings, asked.request.peer->address);
}

// SEAL-X1: the token says which client, the certificate that it is that server. Of that authority, where the operator named one:
// whatever else the listener trusts may issue a certificate of any name.
Task<bool> is_that_server(Context* context, const http::Request* request, const Caller* caller, GroupServer server) {
  if (server.client_id != caller->client_id || server.client_since != caller->client_since) co_return false;
  auto certificate = presented_certificate(*context->snapshot->settings, *request);
  if (!certificate || !is_named(*certificate, server.certificate_name)) co_return false;
  if (server.ca_pem.empty()) co_return true;
  std::string issuer = certificate->issuer();
  auto work = [certificate = *std::move(certificate), ca = std::move(server.ca_pem),
               now = numeric_date(context->shard.wall())] { return check_authority(certificate, ca, now); };
  const auto done = co_await runtime::offload(&context->work_pool, std::move(work));
  if (done && *done) co_return true;
  context->shard.logger().warning("kms.authority_differs", {{"server", server.server_uri}, {"issuer", issuer}});
  co_return false;
}

// A group management server that does not say for which identity it asks means its own; empty: it has none, or several.
Task<Result<std::string>> own_server_identity(Context* context, const Caller* caller, const http::Request* request) {
  CLAVIGER_CO_TRY(servers, co_await list_group_servers(context, caller->tenant));
  std::string found;
  for (GroupServer& each : servers) {
    const bool is_it = co_await is_that_server(context, request, caller, each);
    if (!is_it) continue;
    if (!found.empty()) co_return std::string();
    found = std::move(each.server_uri);
  }
  co_return found;
}

// Spec 4.11 step 6: a server asks for the keys of the identity that an operator granted it.
Task<Result<Unit>> add_granted(Context* context, Caller* caller, const http::Request* request, std::string uri) {
  if (!caller->is_service || uri.empty() || caller->may_ask_for(uri)) co_return Unit{};
  auto server = co_await find_group_server(context, caller->tenant, uri);
  if (server) {
    const bool is_it = co_await is_that_server(context, request, caller, *server);
    if (!is_it) co_return Error{Code::KeysDenied, "kms.group_server"};
    caller->identities.push_back(std::move(uri));
    co_return Unit{};
  }
  if (!server.failed_with(Code::GroupServerUnknown) && !server.failed_with(Code::UriPathInvalid)) {
    co_return server.error();
  }
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(context, caller->tenant, uri));
  if (policy.client_id == caller->client_id && policy.client_since == caller->client_since)
    caller->identities.push_back(std::move(uri));
  co_return Unit{};
}

Task<Result<Slice>> answer(Asked* asked) {
  Context& context = *asked->context;
  const auto table = asked->kms->table();
  // Nothing is looked at before it is known who asks.
  CLAVIGER_CO_TRY(admitted, admit(*table, context, asked->request));
  // Its tokens would live on, for hours.
  auto client = co_await context.identity->clients().find(admitted.caller.tenant, admitted.caller.client_id);
  if (!client && !client.failed_with(Code::ClientUnknown)) co_return client.error();
  if (!client || !(*client)->is_enabled) co_return Error{Code::TokenRevoked, "kms.client"};
  admitted.caller.client_since = (*client)->created_at;
  const Domain& domain = admitted.domain->domain;
  asked->tenant = admitted.caller.tenant;
  asked->head.kms_uri = domain.kms_uri;
  const std::vector<std::string>& own = admitted.caller.identities;
  asked->head.user_uri = own.empty() ? admitted.caller.client_id : own.front();
  asked->head.client_req_url = url_of(context, asked->request, asked->tenant);
  CLAVIGER_CO_TRY(headers, check_headers(asked->request));
  CLAVIGER_CO_TRY(target, read_target(asked->rest));
  if (admitted.caller.is_service && own.empty() && target.uri.empty() && asked->request.body.empty()) {
    CLAVIGER_CO_TRY(uri, co_await own_server_identity(asked->context, &admitted.caller, &asked->request));
    if (!uri.empty()) admitted.caller.identities.push_back(asked->head.user_uri = std::move(uri));
  }
  std::string krr;
  if (!asked->request.body.empty()) {
    CLAVIGER_CO_TRY(body, co_await read_body(asked->context, &asked->request));
    auto granted = co_await add_granted(asked->context, &admitted.caller, &asked->request, body.user_uri);
    if (!granted) co_return granted.error();
    CLAVIGER_CO_TRY(checked,
                    check_request(body, admitted.caller, domain, asked->head.client_req_url, asked->head.time));
    asked->head.user_uri = body.user_uri;
    asked->head.client_req_url = body.client_req_url;
    krr = std::exchange(body.krr, std::string());
    DomainPolicy policy = domain.policy;
    auto protection = co_await authenticate_request(asked->kms, asked->context, asked->tenant, std::move(body),
                                                    std::string(asked->request.body.text()), std::move(policy));
    if (!protection) co_return protection.error();
    asked->protection = *std::move(protection);
  } else if (domain.policy.needs_signature) {
    co_return Error{Code::RequestUnsigned, "kms.body"};
  } else if (domain.policy.needs_transport_key) {
    co_return Error{Code::TransportKeyMissing, "kms.body"};
  }
  auto granted_path = co_await add_granted(asked->context, &admitted.caller, &asked->request, target.uri);
  if (!granted_path) co_return granted_path.error();
  const bool needs_wrap = target.call == KmsCall::KeyProvision && is_behind_proxy(*asked);
  if (needs_wrap && !asked->protection.wraps()) co_return Error{Code::TransportKeyMissing, "kms.proxy"};
  const TenantDomains& domains = *table->find(asked->tenant);
  switch (target.call) {
    case KmsCall::Init: {
      CLAVIGER_CO_TRY(due, co_await withhold_from_revoked(asked));
      co_return init_answer(*asked, domain);
    }
    case KmsCall::KeyProvision: {
      auto answered = co_await key_provision_answer(asked, std::move(admitted.caller), std::move(target));
      co_return answered;
    }
    case KmsCall::CertCache: {
      auto answered = co_await cert_cache_answer(asked, &domains, std::move(target));
      co_return answered;
    }
    case KmsCall::Cert: {
      auto answered = co_await cert_answer(asked, &domains, std::move(target));
      co_return answered;
    }
    case KmsCall::Lookup: {
      auto answered = co_await lookup_answer(asked, &domains, std::move(admitted.caller), std::move(target.uri));
      co_return answered;
    }
    case KmsCall::Redirect: {
      if (krr.empty()) co_return Error{Code::XmlSchema, "kms.krr"};
      auto kept = co_await keep_report(asked->context, asked->tenant, asked->head.user_uri, std::move(krr));
      if (!kept) co_return kept.error();
      const auto nothing = [](XmlWriter&) { return Result<Unit>(Unit{}); };
      co_return answer_with(*asked, 0, nothing);
    }
  }
  co_return Error{Code::NotFound, "kms.path"};
}

Task<http::Response> serve(Kms* kms, Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*contexts);
  Asked asked{kms, context, std::move(request), path.empty() ? std::string("redirect") : std::move(path[0]), {},
              {},  {}};
  if (is_signed_form(asked.request.body.text())) {
    auto delivered = co_await deliver_signed(kms, context, &asked.request, &asked.rest);
    if (!delivered) {
      // Good up to here: its head says of whom it is.
      const PlainRequest of = read_plain_signed(asked.request.body.text())->request;
      asked.head = {std::string(of.user_uri), std::string(of.kms_uri), numeric_date(context->shard.wall()),
                    std::string(of.client_req_url)};
      co_return refuse(asked, delivered.error());
    }
    if (*delivered) co_return **std::move(delivered);
  }
  asked.head.time = numeric_date(context->shard.wall());
  asked.head.client_req_url = url_of(*context, asked.request, {});
  auto answered = co_await answer(&asked);
  if (!answered) co_return refuse(asked, answered.error());
  http::Response response(200, kXmlType, *std::move(answered));
  response.is_secret = true;
  co_return response;
}

}  // namespace

void add_kms_routes(http::Router& router, Contexts& contexts, Kms& kms) {
  const auto handler = [kms = &kms, contexts = &contexts](http::Request request, http::PathValues path) {
    return serve(kms, contexts, std::move(request), std::move(path));
  };
  const auto at_hand = [kms = &kms, contexts = &contexts](const http::Request& request) {
    return deliver_at_hand(*kms, identity::here(*contexts), request);
  };
  const std::string root(kRoot);
  router.add({http::Method::Post, root + "redirect", kRedirectBytesMax, handler, {}});
  router.add({http::Method::Post, root + "{rest*}", kBodyBytesMax, handler, at_hand});
}

}  // namespace claviger::keys
