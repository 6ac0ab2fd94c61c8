#include "broker/registration/notifier.h"

#include "broker/registration/change.h"
#include "broker/registration/notification.h"
#include "broker/registration/notify_body.h"
#include "broker/registration/peer_wait.h"
#include "broker/registration/procedures.h"
#include "broker/tables.h"
#include "core/crypto/digest.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

std::string_view why_not(const Binding& binding, bool is_registered) {
  if (binding.ended != EndReason::None) return name_of(binding.ended);
  return is_registered ? std::string_view() : "not-registered";
}

Task<Result<Unit>> add_settings(Registrar* registrar, ClientState* client) {
  if (client->binding.etag.empty()) co_return Unit{};
  auto value = co_await registrar->here().store.get(tables::kPublications,
                                                    publication_key(registrar->tenant(), client->binding.etag));
  if (value.failed_with(Code::NotFound)) co_return Unit{};  // it ran out
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(publication, decode_publication(*value, client->binding.etag));
  client->settings = std::move(publication.settings);
  client->has_settings = true;
  co_return Unit{};
}

Task<Result<Unit>> send_notify(Registrar* registrar, std::string local_tag) {
  auto found = co_await read_subscription(registrar, local_tag);
  if (found.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
  if (!found) co_return found.error();
  Subscription subscription = *std::move(found);
  const std::int64_t now = registrar->now();
  CLAVIGER_CO_TRY(grace, co_await grace_of(registrar, subscription, now));
  if (grace != 0) subscription.life.expires_at = grace;
  sip::end_if_over(subscription.life, now);
  CLAVIGER_CO_TRY(
      clients, co_await client_states(registrar, subscription.resource, subscription.service, subscription.client_id));
  // Before protection, which is another each time.
  const auto hash = crypto::sha256(as_bytes(write_state_document(clients, subscription.is_server)));
  const std::string digest(as_text(hash));
  const Registrar::Notified before = registrar->notified()[local_tag];
  // The whole state is what is told, always: what is owed since the last SUBSCRIBE, and what is different.
  const bool is_said = before.number >= subscription.life.all_from && before.digest == digest;
  if (is_said && subscription.life.ending.empty()) co_return Unit{};
  // The number is on disk before it is used: after kill -9 the next one is higher, or the UE would refuse it.
  const std::uint32_t number = ++subscription.dialog.local_sequence;
  auto as_it_was = std::make_shared<const Subscription>(subscription);
  auto states = std::make_shared<const std::vector<ClientState>>(std::move(clients));
  CLAVIGER_CO_TRY(body, co_await notify_body(registrar, std::move(as_it_was), std::move(states)));
  Change change(registrar);
  put(change.transaction, registrar->tenant(), subscription);
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  sip::Notification notification =
      notification_of(*registrar, subscription.dialog, subscription.life, now, "poc-settings", registrar->sip().psi);
  notification.content_type = std::move(body.content_type);
  notification.body = std::move(body.text);
  sip::OutgoingRequest request = sip::write_notify(subscription.dialog, std::move(notification));
  auto answer = co_await registrar->endpoint().send(std::move(request));
  const sip::NotifyOutcome outcome = sip::outcome_of(answer);
  ServiceFigures& figures = registrar->figures_of(subscription.service);
  (outcome == sip::NotifyOutcome::Heard ? figures.notified : figures.notify_failed).add();
  if (outcome == sip::NotifyOutcome::Again) co_return Error{Code::Refused, "notify.answer"};
  if (outcome == sip::NotifyOutcome::Gone || !subscription.life.ending.empty()) {
    auto forgotten = co_await forget_dialog(registrar, local_tag);
    co_return forgotten;
  }
  Registrar::Notified& said = registrar->notified()[local_tag];
  said.digest = digest;
  said.number = number;
  co_return Unit{};
}

// One NOTIFY of a dialog at a time: what changes meanwhile is told when the row comes back.
Task<Result<Unit>> tell_here(Registrar* registrar, std::string local_tag) {
  if (registrar->notified()[local_tag].is_under_way) co_return Error{Code::DeadlinePassed, "notify.under_way"};
  registrar->notified()[local_tag].is_under_way = true;
  co_await registrar->answer_first(local_tag).wait(local_tag);
  auto told = co_await send_notify(registrar, local_tag);
  const auto found = registrar->notified().find(local_tag);
  if (found != registrar->notified().end()) {
    found->second.is_under_way = false;
    if (found->second.digest.empty()) registrar->notified().erase(found);  // gone, or never heard
  }
  co_return told;
}

Task<Result<Unit>> tell_all(Registrar* registrar, std::vector<std::string> tags) {
  std::vector<runtime::OneShot<Result<Unit>>> waiters;
  Result<Unit> outcome = Unit{};
  for (const std::string& tag : tags) {
    auto begin = [registrar, tag] { return tell_here(registrar, tag); };
    auto sent = runtime::detail::send_call<Result<Unit>>(registrar->home_of_dialog(tag), std::move(begin));
    if (!sent) co_return sent.error();
    waiters.push_back(*std::move(sent));
  }
  const Monotonic deadline = registrar->here().shard.now() + kPeerWaitMax;
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    auto told = co_await waiters[i].until(deadline);
    if (!told)
      outcome = Error{Code::DeadlinePassed, "notify.answers"};
    else if (!*told)
      outcome = told->error();
  }
  co_return outcome;
}

}  // namespace

