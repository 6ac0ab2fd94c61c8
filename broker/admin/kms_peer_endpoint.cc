#include "broker/admin/kms_peer_endpoint.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/verb.h"
#include "broker/exchange/peer_procedures.h"
#include "broker/keys/group_server.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using keys::ExternalCertificate;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

Result<Unit> check_room(const Call& call) {
  if (call.services.kms == nullptr) return Error{Code::NotFound, "kms"};
  return check_tenant(call);
}

void write_list(Json& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

void write_peer(Json& json, const exchange::Peer& peer) {
  json.begin_object().member("kms_uri", peer.kms_uri).member("url", peer.url).member("name", peer.name);
  write_list(json, "shared", peer.shared);
  write_list(json, "held", peer.held);
  json.member("created_at", peer.created_at).end_object();
}

void write_certificate(Json& json, const ExternalCertificate& each) {
  const keys::Domain& certificate = each.certificate;
  const bool is_revoked = certificate.state == keys::DomainState::Revoked;
  json.begin_object().member("kms_uri", certificate.kms_uri).member("cert_uri", certificate.cert_uri);
  json.member("state", is_revoked ? "revoked" : each.is_admitted ? "admitted" : "pending");
  json.member("fingerprint", keys::fingerprint_of(certificate));
  if (!each.signer.empty()) json.member("signer", each.signer);
  json.member("period", certificate.periods.seconds).member("valid_from", certificate.valid_from);
  json.member("valid_to", certificate.valid_to);
  write_list(json, "domains", certificate.domains);
  if (each.fetched_at != 0) json.member("fetched_at", each.fetched_at);
  if (each.is_admitted) json.member("admitted_at", each.admitted_at).member("cache_number", certificate.cache_number);
  json.end_object();
}

template <typename Items, typename Write>
Answer page_of(const Items& items, Write write) {
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const auto& item : items) write(json, item);
  json.end_array().end_object();
  return Answer(std::move(text));
}

template <typename Item, typename Write>
Answer answer_of(const Item& item, Write write) {
  std::string text;
  Json json(text);
  write(json, item);
  return Answer(std::move(text));
}

// {"chain_pem": ..., "key_pem": ...}
Task<Answer> set_identity(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::string chain;
  SecretBytes key;
  ObjectReader members(object);
  members.read("chain_pem", chain).require("chain_pem").read("key_pem", key).require("key_pem");
  const auto wrong = members.wrong();
  reader.wipe();
  if (wrong) co_return Answer(Code::BadValue, *wrong);
  auto kept = std::make_shared<const SecretBytes>(std::move(key));
  auto done = co_await exchange::set_identity(call->at(), call->values[0], std::move(chain), std::move(kept));
  if (!done) co_return done.error();
  std::string text;
  Json json(text);
  json.begin_object().member("changed_at", done->changed_at).member("chain_pem", done->chain_pem).end_object();
  co_return Answer(std::move(text));
}

Task<Answer> set_peer(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  const auto found = co_await exchange::find_peer(call->at(), call->values[0], call->values[1]);
  if (!found && !found.failed_with(Code::KmsPeerUnknown)) co_return found.error();
  exchange::PeerChange wanted;
  ObjectReader members(object);
  if (!found) members.require("url").require("name").require("ca_pem");
  for (const auto& [name, text] :
       {std::pair{"url", &wanted.url}, std::pair{"name", &wanted.name}, std::pair{"ca_pem", &wanted.ca_pem}}) {
    if (members.has(name)) members.read(name, text->emplace());
  }
  for (const auto& [name, list] : {std::pair{"shared", &wanted.shared}, std::pair{"held", &wanted.held}}) {
    if (members.has(name)) members.read(name, list->emplace());
  }
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  while (wanted.url && wanted.url->ends_with('/')) wanted.url->pop_back();
  auto done = co_await exchange::change_peer(call->at(), call->values[0], call->values[1], std::move(wanted));
  if (done.failed_with(Code::BadValue)) co_return Answer(Code::BadValue, std::string(done.error().where));
  if (!done) co_return done.error();
  co_return answer_of(*done, write_peer);
}

Task<Answer> list_peers(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto peers = co_await exchange::list_peers(call->at(), call->values[0]);
  if (!peers) co_return peers.error();
  co_return page_of(*peers, write_peer);
}

