// TS 24.229 clause 5.7.1.1, TS 24.379 clause 7.3.2: what a third-party REGISTER changes; and how registrations end.
#include <algorithm>

#include "broker/registration/change.h"
#include "broker/registration/client_server_keys.h"
#include "broker/registration/client_turn.h"
#include "broker/registration/procedures.h"
#include "broker/registration/registration_watch.h"
#include "broker/registration/rows.h"
#include "broker/tables.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

Task<Result<Registration>> read_registration(Registrar* registrar, std::string impu) {
  auto value =
      co_await registrar->here().store.get(tables::kRegistrations, registration_key(registrar->tenant(), impu));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::RegistrationUnknown, "registration"};
  if (!value) co_return value.error();
  co_return decode_registration(*value, impu);
}

namespace {

// Services that the UE no longer offers in its Contact: a log-off from these alone (TS 24.379 clause 7.2.1).
//
// Of a client that came by PUBLISH nobody has told on which UE it is. Where another client is known to be on this one, by its
// instance or its client ID, those of whom it is not known are left alone: several UEs may share the identity.
Task<Result<Unit>> drop_lost_services(Change* change, Registration* registration, UeContact contact) {
  const auto is_lost = [&contact](const BindingName& name) {
    return std::ranges::find(contact.services, name.service) == contact.services.end();
  };
  // A refresh, nearly always: nothing is read.
  if (std::ranges::none_of(registration->bindings, is_lost)) co_return Unit{};
  std::vector<Binding> bindings;
  for (std::size_t i = 0; i < registration->bindings.size(); ++i) {
    CLAVIGER_CO_TRY(binding, co_await read_binding(change->registrar, registration->bindings[i]));
    bindings.push_back(std::move(binding));
  }
  const auto is_there = [&contact](const Binding& one) {
    return one.instance == contact.instance || (one.instance.empty() && one.name.client_id == contact.instance);
  };
  const bool is_known = !contact.instance.empty() && std::ranges::any_of(bindings, is_there);
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    const Binding& binding = bindings[i];
    if (!is_lost(binding.name)) continue;
    const bool is_another_ue = !contact.instance.empty() && !binding.instance.empty() && !is_there(binding);
    if (is_another_ue || (is_known && !is_there(binding))) continue;
    CLAVIGER_CO_TRY(dropped,
                    co_await unbind(change, registration, binding.name, EndReason::FeatureLost, Ending::NoResource));
  }
  co_return Unit{};
}

struct End {
  std::string impu;
  EndReason reason = EndReason::None;
  std::string s_cscf = {};  // only what this one holds; empty: whoever holds it
};

Task<Result<Unit>> end_once(Registrar* registrar, End end) {
  const std::string impu = end.impu;
  const EndReason reason = end.reason;
  CLAVIGER_CO_TRY(registration, co_await read_registration(registrar, impu));
  if (!end.s_cscf.empty() && !is_same_server(end.s_cscf, registration.s_cscf)) co_return Unit{};
  Change change(registrar);
  CLAVIGER_CO_TRY(unbound, co_await unbind_all(&change, &registration, reason, told(reason)));
  CLAVIGER_CO_TRY(dropped, co_await drop_client_server_keys(&change, impu));
  end_watch(change, registration);
  erase(change.transaction, registrar->tenant(), registration);
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  registrar->figures().deregistered.add();
  registrar->wake();
  co_return Unit{};
}

// With the turn held.
Task<Result<Unit>> end_with_turn(Registrar* registrar, End end) {
  for (int i = 1;; ++i) {
    auto ended = co_await end_once(registrar, end);
    if (!ended.failed_with(Code::Conflict) || i == kConflictTries) co_return ended;
  }
}

