#include <charconv>

#include "broker/admin/people_endpoints.h"
#include "broker/admin/tenant_administrators.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;

std::optional<std::uint32_t> uid_of(std::string_view text) {
  std::uint32_t uid = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return uid;
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto uids = co_await list_tenant_administrators(call->at(), call->values[0]);
  if (!uids) co_return uids.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const std::uint32_t uid : *uids) json.begin_object().member("uid", uid).end_object();
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> add(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  const auto uid = uid_of(call->values[1]);
  if (!uid) co_return Answer(Code::BadValue, "uid: a number");
  auto added = co_await add_tenant_administrator(call->at(), call->values[0], *uid);
  if (!added) co_return added.error();
  co_return Answer("{}");
}

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  const auto uid = uid_of(call->values[1]);
  if (!uid) co_return Answer(Code::BadValue, "uid: a number");
  CLAVIGER_CO_TRY(is_one, co_await is_tenant_administrator(call->at(), call->values[0], *uid));
  if (!is_one) co_return Answer(Code::NotFound, "no such administrator of this tenant");
  auto removed = co_await remove_tenant_administrator(call->at(), call->values[0], *uid);
  if (!removed) co_return removed.error();
  co_return Answer("{}");
}

}  // namespace

void add_administrator_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kAll = "/tenants/{tenant}/administrators";
  constexpr std::string_view kOne = "/tenants/{tenant}/administrators/{uid}";
  add_verb(router, services, {Method::Get, kAll, "administrator.list", Effect::Reads, list});
  add_verb(router, services, {Method::Put, kOne, "administrator.add", Effect::Changes, add});
  add_verb(router, services, {Method::Delete, kOne, "administrator.remove", Effect::Changes, remove});
}

}  // namespace claviger::admin
