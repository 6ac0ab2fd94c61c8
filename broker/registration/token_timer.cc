#include "broker/registration/token_timer.h"

#include "broker/registration/procedures.h"
#include "broker/registration/rows.h"

namespace claviger::registration {

using runtime::Task;

namespace {

// When the service of that token ends; 0: it does not.
std::int64_t end_of(const settings::Sip& sip, std::int64_t token_expires_at) {
  if (token_expires_at == 0 || sip.token_expiry == settings::TokenExpiry::Keep) return 0;
  const bool has_grace = sip.token_expiry == settings::TokenExpiry::Grace;
  return token_expires_at + (has_grace ? static_cast<std::int64_t>(sip.token_grace.count()) : 0);
}

Task<Result<Unit>> look_once(Registrar* registrar, std::string impu, BindingName name) {
  auto registration = co_await read_registration(registrar, std::move(impu));
  if (registration.failed_with(Code::RegistrationUnknown)) co_return Unit{};
  if (!registration) co_return registration.error();
  Change change(registrar);
  CLAVIGER_CO_TRY(binding, co_await read_binding(registrar, name));
  const bool is_living = binding.version != 0 && binding.ended == EndReason::None && binding.impu == registration->impu;
  const std::int64_t end = end_of(registrar->sip(), binding.token_expires_at);
  // A newer token has a row of its own.
  if (!is_living || end == 0 || end > change.now) co_return Unit{};
  CLAVIGER_CO_TRY(unbound, co_await unbind(&change, &*registration, std::move(name), EndReason::TokenExpired,
                                           told(EndReason::TokenExpired)));
  put(change.transaction, registrar->tenant(), *registration);
  auto committed = co_await change.commit();
  co_return committed;
}

}  // namespace

void put_token_timer(Change& change, const Binding& binding) {
  const std::int64_t end = end_of(change.registrar->sip(), binding.token_expires_at);
  if (end == 0) return;
  put_token_timer(change.transaction, binding.impu, binding.name, end);
}

Task<Result<Unit>> look_at_token(Registrar* registrar, std::string impu, BindingName name) {
  auto turn = co_await registrar->turns().take(impu);
  if (!turn) co_return turn.error();
  for (int i = 1;; ++i) {
    auto looked = co_await look_once(registrar, impu, name);
    if (!looked.failed_with(Code::Conflict) || i == kConflictTries) co_return looked;
  }
}

}  // namespace claviger::registration
