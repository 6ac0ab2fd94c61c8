// Administration between systems as operators see it: who may ask whom, what was asked here and elsewhere, decisions.
#include <algorithm>

#include "broker/admin/acm_verbs.h"
#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/administration/acm.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"
#include "core/crypto/certificate.h"
#include "core/crypto/digest.h"

namespace claviger::admin {
namespace {

using administration::Acm;
using administration::AcmClient;
using administration::AcmPartner;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

// The routes of this file are added with AcmServices and nothing else.
Acm& acm_of(const Call& call) { return static_cast<AcmServices&>(call.services).acm; }

Result<Unit> check_room(const Call& call) { return check_tenant(call); }

std::string who(const Call& call) {
  return "administrator uid " + std::to_string(call.request.peer->uid.value_or(0xFFFF'FFFF));
}

void write_list(Json& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

Answer done(const Result<Unit>& result) { return result ? Answer(std::string("{}")) : Answer(result.error()); }

Task<Answer> list_clients(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto all = co_await acm_of(*call).list_clients(call->values[0]);
  if (!all) co_return all.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const AcmClient& each : *all) {
    json.begin_object()
        .member("id", each.id)
        .member("may_approve", each.may_approve)
        .member("created_at", each.created_at);
    write_list(json, "operators", each.operators);
    write_list(json, "partners", each.partners);
    write_list(json, "domains", each.domains);
    json.end_object();
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> put_client(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  AcmClient record;
  ObjectReader members(object);
  members.read("operators", record.operators).read("partners", record.partners).read("domains", record.domains);
  members.read("may_approve", record.may_approve);
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  record.id = call->values[1];
  const auto put = co_await acm_of(*call).put_client(call->values[0], std::move(record));
  co_return done(put);
}

Task<Answer> remove_client(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  const auto removed = co_await acm_of(*call).remove_client(call->values[0], call->values[1]);
  co_return done(removed);
}

Task<Answer> list_partners(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto all = co_await acm_of(*call).list_partners(call->values[0]);
  if (!all) co_return all.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const AcmPartner& each : *all) {
    json.begin_object().member("system", each.system).member("own_system", each.own_system).member("url", each.url);
    json.member("partner", each.partner).member("quota", each.quota).member("manual", each.is_manual);
    json.member("wants_acmc", each.wants_acmc).member("certificate", each.certificate_digest);
    json.member("created_at", each.created_at);
    write_list(json, "domains", each.domains);
    write_list(json, "services", each.services);
    json.end_object();
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

// {"own_system", "url", "ca_pem", "certificate_pem", "key_pem", "peer_certificate_pem", "partner", "domains", "services",
//  "quota", "manual", "wants_acmc"}
Task<Answer> put_partner(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  AcmPartner record;
  std::string peer_certificate;
  std::optional<std::int64_t> quota;
  auto key = std::make_shared<SecretBytes>();
  ObjectReader members(object);
  members.read("own_system", record.own_system).require("own_system").read("url", record.url);
  members.read("ca_pem", record.ca_pem).read("certificate_pem", record.certificate_pem).read("key_pem", *key);
  members.read("peer_certificate_pem", peer_certificate).read("partner", record.partner);
  members.read("domains", record.domains).read("services", record.services).read("quota", quota);
  members.read("manual", record.is_manual).read("wants_acmc", record.wants_acmc);
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  if (quota && *quota < 0) co_return Answer(Code::BadValue, "quota: not negative");
  if (quota) record.quota = static_cast<std::uint64_t>(*quota);
  record.system = call->values[1];
  if (!peer_certificate.empty()) {
    const auto certificates = crypto::Certificate::from_pem(peer_certificate);
    if (!certificates || certificates->empty())
      co_return Answer(Code::BadValue, "peer_certificate_pem: not a certificate");
    const crypto::Sha256Digest digest = crypto::sha256(certificates->front().der());
    codec::hex_encode(digest, record.certificate_digest);
  }
  const auto put = co_await acm_of(*call).put_partner(call->values[0], std::move(record), key);
  co_return done(put);
}

Task<Answer> remove_partner(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  const auto removed = co_await acm_of(*call).remove_partner(call->values[0], call->values[1]);
  co_return done(removed);
}

void write_target(Json& json, const administration::SetupView& view, const administration::TargetView& target) {
  std::size_t good = 0, bad = 0;
  for (const auto& each : target.users) {
    if (each.status != administration::kWithdrawn) ++(administration::is_good(each.status) ? good : bad);
  }
  json.begin_object().member("request_id", view.setup.id).member("system", target.system);
  json.member("stage", administration::name_of(target.stage.stage)).member("reason", target.stage.reason);
  json.member("users", view.setup.users.size()).member("good", good).member("bad", bad);
  json.member("updated_at", target.stage.updated_at).member("by", target.stage.by);
}

Task<Answer> list_setups(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page = co_await acm_of(*call).list(call->values[0], std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const auto& [each, users] : page->setups) {
    json.begin_object().member("request_id", each.id).member("client", each.acmc).member("by", each.who);
    json.member("users", users).member("created_at", each.created_at);
    write_list(json, "targets", each.targets);
    json.end_object();
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

// The message of an ACM client; ?client= and ?key= say for whom, and under which idempotency key.
Task<Answer> setup(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(form, codec::parse_form(call->request.query));
  administration::Asker asker;
  asker.acmc = std::string(form.find("client").value_or(""));
  asker.idempotency_key = std::string(form.find("key").value_or(""));
  asker.who = who(*call);
  if (!administration::is_identity(asker.acmc) || !administration::is_identity(asker.idempotency_key)) {
    co_return Answer(Code::BadValue, "client and key are needed");
  }
  auto message = administration::parse_setup(call->request.body.text());
  if (!message) co_return message.error();
  const crypto::Sha256Digest digest = crypto::sha256(call->request.body.bytes());
  codec::hex_encode(digest, asker.body_digest);
  auto wanted = std::make_shared<const administration::Setup>(std::move(message->setup));
  call->detail = "client=" + asker.acmc + " users=" + std::to_string(wanted->users.size());
  auto asked = co_await acm_of(*call).ask(call->values[0], std::move(asker), wanted);
  if (!asked) co_return asked.error();
  call->target += "/" + *asked;
  std::string text;
  Json json(text);
  json.begin_object().member("request_id", *asked).member("status", "PROCESSING").end_object();
  co_return Answer(std::move(text));
}

// With ?users=true every user's status.
Task<Answer> status(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(with_users, query_flag(*call, "users"));
  if (!administration::is_identity(call->values[1])) co_return Error{Code::SetupUnknown, "acm.id"};
  auto view = co_await acm_of(*call).view(call->values[0], call->values[1]);
  if (!view) co_return view.error();
  std::string text;
  Json json(text);
  json.begin_object().member("request_id", view->setup.id).member("status", view->state()).name("items").begin_array();
  for (const auto& target : view->targets) {
    if (!with_users) {
      write_target(json, *view, target);
      json.end_object();
      continue;
    }
    for (const auto& each : target.users) {
      json.begin_object().member("system", target.system).member("mc_id", each.mc_id);
      json.member("status", each.status).end_object();
    }
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> withdraw(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  if (!administration::is_identity(call->values[1])) co_return Error{Code::SetupUnknown, "acm.id"};
  std::string by = who(*call);
  const auto withdrawn = co_await acm_of(*call).withdraw(call->values[0], call->values[1], std::move(by));
  co_return done(withdrawn);
}

Task<Answer> list_inbound(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page =
      co_await acm_of(*call).list_inbound(call->values[0], std::move(paging.after), paging.limit, Acm::Users::Counted);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const Acm::InboundView& each : page->views) {
    json.begin_object().member("system", each.setup.home).member("request_id", each.setup.id);
    json.member("stage", administration::name_of(each.stage.stage)).member("users", each.asked);
    json.member("client", each.setup.acmc).member("by", each.stage.by).member("updated_at", each.stage.updated_at);
    json.end_object();
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> decide(Call* call, bool is_approved) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  for (const std::string& part : {call->values[1], call->values[2]}) {
    if (!administration::is_identity(part)) co_return Error{Code::SetupUnknown, "acm.id"};
  }
  std::string by = who(*call);
  const auto decided =
      co_await acm_of(*call).decide(call->values[0], call->values[1], call->values[2], is_approved, std::move(by));
  co_return done(decided);
}
Task<Answer> approve(Call* call) {
  auto answer = co_await decide(call, true);
  co_return answer;
}
Task<Answer> reject(Call* call) {
  auto answer = co_await decide(call, false);
  co_return answer;
}

}  // namespace

void add_acm_verbs(http::Router& router, AcmServices& services) {
  using http::Method;
  const auto add_one = [&](Method method, std::string_view pattern, std::string_view name, Effect effect,
                           Task<Answer> (*endpoint)(Call*), std::size_t body = kBodyBytesMax) {
    add_verb(router, services, {method, pattern, name, effect, endpoint, body});
  };
  add_one(Method::Get, "/tenants/{tenant}/acm/clients", "acm.client.list", Effect::Reads, list_clients);
  add_one(Method::Put, "/tenants/{tenant}/acm/clients/{id}", "acm.client.add", Effect::Changes, put_client);
  add_one(Method::Delete, "/tenants/{tenant}/acm/clients/{id}", "acm.client.remove", Effect::Changes, remove_client);
  add_one(Method::Get, "/tenants/{tenant}/acm/partners", "acm.partner.list", Effect::Reads, list_partners);
  add_one(Method::Put, "/tenants/{tenant}/acm/partners/{system}", "acm.partner.add", Effect::Changes, put_partner);
  add_one(Method::Delete, "/tenants/{tenant}/acm/partners/{system}", "acm.partner.remove", Effect::Changes,
          remove_partner);
  add_one(Method::Get, "/tenants/{tenant}/acm/setups", "acm.list", Effect::Reads, list_setups);
  add_one(Method::Post, "/tenants/{tenant}/acm/setups", "acm.setup", Effect::Changes, setup,
          administration::kSetupBytesMax);
  add_one(Method::Get, "/tenants/{tenant}/acm/setups/{id}", "acm.status", Effect::Reads, status);
  add_one(Method::Delete, "/tenants/{tenant}/acm/setups/{id}", "acm.withdraw", Effect::Changes, withdraw);
  add_one(Method::Get, "/tenants/{tenant}/acm/inbound", "acm.inbound", Effect::Reads, list_inbound);
  add_one(Method::Post, "/tenants/{tenant}/acm/inbound/{system}/{id}/approve", "acm.approve", Effect::Changes, approve);
  add_one(Method::Post, "/tenants/{tenant}/acm/inbound/{system}/{id}/reject", "acm.reject", Effect::Changes, reject);
}

}  // namespace claviger::admin
