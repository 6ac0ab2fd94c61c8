#include "broker/admin/endpoints.h"
#include "broker/admin/session_json.h"
#include "broker/admin/user_lookup.h"
#include "broker/identity/authenticators/browser_session.h"
#include "broker/identity/session_procedures.h"

namespace claviger::admin {

std::string_view name_of(identity::SessionState state) {
  switch (state) {
    case identity::SessionState::Active:
      return "active";
    case identity::SessionState::SignedOff:
      return "signed off";
    case identity::SessionState::Revoked:
      return "revoked";
    case identity::SessionState::Replaced:
      return "replaced";
  }
  return "?";
}

void write_session(codec::JsonWriter<std::string>& json, const identity::Session& session) {
  json.begin_object().member("sid", session.sid).member("sub", session.sub).member("client_id", session.client_id);
  json.member("state", name_of(session.state));
  if (!session.ue_id.empty()) json.member("ue_id", session.ue_id);
  json.name("scopes").begin_array();
  for (const std::string& scope : session.scopes) json.value(scope);
  json.end_array().member("acr", session.acr).name("amr").begin_array();
  for (const std::string& method : session.amr) json.value(method);
  json.end_array().member("auth_time", session.auth_time).member("created_at", session.created_at);
  json.member("last_used_at", session.last_used_at).member("expires_at", session.expires_at);
  json.member("refresh_generation", session.refresh_generation).member("source", session.source);
  if (!session.partner.empty()) {
    json.member("partner", session.partner).member("primary_issuer", session.primary_issuer);
    json.member("primary_sub", session.primary_sub);
  }
  json.end_object();
}

std::string page_of_sessions(const identity::SessionPage& page) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const identity::Session& session : page.sessions) write_session(json, session);
  json.end_array();
  if (!page.next.empty()) json.member("next", page.next);
  json.end_object();
  return text;
}

Answer answer_with_ended(Call* call, std::size_t count) {
  call->detail = "sessions=" + std::to_string(count);
  return Answer("{\"ended\":" + std::to_string(count) + "}");
}

namespace {

using runtime::Task;

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto user = co_await find_named_user(call->at(), call->values[0], call->values[1]);
  if (!user) co_return user.error();
  auto page =
      co_await identity::list_sessions(call->at(), call->values[0], user->sub, std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  co_return Answer(page_of_sessions(*page));
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto session = co_await identity::find_session(call->at(), call->values[0], call->values[1]);
  if (!session) co_return session.error();
  std::string text;
  codec::JsonWriter json(text);
  write_session(json, *session);
  co_return Answer(std::move(text));
}

Task<Answer> revoke(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto session = co_await identity::find_session(call->at(), call->values[0], call->values[1]);
  if (!session) co_return session.error();
  // First where the next session would come from: the browser would have one again without asking its user.
  auto ended = co_await identity::end_browser_sign_in(call->at(), call->values[0], session->sub, session->auth_time);
  if (!ended) co_return ended.error();
  auto done =
      co_await identity::end_session(call->at(), call->values[0], call->values[1], identity::SessionState::Revoked);
  if (!done) co_return done.error();
  co_return answer_with_ended(call, session->state == identity::SessionState::Active ? 1 : 0);
}

// `sessions_per_user` bounds them.
Task<Result<std::size_t>> count_active(Call* call, std::string sub) {
  std::size_t count = 0;
  std::string after;
  do {
    auto page = co_await identity::list_sessions(call->at(), call->values[0], sub, std::move(after), kPageMax);
    if (!page) co_return page.error();
    for (const identity::Session& session : page->sessions) {
      if (session.state == identity::SessionState::Active) ++count;
    }
    after = std::move(page->next);
  } while (!after.empty());
  co_return count;
}

Task<Answer> revoke_all(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto user = co_await find_named_user(call->at(), call->values[0], call->values[1]);
  if (!user) co_return user.error();
  auto count = co_await count_active(call, user->sub);
  if (!count) co_return count.error();
  auto done = co_await identity::end_sessions_of_user(call->at(), call->values[0], user->sub);
  if (!done) co_return done.error();
  Answer answer = answer_with_ended(call, *count);
  call->detail = "sub=" + user->sub + " " + call->detail;
  co_return answer;
}

}  // namespace

void add_session_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services,
           {Method::Get, "/tenants/{tenant}/users/{login}/sessions", "session.list", Effect::Reads, list});
  add_verb(
      router, services,
      {Method::Delete, "/tenants/{tenant}/users/{login}/sessions", "session.revoke-all", Effect::Changes, revoke_all});
  add_verb(router, services, {Method::Get, "/tenants/{tenant}/sessions/{sid}", "session.show", Effect::Reads, show});
  add_verb(router, services,
           {Method::Delete, "/tenants/{tenant}/sessions/{sid}", "session.revoke", Effect::Changes, revoke});
}

}  // namespace claviger::admin
