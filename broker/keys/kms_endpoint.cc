#include "broker/keys/kms_endpoint.h"

#include "broker/identity/bearer.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/proxies.h"
#include "broker/keys/kms_caller.h"
#include "broker/keys/kms_error.h"
#include "broker/keys/kms_request.h"
#include "broker/keys/kms_response.h"
#include "broker/keys/kms_target.h"
#include "broker/keys/krr_reports.h"
#include "broker/keys/protection.h"
#include "broker/keys/provision_procedure.h"
#include "broker/keys/request_checks.h"
#include "broker/keys/request_url.h"
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
  if (said.status == 503 || said.status == 429) response.with("retry-after", "1");
  if (said.status == 401 || error.code == Code::BearerScope) {
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
  SlabWriter sink(asked.context->shard.slabs(), ResponseFrame::room(asked.head, asked.protection) + room);
  XmlWriter xml(sink);
  ResponseFrame frame(xml, asked.head, asked.protection);
  xml.raw("<KmsMessage>");
  CLAVIGER_TRY(written, write(xml));
  xml.raw("</KmsMessage>");
  frame.end();
  return sink.finish();
}

constexpr std::size_t kContainerRoom = 256;

Result<Slice> init_answer(Asked& asked, const Domain& domain) {
  const std::size_t room = kContainerRoom + certificate_room(domain) + offered_room(asked.protection);
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
  std::size_t room = kContainerRoom + offered_room(asked.protection);
  for (const KeySet& set : sets) room += key_set_room(set, asked.protection);
  return answer_with(asked, room, [&](XmlWriter& xml) -> Result<Unit> {
    const bool has_news = !asked.protection.offered.empty();
    xml.raw(has_news ? "<KmsKeyProv Version=\"1.0.0\" xsi:type=\"KmsKeyProvTkIkType\">"
                     : "<KmsKeyProv Version=\"1.0.0\">");
    for (const KeySet& set : sets) {
      CLAVIGER_TRY(written, write_key_set(xml, asked.context->sealer, set, asked.protection));
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
  co_return key_sets_answer(*asked, *sets);
}

Result<Slice> certificates_answer(Asked& asked, std::uint64_t cache_number,
                                  const std::vector<DomainRef>& certificates) {
  std::size_t room = kContainerRoom;
  for (const DomainRef& each : certificates) room += certificate_room(each->domain);
  return answer_with(asked, room, [&](XmlWriter& xml) -> Result<Unit> {
    xml.raw("<KmsCertCache CacheNum=\"").raw(std::to_string(cache_number)).raw("\" Version=\"1.0.0\">");
    for (const DomainRef& each : certificates) write_certificate(xml, each->domain);
    xml.raw("</KmsCertCache>");
    return Unit{};
  });
}

// D.2.5: own certificates, former ones with Revoked=true; nothing when the client has them all.
Result<Slice> cert_cache_answer(Asked& asked, const TenantDomains& domains, const KmsTarget& target) {
  const std::uint64_t number = domains.cache_number();
  // A number that we never gave: whatever the client has, it is not ours.
  const std::uint64_t known = target.cache_number && *target.cache_number <= number ? *target.cache_number : 0;
  std::vector<DomainRef> news;
  for (const DomainRef& each : domains.generations) {
    if (each->domain.cache_number > known && each->domain.valid_to >= asked.head.time) news.push_back(each);
  }
  return certificates_answer(asked, number, news);
}

Result<Slice> cert_answer(Asked& asked, const TenantDomains& domains, const KmsTarget& target) {
  if (target.uri != domains.generations.back()->domain.kms_uri) return Error{Code::KmsUnknown, "cert.uri"};
  return certificates_answer(asked, domains.cache_number(), {domains.generations.back()});
}

// D.2.7. The standard's own element was not to be read: ours has a namespace of its own.
Task<Result<Slice>> lookup_answer(Asked* asked, Caller caller, std::string user_uri) {
  auto known = co_await user_since(asked->context, caller.tenant, user_uri);
  if (!known) co_return known.error();
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(asked->context, caller.tenant, user_uri));
  std::vector<std::string> uris{asked->head.kms_uri};
  // Where somebody may migrate to is for himself to know.
  if (caller.may_ask_for(user_uri)) uris.insert(uris.end(), policy.migration_kms.begin(), policy.migration_kms.end());
  std::size_t room = kContainerRoom + XmlWriter::kEscapedMax * user_uri.size();
  for (const std::string& uri : uris) room += kContainerRoom + XmlWriter::kEscapedMax * uri.size();
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

// Spec 4.11 step 6: a server asks for the keys of the identity that an operator granted it.
Task<Result<Unit>> add_granted(Context* context, Caller* caller, std::string uri) {
  if (!caller->is_service || uri.empty() || caller->may_ask_for(uri)) co_return Unit{};
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
  // Its tokens live on for minutes.
  auto client = co_await identity::find_client(&context, admitted.caller.tenant, admitted.caller.client_id);
  if (!client && !client.failed_with(Code::ClientUnknown)) co_return client.error();
  if (!client || !client->is_enabled) co_return Error{Code::TokenRevoked, "kms.client"};
  admitted.caller.client_since = client->created_at;
  const Domain& domain = admitted.domain->domain;
  asked->tenant = admitted.caller.tenant;
  asked->head.kms_uri = domain.kms_uri;
  const std::vector<std::string>& own = admitted.caller.identities;
  asked->head.user_uri = own.empty() ? admitted.caller.client_id : own.front();
  asked->head.client_req_url = url_of(context, asked->request, asked->tenant);
  CLAVIGER_CO_TRY(headers, check_headers(asked->request));
  CLAVIGER_CO_TRY(target, read_target(asked->rest));
  std::string krr;
  if (!asked->request.body.empty()) {
    CLAVIGER_CO_TRY(body, co_await read_body(asked->context, &asked->request));
    auto granted = co_await add_granted(asked->context, &admitted.caller, body.user_uri);
    if (!granted) co_return granted.error();
    CLAVIGER_CO_TRY(checked,
                    check_request(body, admitted.caller, domain, asked->head.client_req_url, asked->head.time));
    asked->head.user_uri = body.user_uri;
    asked->head.client_req_url = body.client_req_url;
    krr = std::exchange(body.krr, std::string());
    DomainPolicy policy = domain.policy;
    auto protection = co_await authenticate_request(asked->context, asked->tenant, std::move(body),
                                                    std::string(asked->request.body.text()), std::move(policy));
    if (!protection) co_return protection.error();
    asked->protection = *std::move(protection);
  } else if (domain.policy.needs_signature) {
    co_return Error{Code::RequestUnsigned, "kms.body"};
  } else if (domain.policy.needs_transport_key) {
    co_return Error{Code::TransportKeyMissing, "kms.body"};
  }
  auto granted_path = co_await add_granted(asked->context, &admitted.caller, target.uri);
  if (!granted_path) co_return granted_path.error();
  const bool needs_wrap = target.call == KmsCall::KeyProvision && is_behind_proxy(*asked);
  if (needs_wrap && !asked->protection.wraps()) co_return Error{Code::TransportKeyMissing, "kms.proxy"};
  const TenantDomains& domains = *table->find(asked->tenant);
  switch (target.call) {
    case KmsCall::Init:
      co_return init_answer(*asked, domain);
    case KmsCall::KeyProvision: {
      auto answered = co_await key_provision_answer(asked, std::move(admitted.caller), std::move(target));
      co_return answered;
    }
    case KmsCall::CertCache:
      co_return cert_cache_answer(*asked, domains, target);
    case KmsCall::Cert:
      co_return cert_answer(*asked, domains, target);
    case KmsCall::Lookup: {
      auto answered = co_await lookup_answer(asked, std::move(admitted.caller), std::move(target.uri));
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
  asked.head.time = numeric_date(context->shard.wall());
  asked.head.client_req_url = url_of(*context, asked.request, {});
  auto answered = co_await answer(&asked);
  if (!answered) co_return refuse(asked, answered.error());
  co_return http::Response(200, kXmlType, *std::move(answered));
}

}  // namespace

void add_kms_routes(http::Router& router, Contexts& contexts, Kms& kms) {
  const auto handler = [kms = &kms, contexts = &contexts](http::Request request, http::PathValues path) {
    return serve(kms, contexts, std::move(request), std::move(path));
  };
  const std::string root(kRoot);
  router.add({http::Method::Post, root + "redirect", kRedirectBytesMax, handler});
  router.add({http::Method::Post, root + "{rest*}", kBodyBytesMax, handler});
}

}  // namespace claviger::keys
