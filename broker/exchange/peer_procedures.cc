#include "broker/exchange/peer_procedures.h"

#include <algorithm>
#include <pugixml.hpp>

#include "broker/exchange/peer_links.h"
#include "broker/keys/certificate_trust.h"
#include "broker/keys/kms_request.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/percent.h"
#include "core/codec/xml_guard.h"
#include "core/crypto/credential.h"
#include "core/crypto/private_key_pem.h"
#include "core/crypto/signing_key.h"
#include "core/http/url.h"
#include "core/runtime/offload.h"
#include "storage/page.h"

namespace claviger::exchange {
namespace {

namespace tables = broker::tables;
using broker::Context;
using keys::ExternalCertificate;
using runtime::Task;

// Operators are few: who meets another's change twice is met by a program.
constexpr int kChangeTries = 3;

Result<Unit> check_names(const std::vector<std::string>& names, std::string_view where) {
  if (names.size() > kServicesMax) return Error{Code::TooMany, where};
  for (const std::string& name : names) {
    if (!keys::check_uri(name)) return Error{Code::BadValue, where};
  }
  return Unit{};
}

Result<Unit> check_peer(const Peer& peer) {
  CLAVIGER_TRY(uri, keys::check_uri(peer.kms_uri));
  const auto url = http::parse_url(peer.url);
  if (!url || !url->is_https || url->target.find('?') != std::string::npos) return Error{Code::BadValue, "url"};
  if (!keys::check_uri(peer.name)) return Error{Code::BadValue, "name"};
  const auto authorities = crypto::Certificate::from_pem(peer.ca_pem);
  if (peer.ca_pem.size() > kPemBytesMax || !authorities || authorities->empty()) return Error{Code::BadValue, "ca_pem"};
  CLAVIGER_TRY(shared, check_names(peer.shared, "shared"));
  return check_names(peer.held, "held");
}

// Loads as a TLS client's, and signs with ECDSA over P-256.
Result<Unit> check_identity(const std::string& chain_pem, const SecretBytes& key_pem) {
  if (chain_pem.size() > kPemBytesMax) return Error{Code::TooLarge, "identity.chain"};
  CLAVIGER_TRY(credential, crypto::Credential::load(chain_pem, key_pem.reveal()));
  CLAVIGER_TRY(der, crypto::pkcs8_of_pem(as_text(key_pem.reveal())));
  CLAVIGER_TRY(key, crypto::SigningKey::from_pkcs8(der.reveal()));
  if (key.algorithm() != crypto::SignatureAlgorithm::Es256) return Error{Code::KeyUse, "identity.key"};
  return Unit{};
}

// Of one operator's question: its connection does not outlive an agreement that he ends next.
Task<Result<http::ClientResponse>> ask_once(Context* context, std::string tenant, Peer peer, std::string path) {
  CLAVIGER_CO_TRY(identity, co_await read_identity(context, tenant));
  auto tls = co_await peer_tls(context, std::move(tenant), std::move(identity), peer.ca_pem);
  if (!tls) co_return tls.error();
  http::ClientOptions options;
  options.tls = *std::move(tls);
  options.connections_max = 1;
  auto client = std::make_unique<http::Client>(context->shard, std::move(options));
  auto answer = co_await client->send(peer_request(peer, path));
  // From the loop: this is still inside a call of its connection's.
  context->shard.defer([kept = std::move(client)]() mutable { kept.reset(); });
  co_return answer;
}

struct Checked {
  Peer peer;
  std::string document;
  std::int64_t now;
};
// What the peer sent, against what was agreed: the signer's name, the KMS URI.
Result<ExternalCertificate> read_document(const Checked& from) {
  if (from.document.size() > keys::kCertificateDocumentMax) return Error{Code::TooLarge, "exchange.certificate"};
  const auto read =
      keys::read_certificate_signed(from.document, "SignedKmsCertificate", "KmsCertificate", keys::kKmsNamespace);
  if (!read) return Error{Code::KmsCertificateInvalid, read.error().where};
  const auto signer = keys::check_certificate_signed(*read, from.peer.ca_pem, from.now);
  if (!signer) return Error{Code::KmsCertificateInvalid, signer.error().where};
  if (!keys::is_named(*signer, from.peer.name)) return Error{Code::KmsCertificateInvalid, "exchange.signer"};
  CLAVIGER_TRY(certificate, keys::read_kms_certificate(read->content));
  if (certificate.kms_uri != from.peer.kms_uri) return Error{Code::KmsUriDiffers, "exchange.kms_uri"};
  ExternalCertificate external;
  external.certificate = std::move(certificate);
  external.signer = signer->subject();
  return external;
}

Task<Result<ExternalCertificate>> read_somewhere(Context* context, Peer peer, std::string document) {
  const std::int64_t now = numeric_date(context->shard.wall());
  auto from = std::make_shared<const Checked>(Checked{std::move(peer), std::move(document), now});
  auto work = [from] { return read_document(*from); };
  auto read = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!read) co_return read.error();
  co_return *std::move(read);
}

struct FileRead {
  bool is_signed = false;
  keys::Domain certificate;
};
// What its root element says it is.
Result<FileRead> read_file(const std::string& xml) {
  if (xml.size() > keys::kCertificateDocumentMax) return Error{Code::XmlTooLarge, "exchange.certificate"};
  CLAVIGER_TRY(guarded, codec::guard_xml(xml));
  pugi::xml_document tree;
  if (!tree.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return Error{Code::XmlSyntax, "exchange.certificate"};
  }
  FileRead read;
  read.is_signed = std::string_view(tree.document_element().name()).ends_with("SignedKmsCertificate");
  std::string content;
  if (read.is_signed) {
    auto document = keys::read_certificate_signed(xml, "SignedKmsCertificate", "KmsCertificate", keys::kKmsNamespace);
    if (!document) return Error{Code::KmsCertificateInvalid, document.error().where};
    content = std::move(document->content);
  }
  CLAVIGER_TRY(certificate, keys::read_kms_certificate(read.is_signed ? content : xml));
  read.certificate = std::move(certificate);
  return read;
}

Task<Result<ExternalCertificate>> fetch_one(Context* context, std::string tenant, Peer peer, std::string path) {
  auto answer = co_await ask_once(context, std::move(tenant), peer, std::move(path));
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return Error{Code::Refused, "exchange.status"};
  co_return co_await read_somewhere(context, std::move(peer), std::move(answer->body));
}

}  // namespace

