#include "broker/registration/notifier.h"

#include "broker/registration/answers.h"
#include "broker/registration/change.h"
#include "broker/registration/notify_body.h"
#include "broker/registration/procedures.h"
#include "broker/tables.h"
#include "core/crypto/digest.h"
#include "core/runtime/call.h"
#include "core/sip/limits.h"
#include "core/sip/name_address.h"
#include "core/sip/request_check.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

// A row waits this long for answers; slower ones are looked at when the outbox comes back to it.
constexpr Milliseconds kAnswersMax{2000};

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

sip::OutgoingRequest notify_of(Registrar* registrar, const Subscription& subscription, NotifyBody body,
                               std::int64_t now) {
  sip::OutgoingRequest request;
  request.method = "NOTIFY";
  request.uri = subscription.remote_target;
  request.next_hop = subscription.remote_target;
  std::vector<std::string> routes = subscription.routes;
  if (!routes.empty()) {
    const auto first = sip::parse_name_address(routes.front());
    const auto uri = first ? sip::parse_uri(first->uri) : Result<sip::UriView>(first.error());
    if (uri) {
      request.next_hop = std::string(first->uri);
      if (!sip::find_parameter(uri->parameters, "lr").is_present) {
        // A strict router is the target itself, and the target the last route (RFC 3261 clause 12.2.1.1).
        request.uri = request.next_hop;
        routes.erase(routes.begin());
        routes.push_back("<" + subscription.remote_target + ">");
      }
    }
  }
  const auto hop = sip::next_hop_of(request.next_hop, 0);
  const bool is_tls = hop && hop->transport == sip::Transport::Tls;
  for (std::string& route : routes) request.headers.push_back({"Route", std::move(route)});
  request.headers.push_back({"From", "<" + subscription.local_uri + ">;tag=" + subscription.local_tag});
  request.headers.push_back({"To", "<" + subscription.remote_uri + ">;tag=" + subscription.remote_tag});
  request.headers.push_back({"Call-ID", subscription.call_id});
  request.headers.push_back({"CSeq", std::to_string(subscription.local_sequence) + " NOTIFY"});
  request.headers.push_back({"Contact", contact_for(*registrar, is_tls)});
  request.headers.push_back({"P-Asserted-Identity", "<" + registrar->sip().psi + ">"});
  request.headers.push_back(
      {"Event", subscription.event_id.empty() ? "poc-settings" : "poc-settings;id=" + subscription.event_id});
  request.headers.push_back(
      {"Subscription-State", subscription.ending.empty()
                                 ? "active;expires=" + std::to_string(subscription.expires_at - now)
                                 : "terminated;reason=" + subscription.ending});
  request.content_type = std::move(body.content_type);
  request.body = std::move(body.text);
  return request;
}

// What an answer means for the subscription (RFC 6665 clause 4.2.2).
enum class Outcome { Heard, Gone, Again };
Outcome outcome_of(const Result<sip::ReceivedResponse>& answer) {
  if (!answer) {
    return answer.error().code == Code::DeadlinePassed || answer.error().code == Code::SipUri ? Outcome::Gone
                                                                                              : Outcome::Again;
  }
  const sip::Message& message = (*answer)->message;
  if (message.status() < 300) return Outcome::Heard;
  return message.has(sip::HeaderId::RetryAfter) && message.status() != 481 ? Outcome::Again : Outcome::Gone;
}

struct Tell {
  std::string local_tag;
  bool is_forced = false;
  std::int64_t since = 0;
};

