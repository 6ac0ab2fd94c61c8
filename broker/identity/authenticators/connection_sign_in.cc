#include "broker/identity/authenticators/connection_sign_in.h"

#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/user_records.h"

namespace claviger::identity {

using broker::Context;
using runtime::Task;

std::vector<ProvedCredential> proved_by_connection(const http::Peer& peer) {
  std::vector<ProvedCredential> proved;
  for (const Authenticator* authenticator : authenticators()) {
    if (authenticator->input() != Input::Connection) continue;
    for (std::string& serial : authenticator->proved_by(peer)) {
      proved.push_back({std::string(authenticator->kind()), std::move(serial)});
    }
  }
  return proved;
}

Task<Result<std::optional<ConnectionUser>>> user_of_connection(Context* context, std::string tenant,
                                                               std::vector<ProvedCredential> proved,
                                                               std::string acr_values) {
  for (ProvedCredential& credential : proved) {
    if (!serves_some(credential.kind, acr_values)) continue;
    std::string kind = credential.kind;
    CLAVIGER_CO_TRY(owner, co_await find_credential(context, tenant, std::move(kind), std::move(credential.serial)));
    if (!owner) continue;
    auto user = co_await read_user(context, tenant, owner->sub);
    if (user.failed_with(Code::UserUnknown)) continue;
    if (!user) co_return user.error();
    ConnectionUser found;
    found.progress.sub = user->sub;
    found.progress.login = user->login;
    found.progress.auth_time = numeric_date(context->shard.wall());
    found.progress.first = std::move(credential.kind);
    found.credential_id = std::move(owner->id);
    co_return std::optional<ConnectionUser>(std::move(found));
  }
  co_return std::optional<ConnectionUser>();
}

}  // namespace claviger::identity