Task<Result<Identity>> set_identity(Context* context, std::string tenant, std::string chain_pem,
                                    std::shared_ptr<const SecretBytes> key_pem) {
  auto work = [chain_pem, key_pem] { return check_identity(chain_pem, *key_pem); };
  auto checked = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!checked) co_return checked.error();
  if (!*checked) co_return checked->error();
  const std::string key = identity_key(tenant);
  auto former = co_await context->store.get(tables::kKmsPeers, key);
  if (!former && former.error().code != Code::NotFound) co_return former.error();
  Identity identity;
  identity.chain_pem = std::move(chain_pem);
  identity.changed_at = numeric_date(context->shard.wall());
  CLAVIGER_CO_TRY(sealed, context->sealer.seal(tables::kKmsPeers, key, key_pem->reveal()));
  identity.sealed_key = std::move(sealed);
  storage::Transaction change;
  change.expect_version(tables::kKmsPeers, key, former ? former->version() : 0);
  change.put(tables::kKmsPeers, key, as_bytes(encode_identity(identity)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return identity;
}

Task<Result<Identity>> read_identity(Context* context, std::string tenant) {
  auto value = co_await context->store.get(tables::kKmsPeers, identity_key(tenant));
  if (!value) co_return value.error();
  co_return decode_identity(*value, tenant);
}

Task<Result<Peer>> set_peer(Context* context, std::string tenant, Peer peer) {
  CLAVIGER_CO_TRY(checked, check_peer(peer));
  CLAVIGER_CO_TRY(all, co_await list_peers(context, tenant));
  // Two peers of one name: a certificate would not say which of them asks.
  const bool is_taken = std::ranges::any_of(
      all, [&](const Peer& each) { return each.kms_uri != peer.kms_uri && each.name == peer.name; });
  if (is_taken) co_return Error{Code::KmsPeerTaken, "peer.name"};
  if (peer.version == 0) {
    if (all.size() >= kPeersMax) co_return Error{Code::TooMany, "peers"};
    peer.created_at = numeric_date(context->shard.wall());
  }
  const std::string key = peer_key(tenant, peer.kms_uri);
  storage::Transaction change;
  change.expect_version(tables::kKmsPeers, key, peer.version);
  change.put(tables::kKmsPeers, key, as_bytes(encode_peer(peer)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return peer;
}

Task<Result<Peer>> change_peer(Context* context, std::string tenant, std::string kms_uri, PeerChange wanted) {
  Result<Peer> done = Error{Code::Conflict, "peer"};
  for (int attempt = 0; attempt < kChangeTries && done.failed_with(Code::Conflict); ++attempt) {
    auto found = co_await find_peer(context, tenant, kms_uri);
    if (!found && !found.failed_with(Code::KmsPeerUnknown)) co_return found.error();
    Peer peer = found ? *std::move(found) : Peer();
    peer.kms_uri = kms_uri;
    peer.url = wanted.url.value_or(std::move(peer.url));
    peer.name = wanted.name.value_or(std::move(peer.name));
    peer.ca_pem = wanted.ca_pem.value_or(std::move(peer.ca_pem));
    peer.shared = wanted.shared.value_or(std::move(peer.shared));
    peer.held = wanted.held.value_or(std::move(peer.held));
    done = co_await set_peer(context, tenant, std::move(peer));
  }
  co_return done;
}

Task<Result<Unit>> remove_peer(Context* context, std::string tenant, std::string kms_uri) {
  CLAVIGER_CO_TRY(peer, co_await find_peer(context, tenant, kms_uri));
  const std::string key = peer_key(tenant, kms_uri);
  storage::Transaction change;
  change.expect_version(tables::kKmsPeers, key, peer.version);
  change.erase(tables::kKmsPeers, key);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return Unit{};
}

Task<Result<std::vector<Peer>>> list_peers(Context* context, std::string tenant) {
  const std::string prefix = peer_prefix(tenant);
  auto rows = co_await storage::range_all(&context->store, tables::kKmsPeers, prefix, broker::record_prefix_end(prefix),
                                          kPeersMax);
  if (!rows) co_return rows.error();
  std::vector<Peer> peers;
  for (const storage::Record& row : *rows) {
    CLAVIGER_CO_TRY(peer, decode_peer(row.value, std::string_view(row.key).substr(prefix.size())));
    peers.push_back(std::move(peer));
  }
  co_return peers;
}

Task<Result<Peer>> find_peer(Context* context, std::string tenant, std::string kms_uri) {
  CLAVIGER_CO_TRY(uri, keys::check_uri(kms_uri));
  auto value = co_await context->store.get(tables::kKmsPeers, peer_key(tenant, kms_uri));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::KmsPeerUnknown, "peer"};
  if (!value) co_return value.error();
  co_return decode_peer(*value, kms_uri);
}

Task<Result<ExternalCertificate>> read_certificate_file(Context* context, std::string tenant, std::string xml) {
  auto file = std::make_shared<const std::string>(std::move(xml));
  auto work = [file] { return read_file(*file); };
  auto offloaded = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!offloaded) co_return offloaded.error();
  CLAVIGER_CO_TRY(read, *std::move(offloaded));
  if (!read.is_signed) {
    ExternalCertificate external;
    external.certificate = std::move(read.certificate);
    co_return external;
  }
  // Whose it says it is decides by whom it must be signed; that is checked again with the signature.
  CLAVIGER_CO_TRY(peer, co_await find_peer(context, std::move(tenant), read.certificate.kms_uri));
  co_return co_await read_somewhere(context, std::move(peer), *file);
}

Task<Result<std::vector<ExternalCertificate>>> fetch_certificates(keys::Kms* kms, Context* context, std::string tenant,
                                                                  std::string kms_uri) {
  CLAVIGER_CO_TRY(peer, co_await find_peer(context, tenant, kms_uri));
  CLAVIGER_CO_TRY(known, co_await keys::list_certificates(kms, tenant));
  std::vector<std::string> paths{"/certificate"};
  for (const ExternalCertificate& each : known) {
    const bool is_its = each.is_admitted && each.certificate.kms_uri == kms_uri;
    if (!is_its || each.certificate.state == keys::DomainState::Revoked) continue;
    std::string path = "/certificate?cert-uri=";
    codec::percent_encode(each.certificate.cert_uri, path);
    paths.push_back(std::move(path));
  }
  std::vector<ExternalCertificate> came;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto fetched = co_await fetch_one(context, tenant, peer, paths[i]);
    if (!fetched) co_return fetched.error();
    auto proposed = co_await keys::propose_certificate(kms, tenant, *std::move(fetched));
    if (!proposed) co_return proposed.error();
    const bool is_there = std::ranges::any_of(came, [&](const ExternalCertificate& each) {
      return each.certificate.cert_uri == proposed->certificate.cert_uri;
    });
    if (!is_there) came.push_back(*std::move(proposed));
  }
  co_return came;
}

}  // namespace claviger::exchange
