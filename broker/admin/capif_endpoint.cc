#include <algorithm>
#include <array>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/seal_keys/capif.h"
#include "broker/seal_keys/invoker.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;
using Json = codec::JsonWriter<std::string>;

// In the order of the enumerators.
constexpr std::array<std::string_view, 3> kPolicyModes{"ignored", "lenient", "strict"};

void write_list(Json& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

Answer answer_with(const seal_keys::CapifView& view, const seal_keys::Capif::Figures& figures) {
  const seal_keys::CapifCore& core = view.core;
  std::string text;
  Json json(text);
  json.begin_object().member("issuer", core.issuer).member("aef_id", core.aef_id);
  write_list(json, "val_services", core.open_services);
  json.member("requires_certificate", core.requires_certificate);
  json.member("has_invoker_ca", !core.invoker_ca_pem.empty());
  if (!core.core_name.empty()) json.member("core_name", core.core_name);
  json.name("kids").begin_array();
  for (const auto& key : view.keys->keys()) json.value(key.kid);
  json.end_array();
  if (!core.url.empty()) json.member("url", core.url);
  json.member("state", figures.state);
  if (!core.provider_id.empty()) json.member("provider_id", core.provider_id);
  if (!core.apf_id.empty()) json.member("apf_id", core.apf_id);
  if (!core.assigned_aef_id.empty()) json.member("assigned_aef_id", core.assigned_aef_id);
  if (!core.service_api_id.empty()) json.member("service_api_id", core.service_api_id);
  json.member("logs_invocations", core.logs_invocations).member("logs_sent", figures.logs_sent);
  json.member("looks_up_invokers", core.looks_up_invokers);
  json.member("logs_queued", figures.logs_queued).member("logs_dropped", figures.logs_dropped);
  if (!figures.last_error.empty()) json.member("last_error", figures.last_error);
  json.member("access_policies", kPolicyModes[static_cast<std::size_t>(core.policy_mode)]);
  if (!core.subscription.empty()) json.member("subscription", core.subscription);
  if (figures.policies) json.member("policies", *figures.policies).member("policies_at", figures.policies_at);
  if (!figures.policy_error.empty()) json.member("policy_error", figures.policy_error);
  json.member("created_at", core.created_at).end_object();
  return Answer(std::move(text));
}

void write_invoker(Json& json, const seal_keys::Invoker& invoker) {
  json.begin_object().member("invoker", invoker.id);
  write_list(json, "val_services", invoker.services);
  if (invoker.allowed_at != 0) json.member("allowed_at", invoker.allowed_at);
  json.member("revoked", invoker.revoked_at != 0);
  if (invoker.invocations != 0) json.member("invocations", invoker.invocations);
  if (invoker.revoked_at != 0) json.member("revoked_at", invoker.revoked_at).member("cause", invoker.revocation_cause);
  json.end_object();
}
Answer answer_with(const seal_keys::Invoker& invoker) {
  std::string text;
  Json json(text);
  write_invoker(json, invoker);
  return Answer(std::move(text));
}

Result<Unit> check_room(const Call& call) {
  if (call.services.capif == nullptr) return Error{Code::NotFound, "capif"};
  return check_tenant(call);
}

Task<Answer> status(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  const seal_keys::CapifRef view = call->services.capif->view(call->values[0]);
  if (view == nullptr) co_return Answer(Code::NotFound, "no CAPIF core function is configured");
  auto figures = co_await call->services.capif->figures(call->values[0]);
  if (!figures) co_return figures.error();
  co_return answer_with(*view, *figures);
}

Task<Answer> set(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  seal_keys::CapifDraft draft;
  ObjectReader members(object);
  members.read("issuer", draft.issuer).require("issuer").read("jwks", draft.jwks).require("jwks");
  members.read("aef_id", draft.aef_id).require("aef_id").read("val_services", draft.open_services);
  members.read("core_name", draft.core_name).read("requires_certificate", draft.requires_certificate);
  members.read("url", draft.url)
      .read("ca_pem", draft.ca_pem)
      .read("invoker_ca_pem", draft.invoker_ca_pem)
      .read("enrolment", draft.enrolment);
  members.read("logs_invocations", draft.logs_invocations).read("looks_up_invokers", draft.looks_up_invokers);
  std::string policies = "ignored";
  members.read("access_policies", policies);
  const auto wrong = members.wrong();
  reader.wipe();
  if (wrong) co_return Answer(Code::BadValue, *wrong);
  const auto* mode = std::ranges::find(kPolicyModes, policies);
  if (mode == kPolicyModes.end()) co_return Answer(Code::BadValue, "access_policies: ignored, lenient or strict");
  draft.policy_mode = static_cast<seal_keys::PolicyMode>(mode - kPolicyModes.begin());
  call->detail = "issuer=" + draft.issuer;
  auto view = co_await call->services.capif->set_core(call->values[0], std::move(draft));
  if (view.failed_with(Code::BadValue)) co_return Answer(Code::BadValue, std::string(view.error().where));
  if (!view) co_return view.error();
  Answer shown = co_await status(call);
  co_return shown;
}

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await call->services.capif->remove_core(call->values[0]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

Task<Answer> list_invokers(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page = co_await seal_keys::list_invokers(call->at(), call->values[0], std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const seal_keys::Invoker& invoker : page->invokers) write_invoker(json, invoker);
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

// {"invoker", "val_services"}
Task<Answer> allow(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::string id;
  std::vector<std::string> services;
  ObjectReader members(object);
  members.read("invoker", id).require("invoker").read("val_services", services);
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  call->target += "/" + id;
  auto invoker = co_await seal_keys::allow_invoker(call->at(), call->values[0], std::move(id), std::move(services));
  if (!invoker) co_return invoker.error();
  co_return answer_with(*invoker);
}

Task<Answer> revoke(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::string id;
  ObjectReader members(object);
  members.read("invoker", id).require("invoker");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  call->target += "/" + id;
  auto invoker = co_await seal_keys::revoke_invoker(call->at(), call->values[0], std::move(id), "OPERATOR");
  if (!invoker) co_return invoker.error();
  co_return answer_with(*invoker);
}

}  // namespace

void add_capif_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kCore = "/tenants/{tenant}/capif";
  constexpr std::string_view kInvokers = "/tenants/{tenant}/capif/invokers";
  add_verb(router, services, {Method::Get, kCore, "capif.status", Effect::Reads, status});
  add_verb(router, services, {Method::Put, kCore, "capif.set", Effect::Changes, set});
  add_verb(router, services, {Method::Delete, kCore, "capif.remove", Effect::Changes, remove});
  add_verb(router, services, {Method::Get, kInvokers, "capif.invoker_list", Effect::Reads, list_invokers});
  add_verb(router, services, {Method::Post, kInvokers, "capif.invoker_allow", Effect::Changes, allow});
  add_verb(router, services,
           {Method::Post, "/tenants/{tenant}/capif/invokers/revoke", "capif.invoker_revoke", Effect::Changes, revoke});
}

}  // namespace claviger::admin