Task<Answer> remove_peer(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await exchange::remove_peer(call->at(), call->values[0], call->values[1]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

Task<Answer> fetch(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto came = co_await exchange::fetch_certificates(call->services.kms, call->at(), call->values[0], call->values[1]);
  if (!came) co_return came.error();
  co_return page_of(*came, write_certificate);
}

Task<Answer> list_certificates(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto all = co_await keys::list_certificates(call->services.kms, call->values[0]);
  if (!all) co_return all.error();
  co_return page_of(*all, write_certificate);
}

// {"xml": "<KmsCertificate ...>"}: one that came in an operator's hands, or a <SignedKmsCertificate> of a peer's.
Task<Answer> propose(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::string xml;
  ObjectReader members(object);
  members.read("xml", xml).require("xml");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  auto external = co_await exchange::read_certificate_file(call->at(), call->values[0], std::move(xml));
  if (!external) co_return external.error();
  auto done = co_await keys::propose_certificate(call->services.kms, call->values[0], *std::move(external));
  if (!done) co_return done.error();
  co_return answer_of(*done, write_certificate);
}

Task<Answer> admit(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await keys::admit_certificate(call->services.kms, call->values[0], call->values[1]);
  if (!done) co_return done.error();
  call->detail = "kms=" + done->certificate.kms_uri;
  co_return answer_of(*done, write_certificate);
}

Task<Answer> revoke(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await keys::revoke_certificate(call->services.kms, call->values[0], call->values[1]);
  if (!done) co_return done.error();
  call->detail = "kms=" + done->certificate.kms_uri;
  co_return answer_of(*done, write_certificate);
}

void write_server(Json& json, const keys::GroupServer& server) {
  json.begin_object().member("server_uri", server.server_uri).member("client_id", server.client_id);
  json.member("certificate_name", server.certificate_name).member("has_ca", !server.ca_pem.empty());
  json.member("created_at", server.created_at).end_object();
}

// {"client_id": ..., "certificate_name": ..., "ca_pem": ...}
Task<Answer> add_server(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  keys::GroupServer wanted;
  wanted.server_uri = call->values[1];
  ObjectReader members(object);
  members.read("client_id", wanted.client_id).require("client_id");
  members.read("certificate_name", wanted.certificate_name).require("certificate_name");
  members.read("ca_pem", wanted.ca_pem);
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  auto done = co_await keys::add_group_server(call->services.kms, call->at(), call->values[0], std::move(wanted));
  if (!done) co_return done.error();
  co_return answer_of(*done, write_server);
}

Task<Answer> list_servers(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto servers = co_await keys::list_group_servers(call->at(), call->values[0]);
  if (!servers) co_return servers.error();
  co_return page_of(*servers, write_server);
}

Task<Answer> remove_server(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await keys::remove_group_server(call->services.kms, call->at(), call->values[0], call->values[1]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

}  // namespace

void add_kms_peer_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kPeer = "/tenants/{tenant}/kms/peers/{uri}";
  constexpr std::string_view kServer = "/tenants/{tenant}/kms/group-servers/{uri}";
  constexpr std::string_view kCertificate = "/tenants/{tenant}/kms/certificates/{fingerprint}";
  add_verbs(
      router, services,
      {{Method::Put, "/tenants/{tenant}/kms/identity", "kms.identity.set", Effect::Changes, set_identity},
       {Method::Get, "/tenants/{tenant}/kms/peers", "kms.peer.list", Effect::Reads, list_peers},
       {Method::Put, kPeer, "kms.peer.set", Effect::Changes, set_peer},
       {Method::Delete, kPeer, "kms.peer.remove", Effect::Changes, remove_peer},
       {Method::Post, "/tenants/{tenant}/kms/peers/{uri}/fetch", "kms.peer.fetch", Effect::Changes, fetch},
       {Method::Get, "/tenants/{tenant}/kms/certificates", "kms.certificate.list", Effect::Reads, list_certificates},
       {Method::Post, "/tenants/{tenant}/kms/certificates", "kms.certificate.propose", Effect::Changes, propose},
       {Method::Post, "/tenants/{tenant}/kms/certificates/{fingerprint}/admit", "kms.admit", Effect::Changes, admit},
       {Method::Delete, kCertificate, "kms.certificate.revoke", Effect::Changes, revoke},
       {Method::Get, "/tenants/{tenant}/kms/group-servers", "kms.group-server.list", Effect::Reads, list_servers},
       {Method::Post, kServer, "kms.group-server.add", Effect::Changes, add_server},
       {Method::Delete, kServer, "kms.group-server.remove", Effect::Changes, remove_server}});
}

}  // namespace claviger::admin
