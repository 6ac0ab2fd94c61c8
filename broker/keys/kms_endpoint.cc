#include "broker/keys/kms_endpoint.h"

#include "broker/identity/bearer.h"
#include "broker/keys/kms_caller.h"
#include "broker/keys/kms_error.h"
#include "broker/keys/kms_request.h"
#include "broker/keys/kms_response.h"
#include "broker/keys/kms_target.h"
#include "broker/keys/provision_procedure.h"
#include "broker/keys/request_checks.h"
#include "broker/keys/request_url.h"
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
    context.shard.logger().warning("kms.refused", {{"tenant", asked.tenant}, {"code", name_of(error.code)},
                                                   {"where", error.where}, {"user", asked.head.user_uri}});
  }
  if (said.status == 500) {
    context.shard.logger().error("kms.failed", {{"code", name_of(error.code)}, {"where", error.where}});
  }
  http::Response response(said.status, kXmlType, write_error(context.shard.slabs(), asked.head, said.code, said.message));
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

Slice init_answer(Asked& asked, const Domain& domain) {
  SlabWriter sink(asked.context->shard.slabs(), head_room(asked.head) + certificate_room(domain));
  XmlWriter xml(sink);
  write_head(xml, asked.head);
  xml.raw("<KmsMessage><KmsInit Version=\"1.0.0\">");
  write_certificate(xml, domain);
  xml.raw("</KmsInit></KmsMessage>").raw(kResponseEnd);
  return sink.finish();
}

Task<Result<Slice>> key_provision_answer(Asked* asked, Caller caller, KmsTarget target) {
  ProvisionRequest wanted;
  wanted.user_uri = target.uri.empty() ? asked->head.user_uri : std::move(target.uri);
  wanted.timestamp = std::move(target.timestamp);
  wanted.caller = std::move(caller);
  auto sets = co_await provision_keys(asked->kms, asked->context, std::move(wanted));
  if (!sets) co_return sets.error();
  std::size_t room = head_room(asked->head);
  for (const KeySet& set : *sets) room += key_set_room(set);
  SlabWriter sink(asked->context->shard.slabs(), room);
  XmlWriter xml(sink);
  write_head(xml, asked->head);
  xml.raw("<KmsMessage><KmsKeyProv Version=\"1.0.0\">");
  for (const KeySet& set : *sets) {
    CLAVIGER_CO_TRY(written, write_key_set(xml, asked->context->sealer, set));
  }
  xml.raw("</KmsKeyProv></KmsMessage>").raw(kResponseEnd);
  co_return sink.finish();
}

// D.2.5: own certificates, former ones with Revoked=true; nothing when the client has them all.
Slice cert_cache_answer(Asked& asked, const TenantDomains& domains, const KmsTarget& target) {
  const std::uint64_t number = domains.cache_number();
  const bool is_current = target.cache_number && *target.cache_number == number;
  std::size_t room = head_room(asked.head);
  for (const DomainRef& each : domains.generations) room += certificate_room(each->domain);
  SlabWriter sink(asked.context->shard.slabs(), room);
  XmlWriter xml(sink);
  write_head(xml, asked.head);
  xml.raw("<KmsMessage><KmsCertCache CacheNum=\"").raw(std::to_string(number)).raw("\" Version=\"1.0.0\">");
  for (const DomainRef& each : domains.generations) {
    // A number that we never gave: whatever the client has, it is not ours.
    const bool is_known = target.cache_number && *target.cache_number <= number;
    const bool is_news = !is_known || each->domain.cache_number > *target.cache_number;
    if (is_current || !is_news || each->domain.valid_to < asked.head.time) continue;
    write_certificate(xml, each->domain);
  }
  xml.raw("</KmsCertCache></KmsMessage>").raw(kResponseEnd);
  return sink.finish();
}

Result<Slice> cert_answer(Asked& asked, const TenantDomains& domains, const KmsTarget& target) {
  const Domain& domain = domains.generations.back()->domain;
  if (target.uri != domain.kms_uri) return Error{Code::KmsUnknown, "cert.uri"};
  SlabWriter sink(asked.context->shard.slabs(), head_room(asked.head) + certificate_room(domain));
  XmlWriter xml(sink);
  write_head(xml, asked.head);
  xml.raw("<KmsMessage><KmsCertCache CacheNum=\"").raw(std::to_string(domains.cache_number()));
  xml.raw("\" Version=\"1.0.0\">");
  write_certificate(xml, domain);
  xml.raw("</KmsCertCache></KmsMessage>").raw(kResponseEnd);
  return sink.finish();
}

Task<Result<Slice>> answer(Asked* asked) {
  Context& context = *asked->context;
  const auto table = asked->kms->table();
  // Nothing is looked at before it is known who asks.
  CLAVIGER_CO_TRY(admitted, admit(*table, context, asked->request));
  const Domain& domain = admitted.domain->domain;
  asked->tenant = admitted.caller.tenant;
  asked->head.kms_uri = domain.kms_uri;
  asked->head.user_uri = admitted.caller.identities.front();
  asked->head.client_req_url = url_of(context, asked->request, asked->tenant);
  CLAVIGER_CO_TRY(headers, check_headers(asked->request));
  CLAVIGER_CO_TRY(target, read_target(asked->rest));
  if (!asked->request.body.empty()) {
    CLAVIGER_CO_TRY(body, co_await read_body(asked->context, &asked->request));
    CLAVIGER_CO_TRY(checked, check_request(body, admitted.caller, domain, asked->head.client_req_url, asked->head.time));
    asked->head.user_uri = body.user_uri;
    asked->head.client_req_url = body.client_req_url;
  } else if (domain.policy.needs_signature) {
    co_return Error{Code::RequestUnsigned, "kms.body"};
  }
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
    case KmsCall::Lookup:
    case KmsCall::Redirect:
      break;
  }
  co_return Error{Code::NotFound, "kms.path"};
}

Task<http::Response> serve(Kms* kms, Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*contexts);
  Asked asked{kms, context, std::move(request), path.empty() ? std::string("redirect") : std::move(path[0]), {}, {}};
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
