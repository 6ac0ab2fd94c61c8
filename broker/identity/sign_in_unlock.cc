#include "broker/identity/sign_in_unlock.h"

#include <arpa/inet.h>

#include <array>

#include "broker/identity/authenticators/failed_codes.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/sign_in_throttle.h"
#include "broker/identity/user_records.h"
#include "broker/snapshot_publisher.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

Task<Result<Unit>> lift_at_home(Context* context, std::string tenant, std::string login) {
  const Monotonic now = context->shard.now();
  context->identity->throttle().lift_login(tenant, login, now);
  context->identity->second_factor_throttle().lift_login(tenant, login, now);
  co_return Unit{};
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> address;
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

}  // namespace

Task<Result<Unit>> unlock_user(Context* context, std::string tenant, std::string sub) {
  CLAVIGER_CO_TRY(user, co_await read_user(context, tenant, sub));
  storage::Transaction transaction;
  forget_wrong_codes(transaction, tenant, sub);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  runtime::Shard* home = &context->home_of(home_name("login", tenant, user.login));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), login = std::move(user.login)]() mutable {
    return lift_at_home(there, std::move(tenant), std::move(login));
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

Task<Result<Unit>> unlock_source(Context* context, std::string address) {
  if (!is_address(address)) co_return Error{Code::BadValue, "source.address"};
  // Each shard counts what was tried at the logins whose home it is.
  std::function<void(Context&)> step = [address](Context& on) {
    on.identity->throttle().lift_source(address);
    on.identity->second_factor_throttle().lift_source(address);
  };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(context, std::move(shared_step));
  co_return Unit{};
}

}  // namespace claviger::identity
