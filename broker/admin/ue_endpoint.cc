#include <array>
#include <limits>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/session_json.h"
#include "broker/admin/user_lookup.h"
#include "broker/identity/ue_procedures.h"
#include "broker/registration/ue_services.h"

namespace claviger::admin {
namespace {

using identity::Ue;
using identity::UeChange;
using identity::UeClass;
using runtime::Task;

constexpr std::array kClasses{UeClass::Personal, UeClass::Shareable, UeClass::Gateway, UeClass::Dispatcher};

void write_list(codec::JsonWriter<std::string>& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

void write_ue(codec::JsonWriter<std::string>& json, const Ue& ue) {
  json.begin_object().member("ue_id", ue.ue_id).member("class", identity::name_of(ue.ue_class));
  if (!ue.name.empty()) json.member("name", ue.name);
  if (!ue.owner.empty()) json.member("owner", ue.owner);
  json.member("lost", ue.is_lost).member("replaces_others", ue.replaces_others).member("max_users", ue.max_users);
  write_list(json, "certificates", ue.certificates);
  write_list(json, "dpop_keys", ue.dpop_keys);
  json.member("created_at", ue.created_at);
  if (ue.last_sign_in_at != 0) json.member("last_sign_in_at", ue.last_sign_in_at);
  json.end_object();
}

Answer answer_with(const Ue& ue) {
  std::string text;
  codec::JsonWriter json(text);
  write_ue(json, ue);
  return Answer(std::move(text));
}

struct Read {
  std::string ue_id;
  std::string owner;  // as an operator names him
  bool has_owner = false;
  UeChange change;
  std::optional<std::string> wrong;
};
Read read_members(codec::JsonObject object, bool needs_id) {
  Read read;
  std::string ue_class;
  std::string name;
  bool replaces_others = false;
  std::optional<std::int64_t> max_users;
  std::vector<std::string> certificates;
  std::vector<std::string> dpop_keys;
  ObjectReader members(object);
  if (needs_id) members.read("ue_id", read.ue_id).require("ue_id");
  members.read("class", ue_class).read("name", name).read("owner", read.owner);
  members.read("replaces_others", replaces_others).read("max_users", max_users);
  members.read("certificates", certificates).read("dpop_keys", dpop_keys);
  read.wrong = members.wrong();
  const auto has = [&](std::string_view member) { return object.find(member).has_value(); };
  if (has("class")) {
    for (const UeClass one : kClasses) {
      if (identity::name_of(one) == ue_class) read.change.ue_class = one;
    }
    if (!read.change.ue_class && !read.wrong) read.wrong = "class: personal, shareable, gateway or dispatcher";
  }
  if (has("name")) read.change.name = std::move(name);
  if (has("replaces_others")) read.change.replaces_others = replaces_others;
  if (has("certificates")) read.change.certificates = std::move(certificates);
  if (has("dpop_keys")) read.change.dpop_keys = std::move(dpop_keys);
  if (max_users) {
    if (*max_users < 0 || *max_users > identity::kUeUsersMax) {
      if (!read.wrong) read.wrong = "max_users: 0 to " + std::to_string(identity::kUeUsersMax);
    } else {
      read.change.max_users = static_cast<std::uint32_t>(*max_users);
    }
  }
  read.has_owner = has("owner");
  return read;
}

// The members of the body, with the owner's sub. An Answer that is an error: why not.
Task<Result<Unit>> resolve_owner(Call* call, Read* read) {
  if (!read->has_owner) co_return Unit{};
  read->change.owner = "";
  if (read->owner.empty()) co_return Unit{};
  auto owner = co_await find_named_user(call->at(), call->values[0], read->owner);
  if (!owner) co_return owner.error();
  read->change.owner = owner->sub;
  co_return Unit{};
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page = co_await identity::list_ues(call->at(), call->values[0], std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const Ue& ue : page->ues) write_ue(json, ue);
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> add(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  Read read = read_members(object, true);
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  call->target += "/" + read.ue_id;
  Read* members = &read;
  auto resolved = co_await resolve_owner(call, members);
  if (!resolved) co_return resolved.error();
  auto ue = co_await identity::create_ue(call->at(), call->values[0], std::move(read.ue_id), std::move(read.change));
  if (!ue) co_return ue.error();
  co_return answer_with(*ue);
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto ue = co_await identity::find_ue(call->at(), call->values[0], call->values[1]);
  if (!ue) co_return ue.error();
  co_return answer_with(*ue);
}

Task<Answer> change(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  Read read = read_members(object, false);
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  Read* members = &read;
  auto resolved = co_await resolve_owner(call, members);
  if (!resolved) co_return resolved.error();
  auto ue = co_await identity::change_ue(call->at(), call->values[0], call->values[1], std::move(read.change));
  if (!ue) co_return ue.error();
  call->detail = "class=" + std::string(identity::name_of(ue->ue_class));
  co_return answer_with(*ue);
}

// Beside its sessions: services that tokens of other sessions opened on it.
Task<Result<Unit>> end_services(Call* call) {
  registration::Registrar* const registrar = call->services.registrar;
  if (registrar == nullptr || registrar->tenant() != call->values[0]) co_return Unit{};
  auto ended = co_await registration::end_services_on_ue(registrar, call->values[1]);
  co_return ended;
}

Task<Answer> set_lost(Call* call, bool is_lost) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  UeChange wanted;
  wanted.is_lost = is_lost;
  auto ue = co_await identity::change_ue(call->at(), call->values[0], call->values[1], std::move(wanted));
  if (!ue) co_return ue.error();
  if (is_lost) {
    CLAVIGER_CO_TRY(ended, co_await end_services(call));
  }
  co_return answer_with(*ue);
}
Task<Answer> lost(Call* call) { return set_lost(call, true); }
Task<Answer> found(Call* call) { return set_lost(call, false); }

// Lost first, its record last: whoever is cut short in between leaves a UE on which nobody comes in, and removes it again.
Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  UeChange wanted;
  wanted.is_lost = true;
  auto ue = co_await identity::change_ue(call->at(), call->values[0], call->values[1], std::move(wanted));
  if (!ue && !ue.failed_with(Code::UeUnknown)) co_return ue.error();
  // Where there is no UE of that name any more, too: no service is on what is gone.
  CLAVIGER_CO_TRY(ended, co_await end_services(call));
  if (!ue) co_return ue.error();
  auto done = co_await identity::remove_ue(call->at(), call->values[0], call->values[1]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

// Whoever names a UE without a session may have mistyped it: UeUnknown, unless it is registered.
Task<Result<Unit>> check_ue(Call* call) {
  auto ue = co_await identity::find_ue(call->at(), call->values[0], call->values[1]);
  if (!ue) co_return ue.error();
  co_return Unit{};
}

Task<Answer> list_sessions(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  const bool is_first = paging.after.empty();
  auto page = co_await identity::list_sessions_of_ue(call->at(), call->values[0], call->values[1],
                                                     std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  if (is_first && page->sessions.empty() && page->next.empty()) {
    CLAVIGER_CO_TRY(is_known, co_await check_ue(call));
  }
  co_return Answer(page_of_sessions(*page));
}

Task<Answer> revoke_sessions(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto done = co_await identity::end_sessions_of_ue(call->at(), call->values[0], call->values[1],
                                                    identity::SessionState::Revoked);
  if (!done) co_return done.error();
  CLAVIGER_CO_TRY(ended, co_await end_services(call));
  if (*done == 0) {
    CLAVIGER_CO_TRY(is_known, co_await check_ue(call));
  }
  co_return answer_with_ended(call, *done);
}

}  // namespace

void add_ue_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verbs(
      router, services,
      {{Method::Get, "/tenants/{tenant}/ues", "ue.list", Effect::Reads, list},
       {Method::Post, "/tenants/{tenant}/ues", "ue.add", Effect::Changes, add},
       {Method::Get, "/tenants/{tenant}/ues/{ue}", "ue.show", Effect::Reads, show},
       {Method::Put, "/tenants/{tenant}/ues/{ue}", "ue.change", Effect::Changes, change},
       {Method::Delete, "/tenants/{tenant}/ues/{ue}", "ue.remove", Effect::Changes, remove},
       {Method::Post, "/tenants/{tenant}/ues/{ue}/lost", "ue.lost", Effect::Changes, lost},
       {Method::Post, "/tenants/{tenant}/ues/{ue}/found", "ue.found", Effect::Changes, found},
       {Method::Get, "/tenants/{tenant}/ues/{ue}/sessions", "session.list-ue", Effect::Reads, list_sessions},
       {Method::Delete, "/tenants/{tenant}/ues/{ue}/sessions", "session.revoke-ue", Effect::Changes, revoke_sessions}});
}

}  // namespace claviger::admin
