// TS 24.379 clause 7.3.6, RFC 6665 clause 4.2: who hears of a user's service state, and for how long.
#include <algorithm>

#include "broker/record_key.h"
#include "broker/registration/change.h"
#include "broker/registration/procedures.h"
#include "broker/registration/rows.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

Task<Result<Subscription>> read_subscription(Registrar* registrar, std::string local_tag) {
  // Tags come from peers here: one with a NUL is nobody's.
  if (local_tag.find('\0') != std::string::npos) co_return Error{Code::SubscriptionUnknown, "subscription"};
  auto value =
      co_await registrar->here().store.get(tables::kSubscriptions, subscription_key(registrar->tenant(), local_tag));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::SubscriptionUnknown, "subscription"};
  if (!value) co_return value.error();
  co_return decode_subscription(*value, local_tag);
}

Task<Result<std::vector<std::string>>> subscriptions_of(Registrar* registrar, std::string mc_service_id) {
  const std::string prefix = resource_prefix(registrar->tenant(), mc_service_id);
  const std::string end = broker::record_prefix_end(prefix);
  // Few have more than some: so many are read on the loop, without a thread in between.
  constexpr std::size_t kUsual = 32;
  storage::Store* const store = &registrar->here().store;
  CLAVIGER_CO_TRY(records, co_await store->range(tables::kSubscriptions, prefix, end, kUsual));
  if (records.size() == kUsual) {
    CLAVIGER_CO_TRY(all, co_await store->range(tables::kSubscriptions, prefix, end, kSubscriptionsPerUserMax + 1));
    records = std::move(all);
  }
  std::vector<std::string> tags;
  for (const storage::Record& record : records) {
    CLAVIGER_CO_TRY(tag, tag_of_index(record.key));
    tags.push_back(std::move(tag));
  }
  co_return tags;
}

namespace {

// How long the identity stands for the user; UINT32_MAX for a server, whose registration is nobody's business.
// ServiceNotAuthorised: not at all.
Task<Result<std::int64_t>> remaining_of(Registrar* registrar, Subscription subscription) {
  if (subscription.is_server) co_return std::int64_t{UINT32_MAX};
  CLAVIGER_CO_TRY(bindings, co_await bindings_of(registrar, subscription.resource));
  const bool is_bound = std::ranges::any_of(bindings, [&subscription](const Binding& binding) {
    return binding.ended == EndReason::None && binding.impu == subscription.subscriber &&
           binding.name.service == subscription.service;
  });
  if (!is_bound) co_return Error{Code::ServiceNotAuthorised, "subscribe.binding"};
  auto registration = co_await read_registration(registrar, subscription.subscriber);
  if (registration.failed_with(Code::RegistrationUnknown))
    co_return Error{Code::ServiceNotAuthorised, "subscribe.registration"};
  if (!registration) co_return registration.error();
  const std::int64_t remaining = registration->expires_at - registrar->now();
  if (remaining > 0) co_return remaining;
  if (remaining + kExpiryGrace <= 0) co_return Error{Code::ServiceNotAuthorised, "subscribe.registration"};
  co_return remaining + kExpiryGrace;  // the core's refresh may be under way
}

std::int64_t granted_of(Registrar* registrar, std::uint32_t wanted, std::int64_t remaining) {
  return std::min({std::int64_t{wanted}, remaining, std::int64_t{registrar->sip().subscription_max.count()}});
}

// The number before that of our first request: any below 2^31 (RFC 3261 clause 12.1.1), with room for a long life.
constexpr std::uint32_t kSequenceBefore = 1;

Task<Result<SubscribeOutcome>> put_and_tell(Registrar* registrar, Subscription subscription, std::int64_t granted) {
  Change change(registrar);
  const std::string tag = subscription.dialog.local_tag;
  const bool is_row_due = sip::extend(subscription.life, change.now, granted, subscription.dialog.local_sequence);
  if (is_row_due) put_subscription_timer(change.transaction, tag, subscription.life.timer_due);
  put(change.transaction, registrar->tenant(), subscription);
  put_tell_dialog(change.transaction, tag, change.now);
  SubscribeOutcome outcome{tag, granted, registrar->answer_first(tag).hold(tag)};
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  registrar->wake();
  registrar->figures_of(subscription.service).subscribed.add();
  co_return outcome;
}

}  // namespace

