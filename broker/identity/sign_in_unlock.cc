#include "broker/identity/sign_in_unlock.h"

#include <arpa/inet.h>

#include <algorithm>
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

Task<Result<SignInWaits>> waits_at_home(Context* context, std::string tenant, std::string login) {
  const Monotonic now = context->shard.now();
  SignInThrottle& codes = context->identity->second_factor_throttle();
  const auto password = context->identity->throttle().waits_of(tenant, login, now);
  SignInWaits waits;
  waits.password = password.longest;
  waits.password_elsewhere = password.elsewhere;
  waits.code = std::max(codes.waits_of(tenant, login, now).longest,
                        codes.wait_of_total({kCodesPerWindow, kCodesWindow}, tenant, login, now));
  co_return waits;
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> address;
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

}  // namespace

Task<Result<SignInWaits>> read_waits(Context* context, std::string tenant, std::string sub, std::string login) {
  CLAVIGER_CO_TRY(wrong, co_await read_wrong_codes(context, tenant, std::move(sub)));
  runtime::Shard* home = &context->home_of(home_name("login", tenant, login));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), login = std::move(login)]() mutable {
    return waits_at_home(there, std::move(tenant), std::move(login));
  };
  CLAVIGER_CO_TRY(waits, co_await runtime::call_on(home, std::move(start)));
  waits.is_recovery_only = wrong.is_locked();
  co_return waits;
}

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
