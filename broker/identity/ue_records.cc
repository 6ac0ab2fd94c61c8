#include "broker/identity/ue_records.h"

#include <algorithm>

#include "broker/identity/user_records.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/urn.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Task<Result<Ue>> read_ue(Context* context, std::string tenant, std::string ue_id) {
  if (!is_ue_id(ue_id)) co_return Error{Code::UeUnknown, "ue.id"};
  ue_id = codec::canonical_urn(ue_id);
  auto value = co_await context->store.get(tables::kUes, ue_key(tenant, ue_id));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::UeUnknown, "ue.id"};
  if (!value) co_return value.error();
  co_return decode_ue(*value, ue_id);
}

std::string ue_credential_key(std::string_view tenant, std::string_view kind, std::string_view thumbprint) {
  return broker::record_key({tenant, kind, thumbprint});
}

Task<Result<std::string>> read_ue_of_key(Context* context, std::string tenant, std::string kind,
                                         std::string thumbprint) {
  auto value = co_await context->store.get(tables::kCredentialIds, ue_credential_key(tenant, kind, thumbprint));
  if (value.failed_with(Code::NotFound)) co_return std::string();
  if (!value) co_return value.error();
  co_return codec::canonical_urn(value->text());
}

namespace {

// A session that lives, or nothing.
Task<Result<std::optional<Session>>> read_living(Context* context, std::string tenant, std::string sid) {
  auto session = co_await read_session(context, tenant, std::move(sid));
  if (session.failed_with(Code::SessionUnknown)) co_return std::optional<Session>();
  if (!session) co_return session.error();
  if (session->state != SessionState::Active) co_return std::optional<Session>();
  auto user = co_await read_user(context, std::move(tenant), session->sub);
  if (user.failed_with(Code::UserUnknown)) co_return std::optional<Session>();
  if (!user) co_return user.error();
  if (user->status != UserStatus::Enabled || session->auth_time < user->not_before) {
    co_return std::optional<Session>();
  }
  co_return std::optional<Session>(*std::move(session));
}

}  // namespace

Task<Result<std::vector<Session>>> read_living_sessions(Context* context, std::string tenant,
                                                        std::vector<std::string> sids) {
  std::vector<Session> living;
  for (std::size_t i = 0; i < sids.size(); ++i) {
    auto session = co_await read_living(context, tenant, sids[i]);
    if (!session) co_return session.error();
    if (*session) living.push_back(**std::move(session));
  }
  co_return living;
}

}  // namespace claviger::identity
