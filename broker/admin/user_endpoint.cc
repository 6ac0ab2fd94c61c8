#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/user_json.h"
#include "broker/admin/user_lookup.h"
#include "broker/identity/sign_in_unlock.h"
#include "broker/migration/binding_holds.h"
#include "broker/migration/migrant.h"

namespace claviger::admin {

runtime::Task<Result<identity::User>> find_named_user(broker::Context* context, std::string tenant, std::string name) {
  constexpr std::size_t kSubCharacters = 22;
  auto by_login = co_await identity::find_user_by_login(context, tenant, name);
  if (by_login || name.size() != kSubCharacters) co_return by_login;
  if (by_login.error().code != Code::UserUnknown) co_return by_login;
  auto by_sub = co_await identity::find_user(context, std::move(tenant), std::move(name));
  co_return by_sub;
}

namespace {

using identity::User;
using runtime::Task;

Answer answer_with(const User& user) {
  std::string text;
  codec::JsonWriter json(text);
  write_user(json, user, PasswordHashes::Hidden);
  return Answer(std::move(text));
}

// The user that the path names.
Task<Result<User>> find(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto user = co_await find_named_user(call->at(), call->values[0], call->values[1]);
  if (user) call->target = call->values[0] + "/" + user->login + " (" + user->sub + ")";
  co_return user;
}

Task<Answer> show(Call* call) {
  auto user = co_await find(call);
  if (!user) co_return user.error();
  co_return answer_with(*user);
}

Task<Answer> show_anew(Call* call, std::string sub) {
  auto user = co_await identity::find_user(call->at(), call->values[0], std::move(sub));
  if (!user) co_return user.error();
  co_return answer_with(*user);
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page = co_await identity::list_users(call->at(), call->values[0], std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const User& user : page->users) write_user(json, user, PasswordHashes::Hidden);
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> add(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftOrWrong read = read_user_draft(object);
  reader.wipe();
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  call->target += "/" + read.draft.login;
  auto user = co_await identity::create_user(call->at(), call->values[0], std::move(read.draft));
  if (!user) co_return user.error();
  call->detail = "sub=" + user->sub;
  co_return answer_with(*user);
}

// His bindings in other systems: owed with his record, and done before we answer.
Task<Result<Unit>> follow(Call* call, std::string sub) {
  if (call->services.migration == nullptr) co_return Unit{};
  std::vector<std::string> subs{std::move(sub)};
  co_return co_await migration::follow_users(call->services.migration, call->values[0], std::move(subs));
}

Task<Answer> enable(Call* call) {
  auto user = co_await find(call);
  if (!user) co_return user.error();
  auto done = co_await identity::enable_user(call->at(), call->values[0], user->sub);
  if (!done) co_return done.error();
  auto followed = co_await follow(call, user->sub);
  if (!followed) co_return followed.error();
  Answer shown = co_await show_anew(call, user->sub);
  co_return shown;
}

Task<Answer> unlock(Call* call) {
  auto user = co_await find(call);
  if (!user) co_return user.error();
  auto done = co_await identity::unlock_user(call->at(), call->values[0], user->sub);
  if (!done) co_return done.error();
  co_return answer_with(*user);
}

Task<Answer> unlock_source(Call* call) {
  auto done = co_await identity::unlock_source(call->at(), call->values[0]);
  if (done.failed_with(Code::BadValue)) co_return Answer(Code::BadValue, "The address must be one of IPv4 or IPv6.");
  if (!done) co_return done.error();
  co_return Answer("{}");
}

Task<Answer> disable(Call* call) {
  auto user = co_await find(call);
  if (!user) co_return user.error();
  auto done = co_await identity::disable_user(call->at(), call->values[0], user->sub);
  if (!done) co_return done.error();
  auto followed = co_await follow(call, user->sub);
  if (!followed) co_return followed.error();
  Answer shown = co_await show_anew(call, user->sub);
  co_return shown;
}

Task<Answer> remove(Call* call) {
  auto user = co_await find(call);
  if (!user) co_return user.error();
  // First what hangs on him: whoever is interrupted here says it again.
  if (call->services.migration != nullptr) {
    auto ended =
        co_await migration::end_bindings_of_user(call->services.migration, call->at(), call->values[0], user->sub);
    if (!ended) co_return ended.error();
  }
  auto done = co_await identity::remove_user(call->at(), call->values[0], user->sub);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

Task<Answer> set_password(Call* call) {
  codec::JsonReader reader;
  SecretBytes password;
  {
    CLAVIGER_CO_TRY(object, body_object(*call, reader));
    ObjectReader members(object);
    members.read("password", password).require("password");
    const auto wrong = members.wrong();
    reader.wipe();
    if (wrong) co_return Answer(Code::BadValue, *wrong);
  }
  auto user = co_await find(call);
  if (!user) co_return user.error();
  auto done = co_await identity::set_password(call->at(), call->values[0], user->sub, std::move(password));
  if (!done) co_return done.error();
  Answer shown = co_await show_anew(call, user->sub);
  co_return shown;
}

}  // namespace

void add_user_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verbs(
      router, services,
      {{Method::Get, "/tenants/{tenant}/users", "user.list", Effect::Reads, list},
       {Method::Post, "/tenants/{tenant}/users", "user.add", Effect::Changes, add},
       {Method::Get, "/tenants/{tenant}/users/{login}", "user.show", Effect::Reads, show},
       {Method::Delete, "/tenants/{tenant}/users/{login}", "user.remove", Effect::Changes, remove},
       {Method::Post, "/tenants/{tenant}/users/{login}/enable", "user.enable", Effect::Changes, enable},
       {Method::Post, "/tenants/{tenant}/users/{login}/disable", "user.disable", Effect::Changes, disable},
       {Method::Post, "/tenants/{tenant}/users/{login}/unlock", "user.unlock", Effect::Changes, unlock},
       {Method::Post, "/sources/{address}/unlock", "source.unlock", Effect::Changes, unlock_source},
       {Method::Put, "/tenants/{tenant}/users/{login}/password", "user.set-password", Effect::Changes, set_password}});
}

}  // namespace claviger::admin
