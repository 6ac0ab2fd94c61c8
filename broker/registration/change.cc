#include "broker/registration/change.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/registration/client_server_keys.h"
#include "broker/registration/procedures.h"
#include "broker/registration/rows.h"
#include "broker/registration/token_timer.h"
#include "broker/registration/ue_services.h"
#include "broker/tables.h"
#include "broker/tokens/token_revocation.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

void Change::tell(const std::string& resource) {
  if (std::ranges::find(resources, resource) == resources.end()) resources.push_back(resource);
}

Task<Result<Unit>> Change::commit() {
  if (!keys.left.empty()) {
    Change* const change = this;
    CLAVIGER_CO_TRY(dropped, co_await drop_left_keys(change));
  }
  for (const std::string& resource : resources) put_tell_resource(transaction, resource, now);
  for (const Registration& each : left) put(transaction, registrar->tenant(), each);
  auto committed = co_await registrar->here().store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  if (!resources.empty()) registrar->wake();
  co_return Unit{};
}

Task<Result<Binding>> read_binding(Registrar* registrar, BindingName name) {
  auto value = co_await registrar->here().store.get(tables::kServiceStates, binding_key(registrar->tenant(), name));
  if (value.failed_with(Code::NotFound)) {
    Binding none;
    none.name = std::move(name);
    co_return none;
  }
  if (!value) co_return value.error();
  co_return decode_binding(*value);
}

namespace {

// The identity's own subscriptions to a user's service that it no longer stands for.
Task<Result<Unit>> end_subscriptions(Change* change, std::string impu, BindingName gone, Ending reason_told) {
  Registrar* const registrar = change->registrar;
  CLAVIGER_CO_TRY(tags, co_await subscriptions_of(registrar, gone.mc_service_id));
  for (std::size_t i = 0; i < tags.size(); ++i) {
    auto subscription = co_await read_subscription(registrar, tags[i]);
    if (subscription.failed_with(Code::SubscriptionUnknown)) continue;
    if (!subscription) co_return subscription.error();
    if (subscription->is_server || subscription->subscriber != impu || !subscription->life.ending.empty()) continue;
    // One ID may be a user's for several services (TS 23.280 clause 10.1.4.1).
    if (subscription->service != gone.service) continue;
    subscription->life.ending = name_of(reason_told);
    put(change->transaction, registrar->tenant(), *subscription);
    put_tell_dialog(change->transaction, subscription->dialog.local_tag, change->now);
  }
  co_return Unit{};
}

bool has_client_of(const Registration& registration, const BindingName& name) {
  return std::ranges::any_of(registration.bindings, [&name](const BindingName& other) {
    return other.mc_service_id == name.mc_service_id && other.service == name.service;
  });
}

// The client is bound elsewhere from now on: the identity where it was has neither it nor, unless another client of that user
// and service is there, what it hears of him.
Task<Result<Unit>> leave_former_identity(Change* change, Binding former) {
  const auto is_it = [&former](const Registration& one) { return one.impu == former.impu; };
  auto found = std::ranges::find_if(change->left, is_it);
  if (found == change->left.end()) {
    auto known = co_await read_registration(change->registrar, former.impu);
    if (known.failed_with(Code::RegistrationUnknown)) co_return Unit{};
    if (!known) co_return known.error();
    change->left.push_back(*std::move(known));
    found = std::prev(change->left.end());
  }
  std::erase(found->bindings, former.name);
  if (has_client_of(*found, former.name)) co_return Unit{};
  auto ended = co_await end_subscriptions(change, former.impu, former.name, Ending::NoResource);
  co_return ended;
}

}  // namespace

Ending told(EndReason reason) {
  switch (reason) {
    case EndReason::Revoked:
      return Ending::Rejected;
    case EndReason::TokenExpired:
      return Ending::Deactivated;
    default:
      return Ending::NoResource;
  }
}

Task<Result<Unit>> unbind(Change* change, Registration* registration, BindingName name, EndReason reason,
                          Ending reason_told) {
  Registrar* const registrar = change->registrar;
  std::erase(registration->bindings, name);
  CLAVIGER_CO_TRY(binding, co_await read_binding(registrar, name));
  // It has ended, or the client has been authorised at another identity since.
  if (binding.version == 0 || binding.ended != EndReason::None || binding.impu != registration->impu) co_return Unit{};
  leave_client_server_key(*change, *registration, binding);
  put_ended(change->transaction, registrar->tenant(), std::move(binding), reason, change->now);
  change->tell(name.mc_service_id);
  registrar->figures_of(name.service).ended.add();
  if (has_client_of(*registration, name)) co_return Unit{};
  auto ended = co_await end_subscriptions(change, registration->impu, std::move(name), reason_told);
  co_return ended;
}

