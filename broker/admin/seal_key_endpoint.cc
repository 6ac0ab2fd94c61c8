#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/seal_keys/service_key_procedures.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;
using seal_keys::KeyName;
using seal_keys::ServiceKeys;
using seal_keys::TargetKind;
using Json = codec::JsonWriter<std::string>;

// A line a generation; never its key.
void write_keys(Json& json, const ServiceKeys& keys, std::int64_t now) {
  for (const seal_keys::Generation& generation : keys.generations) {
    json.begin_object().member("service", keys.service);
    json.member("target", keys.target.kind == TargetKind::Service
                              ? std::string("service")
                              : std::string(name_of(keys.target.kind)) + " " + keys.target.id);
    if (keys.target.kind == TargetKind::User) json.member("val_user_id", keys.target.id);
    if (keys.target.kind == TargetKind::Ue) json.member("val_ue_id", keys.target.id);
    json.member("generation", generation.number).member("kid", generation.kid);
    json.member("state", name_of(keys.state_of(generation, now))).member("algorithm", generation.algorithm);
    json.member("created_at", generation.created_at).member("not_before", generation.not_before);
    json.member("expires_at", generation.expires_at);
    if (generation.revoked_at != 0) json.member("revoked_at", generation.revoked_at);
    if (!generation.provisioned_by.empty()) json.member("provisioned_by", generation.provisioned_by);
    json.end_object();
  }
}

Answer answer_with(const Call& call, const std::vector<ServiceKeys>& all, std::string_view next = {}) {
  const std::int64_t now = numeric_date(call.context.shard.wall());
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const ServiceKeys& keys : all) write_keys(json, keys, now);
  json.end_array();
  if (!next.empty()) json.member("next", next);
  json.end_object();
  return Answer(std::move(text));
}

struct Wish {
  KeyName name;
  std::string kid;
  bool is_all = false;
  Seconds delay{0};
  Seconds lifetime = seal_keys::kLifetimeDefault;
};
struct WishOrWrong {
  Wish wish;
  std::optional<std::string> wrong;
};

// {"service", "user" or "ue", "kid", "all", "delay", "lifetime"}: each verb takes what it can use.
WishOrWrong read_wish(codec::JsonObject object) {
  WishOrWrong result;
  Wish& wish = result.wish;
  std::string user;
  std::string ue;
  std::optional<std::int64_t> delay;
  std::optional<std::int64_t> lifetime;
  ObjectReader members(object);
  members.read("service", wish.name.service).require("service").read("user", user).read("ue", ue);
  members.read("kid", wish.kid).read("all", wish.is_all).read("delay", delay).read("lifetime", lifetime);
  result.wrong = members.wrong();
  // Before they are durations: the procedures know the limits.
  constexpr std::int64_t kSecondsMax = 1'000'000'000;
  for (const auto& seconds : {delay, lifetime}) {
    if (seconds && (*seconds < 0 || *seconds > kSecondsMax) && !result.wrong)
      result.wrong = "a number of seconds is expected";
  }
  if (!user.empty() && !ue.empty() && !result.wrong) result.wrong = "user and ue: one of them at most";
  if (!user.empty()) wish.name.target = {TargetKind::User, user};
  if (!ue.empty()) wish.name.target = {TargetKind::Ue, ue};
  if (delay) wish.delay = Seconds{*delay};
  if (lifetime) wish.lifetime = Seconds{*lifetime};
  return result;
}

WishOrWrong read_wish(Call& call, codec::JsonObject object) {
  WishOrWrong read = read_wish(object);
  read.wish.name.tenant = call.values[0];
  call.target += "/" + read.wish.name.service;
  if (read.wish.name.target.kind != TargetKind::Service) {
    call.target += "/" + std::string(name_of(read.wish.name.target.kind)) + "/" + read.wish.name.target.id;
  }
  return read;
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  const auto form = codec::parse_form(call->request.query);
  if (!form) co_return Answer(form.error());
  std::string service(form->find("service").value_or(""));
  auto page = co_await seal_keys::list_service_keys(call->at(), call->values[0], std::move(service),
                                                    std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  co_return answer_with(*call, page->keys, page->next);
}

Task<Answer> finish(Call* call, Task<Result<ServiceKeys>> task) {
  auto changed = co_await std::move(task);
  if (!changed) co_return changed.error();
  const seal_keys::Generation* current = changed->current_at(numeric_date(call->context.shard.wall()));
  call->detail = "current=" + (current == nullptr ? std::string("none") : current->kid);
  std::vector<ServiceKeys> all;
  all.push_back(*std::move(changed));
  co_return answer_with(*call, all);
}

Task<Answer> create(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  WishOrWrong read = read_wish(*call, object);
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  auto task = seal_keys::create_service_key(call->at(), std::move(read.wish.name), read.wish.lifetime);
  co_return co_await finish(call, std::move(task));
}

Task<Answer> rotate(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  WishOrWrong read = read_wish(*call, object);
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  const seal_keys::Rotation rotation{read.wish.delay, read.wish.lifetime};
  auto task = seal_keys::rotate_service_key(call->at(), std::move(read.wish.name), rotation);
  co_return co_await finish(call, std::move(task));
}

Task<Answer> revoke(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  WishOrWrong read = read_wish(*call, object);
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  if (read.wish.is_all && !read.wish.kid.empty()) co_return Answer(Code::BadValue, "kid and all: one of them at most");
  auto task = read.wish.is_all
                  ? seal_keys::revoke_all_service_keys(call->at(), std::move(read.wish.name))
                  : seal_keys::revoke_service_key(call->at(), std::move(read.wish.name), std::move(read.wish.kid));
  co_return co_await finish(call, std::move(task));
}

}  // namespace

void add_seal_key_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kAll = "/tenants/{tenant}/seal-keys";
  add_verb(router, services, {Method::Get, kAll, "seal_key.list", Effect::Reads, list});
  add_verb(router, services, {Method::Post, kAll, "seal_key.create", Effect::Changes, create});
  add_verb(router, services,
           {Method::Post, "/tenants/{tenant}/seal-keys/rotate", "seal_key.rotate", Effect::Changes, rotate});
  add_verb(router, services,
           {Method::Post, "/tenants/{tenant}/seal-keys/revoke", "seal_key.revoke", Effect::Changes, revoke});
}

}  // namespace claviger::admin