Task<Result<Unit>> send_notify(Registrar* registrar, Tell tell) {
  auto found = co_await read_subscription(registrar, tell.local_tag);
  if (found.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
  if (!found) co_return found.error();
  Subscription subscription = *std::move(found);
  const std::int64_t now = registrar->now();
  if (subscription.expires_at <= now && subscription.ending.empty()) subscription.ending = name_of(Ending::Timeout);
  CLAVIGER_CO_TRY(
      clients, co_await client_states(registrar, subscription.resource, subscription.service, subscription.client_id));
  // Before protection, which is another each time.
  const auto hash = crypto::sha256(as_bytes(write_state_document(clients, subscription.is_server)));
  const std::string digest(as_text(hash));
  const Registrar::Notified before = registrar->notified()[tell.local_tag];
  const bool is_said = tell.is_forced ? before.at > tell.since : before.digest == digest;
  if (is_said && subscription.ending.empty()) co_return Unit{};
  // The number is on disk before it is used: after kill -9 the next one is higher, or the UE would refuse it.
  ++subscription.local_sequence;
  auto as_it_was = std::make_shared<const Subscription>(subscription);
  auto states = std::make_shared<const std::vector<ClientState>>(std::move(clients));
  CLAVIGER_CO_TRY(body, co_await notify_body(registrar, std::move(as_it_was), std::move(states)));
  Change change(registrar);
  put(change.transaction, registrar->tenant(), subscription);
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  sip::OutgoingRequest request = notify_of(registrar, subscription, std::move(body), now);
  auto answer = co_await registrar->endpoint().send(std::move(request));
  const Outcome outcome = outcome_of(answer);
  if (outcome == Outcome::Again) {
    registrar->figures_of(subscription.service).notify_failed.add();
    co_return Error{Code::Refused, "notify.answer"};
  }
  if (outcome == Outcome::Gone || !subscription.ending.empty()) {
    if (outcome == Outcome::Gone)
      registrar->figures_of(subscription.service).notify_failed.add();
    else
      registrar->figures_of(subscription.service).notified.add();
    auto forgotten = co_await forget_dialog(registrar, tell.local_tag);
    co_return forgotten;
  }
  registrar->figures_of(subscription.service).notified.add();
  Registrar::Notified& said = registrar->notified()[tell.local_tag];
  said.digest = digest;
  said.at = now;
  co_return Unit{};
}

// One NOTIFY of a dialog at a time: what changes meanwhile is told when the row comes back.
Task<Result<Unit>> tell_here(Registrar* registrar, Tell tell) {
  if (registrar->notified()[tell.local_tag].is_under_way) co_return Error{Code::DeadlinePassed, "notify.under_way"};
  registrar->notified()[tell.local_tag].is_under_way = true;
  auto told = co_await send_notify(registrar, tell);
  const auto found = registrar->notified().find(tell.local_tag);
  if (found != registrar->notified().end()) {
    found->second.is_under_way = false;
    if (found->second.digest.empty()) registrar->notified().erase(found);  // gone, or never heard
  }
  co_return told;
}

Task<Result<Unit>> tell_all(Registrar* registrar, std::vector<Tell> tells) {
  std::vector<runtime::OneShot<Result<Unit>>> waiters;
  Result<Unit> outcome = Unit{};
  for (const Tell& tell : tells) {
    auto begin = [registrar, tell] { return tell_here(registrar, tell); };
    auto sent = runtime::detail::send_call<Result<Unit>>(registrar->home_of_dialog(tell.local_tag), std::move(begin));
    if (!sent) co_return sent.error();
    waiters.push_back(*std::move(sent));
  }
  const Monotonic deadline = registrar->here().shard.now() + kAnswersMax;
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
  std::vector<Tell> tells;
  for (std::string& tag : tags) tells.push_back({std::move(tag), false, 0});
  auto told = co_await tell_all(registrar, std::move(tells));
  co_return told;
}

Task<Result<Unit>> tell_dialog(Registrar* registrar, std::string local_tag, std::int64_t since) {
  std::vector<Tell> tells;
  tells.push_back({std::move(local_tag), true, since});
  auto told = co_await tell_all(registrar, std::move(tells));
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
    if (found != registrar->notified().end()) found->second.digest.clear();
    co_return Unit{};
  }
}

}  // namespace claviger::registration