Task<Result<std::vector<ClientState>>> client_states(Registrar* registrar, std::string mc_service_id,
                                                     std::string service, std::string client_id) {
  CLAVIGER_CO_TRY(bindings, co_await bindings_of(registrar, std::move(mc_service_id)));
  std::vector<ClientState> clients;
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    if (!service.empty() && bindings[i].name.service != service) continue;
    if (!client_id.empty() && bindings[i].name.client_id != client_id) continue;
    auto registration = co_await read_registration(registrar, bindings[i].impu);
    if (!registration && registration.error().code != Code::RegistrationUnknown) co_return registration.error();
    const bool is_registered = registration && registration->is_active_at(registrar->now());
    ClientState client;
    client.binding = bindings[i];
    client.why_not = why_not(client.binding, is_registered);
    client.has_full_access = client.why_not.empty();
    CLAVIGER_CO_TRY(settings, co_await add_settings(registrar, &client));
    clients.push_back(std::move(client));
  }
  co_return clients;
}

Task<Result<Unit>> tell_resource(Registrar* registrar, std::string resource) {
  CLAVIGER_CO_TRY(tags, co_await subscriptions_of(registrar, std::move(resource)));
  auto told = co_await tell_all(registrar, std::move(tags));
  co_return told;
}

Task<Result<Unit>> tell_dialog(Registrar* registrar, std::string local_tag) {
  auto begin = [registrar, local_tag] { return tell_here(registrar, local_tag); };
  auto told = co_await wait_for_peer(&registrar->home_of_dialog(local_tag), std::move(begin));
  co_return told;
}

Task<Result<Unit>> forget_dialog(Registrar* registrar, std::string local_tag) {
  for (int i = 1;; ++i) {
    auto subscription = co_await read_subscription(registrar, local_tag);
    if (subscription.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
    if (!subscription) co_return subscription.error();
    Change change(registrar);
    erase(change.transaction, registrar->tenant(), *subscription);
    auto erased = co_await change.commit();
    if (erased.failed_with(Code::Conflict) && i < kConflictTries) continue;
    if (!erased) co_return erased;
    const auto found = registrar->notified().find(local_tag);
    if (found == registrar->notified().end()) co_return Unit{};
    // Whoever is under way goes by what is empty.
    found->second.digest.clear();
    if (!found->second.is_under_way) registrar->notified().erase(found);
    co_return Unit{};
  }
}

}  // namespace claviger::registration
