#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/user_json.h"
#include "broker/admin/user_lookup.h"
#include "broker/identity/authenticators/password_length.h"
#include "broker/identity/sign_in_unlock.h"
#include "broker/migration/binding_holds.h"
#include "broker/migration/migrant.h"

namespace claviger::admin {

namespace {
// Of no user's login, or what nobody may have for one: an identity may still have that form.
bool is_unknown(Code code) { return code == Code::UserUnknown || code == Code::LoginInvalid; }

constexpr Error kSeveral{Code::BadValue, "user.several"};
}  // namespace

runtime::Task<Result<identity::User>> find_named_user(broker::Context* context, std::string tenant, std::string name) {
  constexpr std::size_t kSubCharacters = 22;
  auto found = co_await identity::find_user_by_login(context, tenant, name);
  if (!found && !is_unknown(found.error().code)) co_return found;
  if (name.size() == kSubCharacters) {
    auto by_sub = co_await identity::find_user(context, tenant, name);
    if (!by_sub && !by_sub.failed_with(Code::UserUnknown)) co_return by_sub;
    if (by_sub && found && found->sub != by_sub->sub) co_return kSeveral;
    if (by_sub) found = std::move(by_sub);
  }
  for (const char* kind : {"mc", "mcptt", "mcvideo", "mcdata", "val"}) {
    auto by_identity = co_await identity::find_user_by_mc_identity(context, tenant, kind, name);
    if (!by_identity && !by_identity.failed_with(Code::UserUnknown)) co_return by_identity;
    if (by_identity && found && found->sub != by_identity->sub) co_return kSeveral;
    if (by_identity) found = std::move(by_identity);
  }
  co_return found;
}

runtime::Task<std::string> mc_service_ids_of(broker::Context* context, std::string tenant, std::string name) {
  auto user = co_await find_named_user(context, std::move(tenant), std::move(name));
  std::string ids;
  if (!user) co_return ids;
  for (const std::string* id : {&user->mcptt_id, &user->mcvideo_id, &user->mcdata_id}) {
    if (!id->empty()) ids += (ids.empty() ? "" : ", ") + *id;
  }
  co_return ids.empty() ? "the KMS knows users by their MC service IDs, and " + user->login + " has none"
                        : "the KMS knows users by their MC service IDs; " + user->login + " has " + ids;
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
  auto waits = co_await identity::read_waits(call->at(), call->values[0], user->sub, user->login);
  if (!waits) co_return waits.error();
  std::string text;
  codec::JsonWriter json(text);
  write_user(json, *user, *waits, call->context.shard.wall());
  co_return Answer(std::move(text));
}

// With what the tenant wants of a password where it was that.
Task<Answer> refusal_of(Call* call, Error error) {
  if (!is_too_short(error)) co_return error;
  auto said = co_await identity::read_password_length(call->at(), call->values[0]);
  if (!said) co_return said.error();
  co_return Answer(error.code, wanted_password(*said));
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
  if (!user) co_return co_await refusal_of(call, user.error());
  call->detail = "sub=" + user->sub;
  co_return answer_with(*user);
}

// His bindings in other systems: owed with his record, so that what does not go now is done later, and the verb is done
// all the same.
Task<void> follow(Call* call, std::string sub) {
  if (call->services.migration == nullptr) co_return;
  std::vector<std::string> subs{std::move(sub)};
  const auto followed = co_await migration::follow_users(call->services.migration, call->values[0], std::move(subs));
  if (followed) co_return;
  call->context.shard.logger().warning("user.follow", {{"code", name_of(followed.error().code)}});
}

Task<Answer> enable(Call* call) {
  auto user = co_await find(call);
  if (!user) co_return user.error();
  auto done = co_await identity::enable_user(call->at(), call->values[0], user->sub);
  if (!done) co_return done.error();
  co_await follow(call, user->sub);
  Answer shown = co_await show_anew(call, user->sub);
  co_return shown;
}

// What the object does not name stays; an empty text or list takes away.
Task<Answer> set(Call* call) {
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  ObjectReader members(object);
  identity::UserChange change;
  const auto read_text = [&](std::string_view name, std::optional<std::string>& field) {
    std::string text;
    members.read(name, text);
    if (members.has(name)) field = std::move(text);
  };
  const auto read_list = [&](std::string_view name, std::optional<std::vector<std::string>>& field) {
    std::vector<std::string> list;
    members.read(name, list);
    if (members.has(name)) field = std::move(list);
  };
  read_text("login", change.login);
  read_text("display_name", change.display_name);
  read_text("mc_id", change.mc_id);
  read_text("mcptt_id", change.mcptt_id);
  read_text("mcvideo_id", change.mcvideo_id);
  read_text("mcdata_id", change.mcdata_id);
  read_list("scopes", change.scopes);
  read_list("val_user_ids", change.val_user_ids);
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  auto user = co_await find(call);
  if (!user) co_return user.error();
  auto changed = co_await identity::change_user(call->at(), call->values[0], user->sub, std::move(change));
  if (!changed) co_return changed.error();
  co_return answer_with(*changed);
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
  co_await follow(call, user->sub);
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
  if (!done) co_return co_await refusal_of(call, done.error());
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
       {Method::Patch, "/tenants/{tenant}/users/{login}", "user.set", Effect::Changes, set},
       {Method::Delete, "/tenants/{tenant}/users/{login}", "user.remove", Effect::Changes, remove},
       {Method::Post, "/tenants/{tenant}/users/{login}/enable", "user.enable", Effect::Changes, enable},
       {Method::Post, "/tenants/{tenant}/users/{login}/disable", "user.disable", Effect::Changes, disable},
       {Method::Post, "/tenants/{tenant}/users/{login}/unlock", "user.unlock", Effect::Changes, unlock},
       {Method::Post, "/sources/{address}/unlock", "source.unlock", Effect::Changes, unlock_source},
       {Method::Put, "/tenants/{tenant}/users/{login}/password", "user.set-password", Effect::Changes, set_password}});
}

}  // namespace claviger::admin
