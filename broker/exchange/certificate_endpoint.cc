#include "broker/exchange/certificate_endpoint.h"

#include "broker/exchange/peer_caller.h"
#include "broker/exchange/peer_procedures.h"
#include "broker/keys/kms_request.h"
#include "broker/keys/kms_response.h"
#include "broker/keys/xml_signature.h"
#include "broker/tables.h"
#include "core/codec/form.h"
#include "core/crypto/private_key_pem.h"
#include "core/http/problem.h"

namespace claviger::exchange {
namespace {

namespace tables = broker::tables;
using broker::Context;
using identity::Contexts;
using runtime::Task;

constexpr std::string_view kXml = "application/xml";
constexpr std::size_t kQueryBytesMax = 4 * 1024;

Result<std::string> wanted_of(const http::Request& request) {
  if (request.query.empty()) return std::string();
  CLAVIGER_TRY(form, codec::parse_form(request.query, kQueryBytesMax));
  CLAVIGER_TRY(uri, form.only("cert-uri"));
  return std::string(uri);
}

Task<Result<std::string>> answer(keys::Kms* kms, Context* context, std::string tenant, const http::Request* request) {
  CLAVIGER_CO_TRY(peer, co_await authenticate_peer(context, tenant, request));
  CLAVIGER_CO_TRY(wanted, wanted_of(*request));
  const auto table = kms->table();
  const keys::TenantDomains* domains = table->find(tenant);
  if (domains == nullptr) co_return Error{Code::KmsUnknown, "exchange.kms"};
  keys::DomainRef found = wanted.empty() ? domains->generations.back() : nullptr;
  for (const keys::DomainRef& each : domains->generations) {
    if (!wanted.empty() && each->domain.cert_uri == wanted) found = each;
  }
  if (found == nullptr) co_return Error{Code::KmsUnknown, "exchange.cert_uri"};
  CLAVIGER_CO_TRY(identity, co_await read_identity(context, tenant));
  auto key = context->sealer.open(tables::kKmsPeers, identity_key(tenant), as_bytes(identity.sealed_key));
  if (!key) co_return key.error();
  context->shard.logger().info("exchange.certificate", {{"tenant", tenant}, {"peer", peer.kms_uri}});
  co_return write_signed_certificate(context->shard.slabs(), found->domain, identity.chain_pem, *key);
}

http::Response refusal(const Error& error) {
  switch (error.code) {
    case Code::KmsPeerUnknown:
      return http::problem(403, "This KMS does not know you as a peer.");
    case Code::KmsUnknown:
    case Code::NotFound:
      return http::problem(404, "There is no such certificate.");
    case Code::FormSyntax:
    case Code::FormDuplicate:
    case Code::Utf8Invalid:
    case Code::TooLarge:
    case Code::TooMany:
      return http::problem(400, "The query is malformed.");
    default:
      return http::problem(503, "Try again later.");
  }
}

Task<http::Response> serve(keys::Kms* kms, Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = &identity::here(*contexts);
  const http::Request* asked = &request;
  auto answered = co_await answer(kms, context, path[0], asked);
  if (!answered) {
    context->shard.logger().warning(
        "exchange.refused",
        {{"tenant", path[0]}, {"code", name_of(answered.error().code)}, {"where", answered.error().where}});
    co_return refusal(answered.error());
  }
  co_return http::Response(200, kXml, *std::move(answered));
}

}  // namespace

Result<std::string> write_signed_certificate(SlabPool& slabs, const keys::Domain& certificate,
                                             const std::string& chain_pem, const SecretBytes& key_pem) {
  CLAVIGER_TRY(chain, crypto::Certificate::from_pem(chain_pem));
  CLAVIGER_TRY(der, crypto::pkcs8_of_pem(as_text(key_pem.reveal())));
  CLAVIGER_TRY(key, crypto::SigningKey::from_pkcs8(der.reveal()));
  const std::string space = "xmlns=\"" + std::string(keys::kKmsNamespace) + "\"";
  constexpr std::size_t kAttributesRoom = 256;
  SlabWriter sink(slabs, keys::certificate_room(certificate) + kAttributesRoom);
  keys::XmlWriter xml(sink);
  keys::write_certificate(xml, certificate, "Root", space + " Id=\"certificate\"");
  const Slice written = sink.finish();
  CLAVIGER_TRY(signature, keys::write_certificate_signature("certificate", as_bytes(written.text()), key, chain));
  std::string text = "<SignedKmsCertificate " + space + ">";
  return text.append(written.text()).append(signature).append("</SignedKmsCertificate>");
}

void add_exchange_routes(http::Router& router, Contexts& contexts, keys::Kms& kms) {
  http::Route route;
  route.method = http::Method::Get;
  route.pattern = std::string(kExchangePath).append("/certificate");
  route.body_bytes_max = 0;
  route.handler = [kms = &kms, contexts = &contexts](http::Request request, http::PathValues path) {
    return serve(kms, contexts, std::move(request), std::move(path));
  };
  router.add(std::move(route));
}

}  // namespace claviger::exchange