Task<Result<Unit>> register_once(Registrar* registrar, std::shared_ptr<const RegisterRequest> request) {
  auto known = co_await read_registration(registrar, request->impu);
  if (!known && known.error().code != Code::RegistrationUnknown) co_return known.error();
  Change change(registrar);
  Registration registration;
  if (known) registration = *std::move(known);
  // One that has run out is not extended but begun anew: nobody was reachable meanwhile.
  if (registration.version != 0 && !registration.is_active_at(change.now)) {
    CLAVIGER_CO_TRY(unbound, co_await unbind_all(&change, &registration, EndReason::Expired, Ending::NoResource));
    registration.registered_at = 0;
  }
  registration.impu = request->impu;
  registration.s_cscf = request->s_cscf;
  registration.path = request->path;
  registration.icid = request->icid;
  registration.orig_ioi = request->orig_ioi;
  registration.charging_functions = request->charging_functions;
  registration.visited_network = request->visited_network;
  if (registration.registered_at == 0) registration.registered_at = change.now;
  registration.expires_at = change.now + request->expires;
  const std::int64_t due = registration.expires_at + kExpiryGrace;
  if (registration.timer_due <= change.now || registration.timer_due > due) {
    // A refresh leaves the row where it is, which looks again when its time has come, unless that is too late now.
    registration.timer_due = due;
    put_registration_timer(change.transaction, registration.impu, registration.timer_due);
  }
  if (request->contact && !registration.bindings.empty()) {
    UeContact contact = *request->contact;
    CLAVIGER_CO_TRY(dropped, co_await drop_lost_services(&change, &registration, std::move(contact)));
  }
  for (std::size_t i = 0; i < request->authorisations.size(); ++i) {
    Authorisation authorisation = request->authorisations[i];
    std::string instance = request->contact ? request->contact->instance : std::string();
    auto bound = co_await bind(&change, &registration, std::move(authorisation), std::move(instance));
    // Somebody else's key identifier, more keys than one user has, a UE that is lost: as a bad token.
    if (bound.failed_with(Code::CskInvalid) || bound.failed_with(Code::TooMany)) continue;
    if (bound.failed_with(Code::ServiceNotAuthorised)) continue;
    if (!bound) co_return bound.error();
    put(change.transaction, registrar->tenant(), bound->binding, &bound->former);
  }
  for (std::size_t i = 0; i < request->uploaded.size(); ++i) {
    ClientServerKeyRef key = request->uploaded[i];
    auto kept = co_await put_client_server_key(&change, registration.impu, std::move(key));
    if (!kept && kept.error().code != Code::CskInvalid && kept.error().code != Code::TooMany) co_return kept.error();
  }
  const std::string watched_before = registration.watch_tag;
  CLAVIGER_CO_TRY(watched, co_await begin_watch(&change, &registration));
  const bool is_watch_new = registration.watch_tag != watched_before;
  put(change.transaction, registrar->tenant(), registration);
  auto committed = co_await change.commit();
  if (committed) registrar->figures().registered.add();
  if (committed && is_watch_new) registrar->wake();
  co_return committed;
}

}  // namespace

namespace {

Task<Result<Unit>> register_in_turn(Registrar* registrar, std::shared_ptr<const RegisterRequest> request, int tries) {
  auto turn = co_await registrar->turns().take(request->impu);
  if (!turn) co_return turn.error();
  if (request->expires == 0) {
    End end{request->impu, EndReason::Deregistered};
    auto ended = co_await end_with_turn(registrar, std::move(end));
    // Gone already: what was asked for is so.
    if (ended.failed_with(Code::RegistrationUnknown)) co_return Unit{};
    co_return ended;
  }
  for (int i = 1;; ++i) {
    auto done = co_await register_once(registrar, request);
    if (!done.failed_with(Code::Conflict) || i == tries) co_return done;
  }
}

// As publish_among_others(). All tokens of one REGISTER are of one UE.
Task<Result<Unit>> register_among_others(Registrar* registrar, std::shared_ptr<const RegisterRequest> request) {
  const bool is_authorising = request->expires != 0 && !request->authorisations.empty();
  auto done = co_await register_in_turn(registrar, request, is_authorising ? 1 : kConflictTries);
  if (!is_authorising || !done.failed_with(Code::Conflict)) co_return done;
  auto again = [registrar, request] { return register_in_turn(registrar, request, kConflictTriesAlone); };
  auto alone = co_await alone_with_client(registrar, request->authorisations.front().client_id, request->impu, again);
  co_return alone;
}

}  // namespace

namespace {

// No further service of one REGISTER is asked about after this: its S-CSCF waits 32 s (RFC 3261, timer F), and an answer that
// is late may cost the UE its registration.
constexpr Seconds kAdmissionMax{5};

}  // namespace