Task<Result<SubscribeOutcome>> subscribe(Registrar* registrar, std::shared_ptr<const SubscribeRequest> request) {
  Subscription subscription = request->subscription;
  CLAVIGER_CO_TRY(remaining, co_await remaining_of(registrar, subscription));
  CLAVIGER_CO_TRY(tags, co_await subscriptions_of(registrar, subscription.resource));
  if (tags.size() >= kSubscriptionsPerUserMax) co_return Error{Code::TooMany, "subscribe.resource"};
  CLAVIGER_CO_TRY(tag, registrar->here().tokens->random_id());
  subscription.dialog.local_tag.assign(tag.begin(), tag.end());
  subscription.dialog.local_sequence = kSequenceBefore;
  subscription.created_at = registrar->now();
  const std::int64_t granted = granted_of(registrar, request->expires, remaining);
  auto outcome = co_await put_and_tell(registrar, std::move(subscription), granted);
  co_return outcome;
}

Task<Result<SubscribeOutcome>> refresh(Registrar* registrar, std::shared_ptr<const SubscribeRequest> request) {
  const sip::NotifierDialog& said = request->subscription.dialog;
  auto turn = co_await registrar->turns().take("dialog/" + said.local_tag);
  if (!turn) co_return turn.error();
  for (int i = 1;; ++i) {
    auto known = co_await read_subscription(registrar, said.local_tag);
    if (known.failed_with(Code::SubscriptionUnknown)) co_return Error{Code::DialogUnknown, "subscribe.dialog"};
    if (!known) co_return known.error();
    const bool is_same = sip::is_same_dialog(known->dialog, said) &&
                         known->subscriber == request->subscription.subscriber && known->life.ending.empty();
    if (!is_same) co_return Error{Code::DialogUnknown, "subscribe.dialog"};
    if (said.remote_sequence <= known->dialog.remote_sequence) {
      co_return Error{Code::RequestSequence, "subscribe.sequence"};
    }
    Subscription subscription = *std::move(known);
    subscription.dialog.remote_sequence = said.remote_sequence;
    if (!said.remote_target.empty()) subscription.dialog.remote_target = said.remote_target;
    CLAVIGER_CO_TRY(remaining, co_await remaining_of(registrar, subscription));
    const std::int64_t granted = granted_of(registrar, request->expires, remaining);
    auto outcome = co_await put_and_tell(registrar, std::move(subscription), granted);
    if (!outcome.failed_with(Code::Conflict) || i == kConflictTries) co_return outcome;
  }
}

Task<Result<std::int64_t>> grace_of(Registrar* registrar, Subscription subscription, std::int64_t now) {
  const bool is_over = subscription.life.ending.empty() && subscription.life.expires_at <= now;
  if (!is_over || subscription.is_server) co_return std::int64_t{0};
  auto registration = co_await read_registration(registrar, subscription.subscriber);
  if (registration.failed_with(Code::RegistrationUnknown)) co_return std::int64_t{0};
  if (!registration) co_return registration.error();
  if (registration->expires_at > now) co_return std::int64_t{0};
  co_return std::max(registration->expires_at + kExpiryGrace, now) + 1;
}

Task<Result<Unit>> look_at_subscription(Registrar* registrar, std::string local_tag, std::int64_t due) {
  auto turn = co_await registrar->turns().take("dialog/" + local_tag);
  if (!turn) co_return turn.error();
  auto subscription = co_await read_subscription(registrar, local_tag);
  if (subscription.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
  if (!subscription) co_return subscription.error();
  Change change(registrar);
  CLAVIGER_CO_TRY(grace, co_await grace_of(registrar, *subscription, change.now));
  if (grace != 0 && subscription->life.timer_due == due) subscription->life.expires_at = grace;
  const sip::Look look = sip::look_at(subscription->life, change.now, due);
  if (look == sip::Look::Nothing) co_return Unit{};
  if (look == sip::Look::Over) {
    put_tell_dialog(change.transaction, local_tag, change.now);
  } else {
    put_subscription_timer(change.transaction, local_tag, subscription->life.timer_due);
  }
  put(change.transaction, registrar->tenant(), *subscription);
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  registrar->wake();
  co_return Unit{};
}

}  // namespace claviger::registration