Task<Result<Unit>> unbind_all(Change* change, Registration* registration, EndReason reason, Ending reason_told) {
  while (!registration->bindings.empty()) {
    BindingName name = registration->bindings.back();
    CLAVIGER_CO_TRY(unbound, co_await unbind(change, registration, std::move(name), reason, reason_told));
  }
  co_return Unit{};
}

Task<Result<Bound>> bind(Change* change, Registration* registration, Authorisation authorisation,
                         std::string instance) {
  Registrar* const registrar = change->registrar;
  const BindingName name{authorisation.facts.mc_service_id, authorisation.service, authorisation.client_id};
  Bound bound;
  CLAVIGER_CO_TRY(former, co_await read_binding(registrar, name));
  bound.former = std::move(former);
  const bool is_listed = std::ranges::find(registration->bindings, name) != registration->bindings.end();
  // Ended by this very change: what hangs on it goes with it, and is made anew.
  if (bound.former.impu == registration->impu && !is_listed) bound.former.ended = EndReason::Replaced;
  const bool is_same = bound.former.version != 0 && bound.former.ended == EndReason::None;
  if (instance.empty() && is_same) instance = bound.former.instance;
  CLAVIGER_CO_TRY(ue, co_await ue_of(registrar, name.client_id, instance));
  if (authorisation.uploaded != nullptr) {
    CLAVIGER_CO_TRY(kept, co_await put_client_server_key(change, registration->impu, authorisation.uploaded));
  }
  if (!ue.ue_id.empty() && ue.ue_class == identity::UeClass::Shareable) {
    CLAVIGER_CO_TRY(evicted, co_await evict_here(change, registration, name, ue.ue_id));
  }

  if (std::ranges::find(registration->bindings, name) == registration->bindings.end()) {
    if (registration->bindings.size() >= kBindingsPerIdentityMax)
      co_return Error{Code::TooMany, "registration.bindings"};
    registration->bindings.push_back(name);
  }
  if (is_same && bound.former.impu != registration->impu) {
    erase_publication_timer(change->transaction, bound.former, change->now);
    leave_client_server_key(*change, *registration, bound.former);
    CLAVIGER_CO_TRY(left, co_await leave_former_identity(change, bound.former));
  }
  Binding& binding = bound.binding;
  binding.csk_id = authorisation.csk_id;
  if (is_same && bound.former.impu == registration->impu) {
    binding.etag = bound.former.etag;
    binding.publication_due = bound.former.publication_due;
    if (binding.csk_id == 0) binding.csk_id = bound.former.csk_id;
    if (binding.csk_id != bound.former.csk_id) leave_client_server_key(*change, *registration, bound.former);
  }
  binding.name = name;
  take_client_server_key(*change, binding);
  binding.impu = registration->impu;
  binding.instance = std::move(instance);
  binding.ue = std::move(ue.ue_id);
  binding.issuer = std::move(authorisation.facts.issuer);
  binding.oauth_client_id = std::move(authorisation.facts.oauth_client_id);
  binding.scope = std::move(authorisation.facts.scope);
  binding.sub = std::move(authorisation.facts.sub);
  binding.sid = std::move(authorisation.facts.sid);
  binding.jti = std::move(authorisation.facts.jti);
  binding.token_digest = std::move(authorisation.facts.digest);
  binding.token_issued_at = authorisation.facts.issued_at;
  binding.token_expires_at = authorisation.facts.expires_at;
  binding.authorised_at = change->now;
  binding.version = bound.former.version;
  put_token_timer(*change, binding);
  change->tell(name.mc_service_id);
  registrar->figures_of(name.service).authorised.add();
  co_return bound;
}

Task<Result<Unit>> look_again(Registrar* registrar, std::string impu, Authorisation authorisation) {
  const TokenFacts& facts = authorisation.facts;
  tokens::TokenNames names{facts.jti, facts.sid, facts.sub, facts.issued_at};
  CLAVIGER_CO_TRY(is_late, co_await tokens::is_revoked(&registrar->here(), registrar->tenant(), std::move(names)));
  BindingName name{facts.mc_service_id, authorisation.service, authorisation.client_id};
  if (!is_late) {
    auto looked = co_await look_at_ue(registrar, name);
    if (!looked.failed_with(Code::ServiceNotAuthorised)) co_return looked;
  }
  CLAVIGER_CO_TRY(ended, co_await end_binding(registrar, impu, std::move(name), EndReason::Revoked));
  co_return Error{Code::ServiceNotAuthorised, is_late ? "registration.revoked" : "registration.ue"};
}

}  // namespace claviger::registration
