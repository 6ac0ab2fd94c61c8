#include "broker/admin/registration_endpoint.h"

#include <algorithm>

#include "broker/admin/verb.h"
#include "broker/record_key.h"
#include "broker/registration/notifier.h"
#include "broker/registration/procedures.h"
#include "broker/registration/registrar.h"
#include "broker/tables.h"
#include "core/codec/json_writer.h"
#include "core/runtime/call.h"
#include "core/sip/uri.h"
#include "storage/page.h"

namespace claviger::admin {
namespace {

using registration::Binding;
using registration::ClientState;
using registration::Registrar;
using registration::Registration;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

Result<Registrar*> registrar_of(const Call& call) {
  CLAVIGER_TRY(known, check_tenant(call));
  Registrar* const registrar = call.services.registrar;
  if (registrar == nullptr || registrar->tenant() != call.values[0]) return Error{Code::ConfigMissing, "sip"};
  return registrar;
}

Result<std::string> identity_of(const Call& call) {
  auto identity = sip::canonical_identity(call.values[1]);
  if (!identity) return Error{Code::BadValue, "registration.identity"};
  return identity;
}

void write_registration(Json& json, const Registration& registration, std::int64_t now) {
  json.member("identity", registration.impu).member("s_cscf", registration.s_cscf);
  json.member("active", registration.is_active_at(now)).member("registered_at", registration.registered_at);
  json.member("expires_at", registration.expires_at);
  json.member("clients", static_cast<std::uint64_t>(registration.bindings.size()));
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(registrar, registrar_of(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  const std::string prefix = broker::record_prefix({registrar->tenant()});
  const std::string from = paging.after.empty() ? prefix : prefix + paging.after + '\0';
  const std::string end = broker::record_prefix_end(prefix);
  auto page = co_await call->context.store.range(broker::tables::kRegistrations, from, end, paging.limit);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  std::string last;
  for (const storage::Record& record : *page) {
    last = record.key.substr(prefix.size());
    const auto registration = registration::decode_registration(record.value, last);
    if (!registration) co_return registration.error();
    json.begin_object();
    write_registration(json, *registration, registrar->now());
    json.end_object();
  }
  json.end_array();
  if (storage::is_full_page(*page, paging.limit)) json.member("next", last);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(registrar, registrar_of(*call));
  CLAVIGER_CO_TRY(identity, identity_of(*call));
  auto registration = co_await registration::read_registration(registrar, identity);
  if (registration.failed_with(Code::RegistrationUnknown))
    co_return Answer(Code::NotFound, "nobody is registered with this identity");
  if (!registration) co_return registration.error();
  std::string text;
  Json json(text);
  json.begin_object();
  write_registration(json, *registration, registrar->now());
  json.name("bindings").begin_array();
  std::vector<std::string> resources;
  for (std::size_t i = 0; i < registration->bindings.size(); ++i) {
    const registration::BindingName name = registration->bindings[i];
    if (std::find(resources.begin(), resources.end(), name.mc_service_id) == resources.end())
      resources.push_back(name.mc_service_id);
    auto states = co_await registration::client_states(registrar, name.mc_service_id, name.service, name.client_id);
    if (!states) co_return states.error();
    for (const ClientState& state : *states) {
      const Binding& binding = state.binding;
      if (binding.impu != identity) continue;  // the client is at another one by now
      json.begin_object().member("service", name.service).member("mc_service_id", name.mc_service_id);
      json.member("client_id", name.client_id).member("full_access", state.has_full_access);
      if (!state.why_not.empty()) json.member("why_not", state.why_not);
      if (!binding.instance.empty()) json.member("instance", binding.instance);
      json.member("authorised_at", binding.authorised_at).member("token_expires_at", binding.token_expires_at);
      json.member("has_settings", state.has_settings);
      if (state.settings.profile_index >= 0) json.member("profile_index", state.settings.profile_index);
      json.end_object();
    }
  }
  json.end_array().name("subscriptions").begin_array();
  for (std::size_t i = 0; i < resources.size(); ++i) {
    auto tags = co_await registration::subscriptions_of(registrar, resources[i]);
    if (!tags) co_return tags.error();
    for (std::size_t j = 0; j < tags->size(); ++j) {
      auto subscription = co_await registration::read_subscription(registrar, (*tags)[j]);
      // One that has ended may wait for long to be told so, by a NOTIFY that reaches nobody.
      const bool is_living =
          subscription && subscription->life.ending.empty() && subscription->life.expires_at > registrar->now();
      if (!is_living) continue;
      json.begin_object().member("resource", subscription->resource).member("subscriber", subscription->subscriber);
      json.member("expires_at", subscription->life.expires_at).end_object();
    }
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> end(Call* call) {
  CLAVIGER_CO_TRY(registrar, registrar_of(*call));
  CLAVIGER_CO_TRY(identity, identity_of(*call));
  auto begin = [registrar, identity] {
    return registration::end_registration(registrar, identity, registration::EndReason::ByOperator);
  };
  auto ended = co_await runtime::call_on(&registrar->home_of_identity(identity), std::move(begin));
  if (ended.failed_with(Code::RegistrationUnknown))
    co_return Answer(Code::NotFound, "nobody is registered with this identity");
  if (!ended) co_return ended.error();
  co_return Answer("{}");
}

}  // namespace

void add_registration_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kAll = "/tenants/{tenant}/registrations";
  constexpr std::string_view kOne = "/tenants/{tenant}/registrations/{identity}";
  add_verb(router, services, {Method::Get, kAll, "registration.list", Effect::Reads, list});
  add_verb(router, services, {Method::Get, kOne, "registration.show", Effect::Reads, show});
  add_verb(router, services, {Method::Delete, kOne, "registration.end", Effect::Changes, end});
}

}  // namespace claviger::admin