Task<Result<Unit>> register_identity(Registrar* registrar, std::shared_ptr<const RegisterRequest> request) {
  if (!request->authorisations.empty() && request->expires != 0 && registrar->admission()) {
    // Who is not served here, or cannot be asked about now, is registered all the same: his client will publish.
    auto admitted = std::make_shared<RegisterRequest>(*request);
    admitted->authorisations.clear();
    const Monotonic begun = registrar->here().shard.now();
    bool goes_on = true;
    for (std::size_t i = 0; i < request->authorisations.size(); ++i) {
      Authorisation authorisation = request->authorisations[i];
      const ClientServerKeyRef uploaded = authorisation.uploaded;
      Result<Unit> checked = Error{Code::Overload, "register.admission"};
      goes_on = goes_on && registrar->here().shard.now() - begun <= kAdmissionMax;
      if (goes_on) {
        auto asked = co_await check_admission(registrar, std::move(authorisation));
        checked = std::move(asked);
      }
      // Who cannot be asked about one service cannot be about the next.
      goes_on = goes_on && !checked.failed_with(Code::Overload);
      if (checked) {
        admitted->authorisations.push_back(request->authorisations[i]);
      } else if (uploaded != nullptr) {
        admitted->uploaded.push_back(uploaded);
      }
    }
    request = std::move(admitted);
  }
  auto done = co_await register_among_others(registrar, request);
  if (!done) co_return done;
  for (std::size_t i = 0; i < request->authorisations.size(); ++i) {
    auto looked = co_await look_again(registrar, request->impu, request->authorisations[i]);
    // The registration stands all the same (TS 24.379 clause 7.3.2).
    if (!looked && looked.error().code != Code::ServiceNotAuthorised) co_return looked;
  }
  co_return Unit{};
}

Task<Result<Unit>> end_registration(Registrar* registrar, std::string impu, EndReason reason, std::string s_cscf) {
  auto turn = co_await registrar->turns().take(impu);
  if (!turn) co_return turn.error();
  End end{std::move(impu), reason, std::move(s_cscf)};
  auto ended = co_await end_with_turn(registrar, std::move(end));
  co_return ended;
}

namespace {

Task<Result<Unit>> end_binding_once(Registrar* registrar, std::string impu, BindingName name, EndReason reason) {
  CLAVIGER_CO_TRY(registration, co_await read_registration(registrar, impu));
  Change change(registrar);
  CLAVIGER_CO_TRY(unbound, co_await unbind(&change, &registration, std::move(name), reason, told(reason)));
  put(change.transaction, registrar->tenant(), registration);
  auto committed = co_await change.commit();
  co_return committed;
}

}  // namespace

Task<Result<Unit>> end_binding(Registrar* registrar, std::string impu, BindingName name, EndReason reason) {
  auto turn = co_await registrar->turns().take(impu);
  if (!turn) co_return turn.error();
  for (int i = 1;; ++i) {
    auto ended = co_await end_binding_once(registrar, impu, name, reason);
    if (ended.failed_with(Code::RegistrationUnknown)) co_return Unit{};
    if (!ended.failed_with(Code::Conflict) || i == kConflictTries) co_return ended;
  }
}

Task<Result<Unit>> look_at_registration(Registrar* registrar, std::string impu, std::int64_t due) {
  auto turn = co_await registrar->turns().take(impu);
  if (!turn) co_return turn.error();
  auto registration = co_await read_registration(registrar, impu);
  if (registration.failed_with(Code::RegistrationUnknown)) co_return Unit{};
  if (!registration) co_return registration.error();
  if (registration->timer_due != due) co_return Unit{};  // a row of a registration before this one
  const std::int64_t now = registrar->now();
  if (!registration->is_active_at(now)) {
    End end{impu, EndReason::Expired};
    auto ended = co_await end_with_turn(registrar, std::move(end));
    co_return ended;
  }
  Change change(registrar);
  registration->timer_due = registration->expires_at + kExpiryGrace;
  put_registration_timer(change.transaction, impu, registration->timer_due);
  put(change.transaction, registrar->tenant(), *registration);
  auto committed = co_await change.commit();
  co_return committed;
}

}  // namespace claviger::registration
