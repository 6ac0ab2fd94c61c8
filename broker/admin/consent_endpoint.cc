#include "broker/admin/endpoints.h"
#include "broker/admin/user_lookup.h"
#include "broker/identity/consent.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto user = co_await find_named_user(call->at(), call->values[0], call->values[1]);
  if (!user) co_return user.error();
  auto consents = co_await identity::list_consents(call->at(), call->values[0], user->sub);
  if (!consents) co_return consents.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const identity::Consent& consent : *consents) {
    json.begin_object().member("client_id", consent.client_id).name("scopes").begin_array();
    for (const std::string& scope : consent.scopes) json.value(scope);
    json.end_array().member("given_at", consent.given_at).end_object();
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> revoke(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto user = co_await find_named_user(call->at(), call->values[0], call->values[1]);
  if (!user) co_return user.error();
  call->detail = "sub=" + user->sub;
  auto done = co_await identity::revoke_consent(call->at(), call->values[0], user->sub, call->values[2]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

}  // namespace

void add_consent_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services,
           {Method::Get, "/tenants/{tenant}/users/{login}/consents", "consent.list", Effect::Reads, list});
  add_verb(
      router, services,
      {Method::Delete, "/tenants/{tenant}/users/{login}/consents/{client}", "consent.revoke", Effect::Changes, revoke});
}

}  // namespace claviger::admin
