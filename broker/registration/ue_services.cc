#include "broker/registration/ue_services.h"

#include <algorithm>
#include <tuple>

#include "broker/identity/session_records.h"
#include "broker/identity/ue_records.h"
#include "broker/record_key.h"
#include "broker/registration/procedures.h"
#include "broker/tables.h"
#include "core/codec/urn.h"
#include "core/runtime/call.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

// Users of a gateway, each with every service.
constexpr std::size_t kBindingsPerUeMax = identity::kUeUsersMax * 8;

Task<Result<std::vector<BindingName>>> names_on(Registrar* registrar, std::string ue_id) {
  const std::string prefix = revocable_prefix(registrar->tenant(), kUeIndex, ue_id);
  const std::string end = broker::record_prefix_end(prefix);
  CLAVIGER_CO_TRY(rows, co_await registrar->here().store.range(tables::kServiceStates, prefix, end, kBindingsPerUeMax));
  std::vector<BindingName> names;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(name, name_of_index(row.key));
    names.push_back(std::move(name));
  }
  co_return names;
}

Task<Result<Unit>> end_there(Registrar* registrar, Binding binding, EndReason reason) {
  const std::string impu = binding.impu;
  auto begin = [registrar, impu, name = std::move(binding.name), reason] {
    return end_binding(registrar, impu, name, reason);
  };
  auto ended = co_await runtime::call_on(&registrar->home_of_identity(impu), std::move(begin));
  co_return ended;
}

// Client ID and instance are the client's own words. A session's UE was shown at the sign-in, by its key or its cookie
// (identity/ue_naming.h).
Task<Result<bool>> was_signed_in_there(Registrar* registrar, std::string sid, std::string ue_id) {
  auto session = co_await identity::read_session(&registrar->here(), registrar->tenant(), std::move(sid));
  if (session.failed_with(Code::SessionUnknown)) co_return false;
  if (!session) co_return session.error();
  co_return session->ue_id == ue_id;
}

// As the client is bound and the UE stands now: nobody else is ended by what this one only says of itself.
Task<Result<Unit>> evict_elsewhere(Registrar* registrar, Binding own) {
  CLAVIGER_CO_TRY(is_there, co_await was_signed_in_there(registrar, own.sid, own.ue));
  if (!is_there) co_return Unit{};
  CLAVIGER_CO_TRY(others, co_await names_on(registrar, own.ue));
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (others[i].service != own.name.service || others[i].mc_service_id == own.name.mc_service_id) continue;
    CLAVIGER_CO_TRY(other, co_await read_binding(registrar, others[i]));
    if (other.version == 0 || other.ended != EndReason::None) continue;
    // Of two at once the later one stays: it ends this one.
    const bool is_later = std::tie(other.authorised_at, other.version) > std::tie(own.authorised_at, own.version);
    if (is_later) continue;
    CLAVIGER_CO_TRY(ended, co_await end_there(registrar, std::move(other), EndReason::Replaced));
  }
  co_return Unit{};
}

}  // namespace

Task<Result<identity::Ue>> ue_of(Registrar* registrar, std::string client_id, std::string instance) {
  auto ue = co_await identity::read_ue(&registrar->here(), registrar->tenant(), client_id);
  if (ue.failed_with(Code::UeUnknown) && !instance.empty() && instance != client_id) {
    ue = co_await identity::read_ue(&registrar->here(), registrar->tenant(), std::move(instance));
  }
  if (ue.failed_with(Code::UeUnknown)) co_return identity::Ue{};
  if (!ue) co_return ue.error();
  if (ue->is_lost) co_return Error{Code::ServiceNotAuthorised, "registration.ue_lost"};
  co_return ue;
}

Task<Result<Unit>> evict_here(Change* change, Registration* registration, BindingName name, std::string ue_id) {
  CLAVIGER_CO_TRY(on_it, co_await names_on(change->registrar, std::move(ue_id)));
  std::vector<BindingName> others;
  for (const BindingName& other : registration->bindings) {
    if (other.service != name.service || other.mc_service_id == name.mc_service_id) continue;
    // By its client ID, too: it may have come before the UE was registered.
    const bool is_on_it = other.client_id == name.client_id || std::ranges::find(on_it, other) != on_it.end();
    if (is_on_it) others.push_back(other);
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    CLAVIGER_CO_TRY(evicted, co_await unbind(change, registration, others[i], EndReason::Replaced, Ending::NoResource));
  }
  co_return Unit{};
}

Task<Result<Unit>> look_at_ue(Registrar* registrar, BindingName name) {
  CLAVIGER_CO_TRY(own, co_await read_binding(registrar, name));
  if (own.version == 0 || own.ended != EndReason::None || own.ue.empty()) co_return Unit{};
  auto ue = co_await identity::read_ue(&registrar->here(), registrar->tenant(), own.ue);
  if (ue.failed_with(Code::UeUnknown)) co_return Error{Code::ServiceNotAuthorised, "registration.ue_removed"};
  if (!ue) co_return ue.error();
  if (ue->is_lost) co_return Error{Code::ServiceNotAuthorised, "registration.ue_lost"};
  if (ue->ue_class != identity::UeClass::Shareable) co_return Unit{};
  auto evicted = co_await evict_elsewhere(registrar, std::move(own));
  co_return evicted;
}

Task<Result<Unit>> end_services_on_ue(Registrar* registrar, std::string ue_id) {
  CLAVIGER_CO_TRY(names, co_await names_on(registrar, codec::canonical_urn(ue_id)));
  for (std::size_t i = 0; i < names.size(); ++i) {
    CLAVIGER_CO_TRY(binding, co_await read_binding(registrar, names[i]));
    if (binding.version == 0 || binding.ended != EndReason::None) continue;
    CLAVIGER_CO_TRY(ended, co_await end_there(registrar, std::move(binding), EndReason::Revoked));
  }
  co_return Unit{};
}

}  // namespace claviger::registration
