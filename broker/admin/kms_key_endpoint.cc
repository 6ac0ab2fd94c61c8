// The KMS's transport and integrity keys, its pre-issue, and what clients reported to it.
#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/user_lookup.h"
#include "broker/exchange/peer_procedures.h"
#include "broker/exchange/report_trust.h"
#include "broker/keys/kms_response.h"
#include "broker/keys/known_identity.h"
#include "broker/keys/krr_reports.h"
#include "broker/keys/pre_issue.h"
#include "broker/keys/transport_key.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"
#include "core/runtime/offload.h"

namespace claviger::admin {
namespace {

using runtime::Task;
using Json = codec::JsonWriter<std::string>;

Result<Unit> check_room(const Call& call) {
  if (call.services.kms == nullptr) return Error{Code::NotFound, "kms"};
  CLAVIGER_TRY(known, check_tenant(call));
  if (call.services.kms->table()->find(call.values[0]) == nullptr) return Error{Code::KmsUnknown, "kms"};
  return Unit{};
}

std::string_view kind_of(keys::TransportKeyKind kind) { return kind == keys::TransportKeyKind::Trk ? "trk" : "ink"; }

void write_members(Json& json, const keys::TransportKey& key) {
  json.member("id", key.id).member("user_uri", key.user_uri).member("kind", kind_of(key.kind));
  json.member("state", key.state == keys::TransportKeyState::Active ? "active" : "offered");
  if (!key.device_id.empty()) json.member("device_id", key.device_id);
  json.member("created_at", key.created_at);
}

// {"kind": "trk" or "ink", "id", "device_id", "key": 64 hex digits, "offered": bool}. The answer is the one place where
// the key is shown.
Task<Answer> add_key(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::string kind;
  keys::NewTransportKey wanted;
  SecretBytes hex;
  wanted.user_uri = call->values[1];
  ObjectReader members(object);
  members.read("kind", kind).require("kind").read("id", wanted.id).read("device_id", wanted.device_id);
  members.read("key", hex).read("offered", wanted.is_offered);
  const auto wrong = members.wrong();
  reader.wipe();
  if (wrong) co_return Answer(Code::BadValue, *wrong);
  if (kind != "trk" && kind != "ink") co_return Answer(Code::BadValue, "kind: trk or ink");
  wanted.kind = kind == "trk" ? keys::TransportKeyKind::Trk : keys::TransportKeyKind::Ink;
  if (!hex.empty()) {
    wanted.key = SecretBytes(keys::kTransportKeyBytes);
    const auto size = codec::hex_decode(as_text(hex.reveal()), wanted.key.reveal_for_writing());
    if (!size || *size != keys::kTransportKeyBytes) co_return Answer(Code::BadValue, "key: 64 hex digits");
  }
  const auto somebody = co_await keys::check_identity(call->at(), call->values[0], call->values[1]);
  if (somebody.failed_with(Code::UserUnknown)) {
    const std::string hint = co_await mc_service_ids_of(call->at(), call->values[0], call->values[1]);
    if (!hint.empty()) co_return Answer(Code::UserUnknown, hint);
  }
  if (!somebody) co_return somebody.error();
  auto made = co_await keys::add_transport_key(call->at(), call->values[0], std::move(wanted));
  if (!made) co_return made.error();
  call->detail = "id=" + made->record.id;
  std::string text;
  Json json(text);
  json.begin_object();
  write_members(json, made->record);
  std::string shown;
  shown.reserve(2 * keys::kTransportKeyBytes);
  codec::hex_encode(made->key.reveal(), shown);
  text.reserve(text.size() + 2 * shown.size());  // no growth leaves the key behind
  json.member("key", shown).end_object();
  wipe(std::as_writable_bytes(std::span(shown)));
  co_return Answer(std::move(text));
}

Task<Answer> list_keys(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto found = co_await keys::read_transport_keys(call->at(), call->values[0], call->values[1]);
  if (!found) co_return found.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const keys::TransportKey& key : *found) {
    json.begin_object();
    write_members(json, key);
    json.end_object();
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> remove_key(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await keys::remove_transport_key(call->at(), call->values[0], call->values[1], call->values[2]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

// KmsCertificate as KM clients get it, for partners and for the record.
Task<Answer> certificate(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  const auto table = call->services.kms->table();
  const keys::Domain& domain = table->find(call->values[0])->generations.back()->domain;
  SlabWriter sink(call->context.shard.slabs(), keys::certificate_room(domain));
  keys::XmlWriter xml(sink);
  keys::write_certificate(xml, domain);
  // By itself it says whose element it is; inside a response the response does.
  std::string alone(sink.finish().text());
  alone.insert(std::string_view("<KmsCertificate").size(), " xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"");
  std::string text;
  Json json(text);
  json.begin_object().member("xml", alone).end_object();
  co_return Answer(std::move(text));
}

Answer answer_with(const keys::PreIssueJob& job) {
  std::string text;
  Json json(text);
  json.begin_object().member("generation", job.generation).member("period", job.period);
  json.member("done", job.done).member("present", job.present).member("started_at", job.started_at);
  if (job.finished_at != 0) json.member("finished_at", job.finished_at);
  json.member("running", job.is_running).end_object();
  return Answer(std::move(text));
}

Task<Answer> begin_pre_issue(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto job = co_await keys::begin_pre_issue(call->services.kms, call->values[0]);
  if (!job) co_return job.error();
  co_return answer_with(*job);
}

Task<Answer> show_pre_issue(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto job = co_await keys::read_pre_issue(call->services.kms, call->values[0]);
  if (job.failed_with(Code::NotFound))
    co_return Answer(Code::NotFound, "no keys were pre-issued so far: kms pre-issue");
  if (!job) co_return job.error();
  co_return answer_with(*job);
}

Task<Answer> list_reports(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page = co_await keys::list_reports(call->at(), call->values[0], std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  CLAVIGER_CO_TRY(peers, co_await exchange::list_peers(call->at(), call->values[0]));
  auto shown = std::make_shared<const std::vector<keys::KrrReport>>(std::move(page->reports));
  const std::int64_t now = numeric_date(call->context.shard.wall());
  auto work = [shown, peers = std::move(peers), now] {
    std::vector<std::string> all;
    for (const keys::KrrReport& report : *shown) all.push_back(exchange::signer_of_report(peers, report.xml, now));
    return all;
  };
  auto signers = co_await runtime::offload(&call->context.work_pool, std::move(work));
  if (!signers) co_return signers.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (std::size_t i = 0; i < shown->size(); ++i) {
    const keys::KrrReport& report = (*shown)[i];
    json.begin_object().member("id", report.id).member("user_uri", report.user_uri);
    json.member("received_at", report.received_at);
    if (!(*signers)[i].empty()) json.member("signer", (*signers)[i]);
    json.member("xml", report.xml).end_object();
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

}  // namespace

void add_kms_key_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kKeys = "/tenants/{tenant}/kms/users/{uri}/transport-keys";
  add_verbs(router, services,
            {{Method::Get, kKeys, "kms.transport-key.list", Effect::Reads, list_keys},
             {Method::Post, kKeys, "kms.transport-key.add", Effect::Changes, add_key},
             {Method::Delete, "/tenants/{tenant}/kms/users/{uri}/transport-keys/{id}", "kms.transport-key.remove",
              Effect::Changes, remove_key},
             {Method::Get, "/tenants/{tenant}/kms/certificate", "kms.certificate", Effect::Reads, certificate},
             {Method::Post, "/tenants/{tenant}/kms/pre-issue", "kms.pre-issue", Effect::Changes, begin_pre_issue},
             {Method::Get, "/tenants/{tenant}/kms/pre-issue", "kms.pre-issue.show", Effect::Reads, show_pre_issue},
             {Method::Get, "/tenants/{tenant}/kms/reports", "kms.report.list", Effect::Reads, list_reports}});
}

}  // namespace claviger::admin
