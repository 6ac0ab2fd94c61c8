#include "broker/registration/registration_watch.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/registration/answers.h"
#include "broker/registration/client_server_keys.h"
#include "broker/registration/procedures.h"
#include "broker/registration/reg_notify.h"
#include "broker/registration/registration_generated.h"
#include "broker/registration/rows.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/call.h"
#include "core/sip/name_address.h"
#include "core/sip/request_check.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"
#include "storage/record.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;
using sip::HeaderId;

namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kRoutesMax = 16;

Task<Result<RegistrationWatch>> read_watch(Registrar* registrar, std::string local_tag) {
  // Tags come from peers here: one with a NUL is nobody's.
  if (local_tag.find('\0') != std::string::npos) co_return Error{Code::DialogUnknown, "reg.dialog"};
  auto value = co_await registrar->here().store.get(tables::kSubscriptions, watch_key(registrar->tenant(), local_tag));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::DialogUnknown, "reg.dialog"};
  if (!value) co_return value.error();
  co_return decode_watch(*value, local_tag);
}

void put(storage::Transaction& change, std::string_view tenant, const RegistrationWatch& watch) {
  const std::string key = watch_key(tenant, watch.local_tag);
  if (watch.version == 0)
    change.expect_absent(tables::kSubscriptions, key);
  else
    change.expect_version(tables::kSubscriptions, key, watch.version);
  change.put(tables::kSubscriptions, key, as_bytes(encode(watch)));
}

void erase(storage::Transaction& change, std::string_view tenant, const RegistrationWatch& watch) {
  const std::string key = watch_key(tenant, watch.local_tag);
  change.expect_version(tables::kSubscriptions, key, watch.version);
  change.erase(tables::kSubscriptions, key);
}

void put_row(Change& change, RegistrationWatch& watch, std::int64_t due) {
  watch.timer_due = due;
  put_watch_row(change.transaction, watch.impu, watch.local_tag, due);
}

// A dialog that is no more: another one, under the same tag of ours.
Result<Unit> forget_dialog_of(Registrar* registrar, RegistrationWatch& watch) {
  CLAVIGER_TRY(id, registrar->here().tokens->random_id());
  watch.call_id.assign(id.begin(), id.end());
  watch.remote_tag.clear();
  watch.remote_target.clear();
  watch.routes.clear();
  watch.remote_sequence = 0;
  watch.heard = -1;
  return Unit{};
}

sip::OutgoingRequest subscribe_of(Registrar* registrar, const RegistrationWatch& watch) {
  sip::OutgoingRequest request;
  request.method = "SUBSCRIBE";
  const bool is_in_dialog = !watch.remote_tag.empty();
  request.uri = is_in_dialog && !watch.remote_target.empty() ? watch.remote_target : watch.impu;
  request.next_hop = is_in_dialog && watch.routes.empty() ? request.uri : watch.s_cscf;
  if (is_in_dialog) {
    for (const std::string& route : watch.routes) request.headers.push_back({"Route", route});
    const auto first = watch.routes.empty() ? Result<sip::NameAddress>(Error{Code::Empty, "reg.route"})
                                            : sip::parse_name_address(watch.routes.front());
    if (first) request.next_hop = std::string(first->uri);
  } else {
    request.headers.push_back(
        {"Route", "<" + watch.s_cscf + (watch.s_cscf.find(";lr") == std::string::npos ? ";lr>" : ">")});
  }
  request.headers.push_back({"From", "<" + registrar->sip().psi + ">;tag=" + watch.local_tag});
  request.headers.push_back({"To", "<" + watch.impu + ">" + (is_in_dialog ? ";tag=" + watch.remote_tag : "")});
  request.headers.push_back({"Call-ID", watch.call_id});
  request.headers.push_back({"CSeq", std::to_string(watch.local_sequence) + " SUBSCRIBE"});
  const auto hop = sip::next_hop_of(request.next_hop, 0);
  const bool is_tls = hop && hop->transport == sip::Transport::Tls;
  request.headers.push_back({"Contact", contact_for(*registrar, is_tls)});
  request.headers.push_back({"P-Asserted-Identity", "<" + registrar->sip().psi + ">"});
  request.headers.push_back({"Event", "reg"});
  request.headers.push_back({"Accept", std::string(kReginfoType)});
  request.headers.push_back({"Expires", std::to_string(kWatchInterval)});
  return request;
}

// Ours are in reverse order (RFC 3261 clause 12.1.2).
std::vector<std::string> routes_of(const sip::Message& message) {
  std::vector<std::string> routes;
  message.for_each(HeaderId::RecordRoute, [&routes](std::string_view value) {
    sip::NameAddresses addresses(value);
    while (auto next = addresses.next()) {
      if (!*next || routes.size() == kRoutesMax) return;
      routes.emplace_back((*next)->text);
    }
  });
  std::ranges::reverse(routes);
  return routes;
}

struct Tend {
  std::string impu, local_tag;
  std::int64_t due = 0;
};

// With the turn: the number of the next request is durable before it is used. Nothing: there is no watch, or not now.
Task<Result<std::shared_ptr<const RegistrationWatch>>> begin_request(Registrar* registrar, Tend tend) {
  std::shared_ptr<const RegistrationWatch> none;
  auto turn = co_await registrar->turns().take(tend.impu);
  if (!turn) co_return turn.error();
  auto watch = co_await read_watch(registrar, tend.local_tag);
  if (watch.failed_with(Code::DialogUnknown)) co_return none;
  if (!watch) co_return watch.error();
  if (watch->timer_due != tend.due) co_return none;
  ++watch->local_sequence;
  Change change(registrar);
  put(change.transaction, registrar->tenant(), *watch);
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  co_return std::make_shared<const RegistrationWatch>(*std::move(watch));
}

// What the answer says, of values: it is read before the next suspension.
struct Answered {
  std::uint16_t status = 0;  // 0: none came
  std::string remote_tag, remote_target;
  std::vector<std::string> routes;
  std::uint32_t expires = kWatchInterval;
  bool may_come_again = false;
};
Answered read_answer(const Result<sip::ReceivedResponse>& answer) {
  Answered read;
  if (!answer) return read;
  const sip::Message& message = (*answer)->message;
  read.status = message.status();
  read.remote_tag = message.tag(HeaderId::To);
  sip::NameAddresses contacts(message.value(HeaderId::Contact));
  if (const auto contact = contacts.next(); contact && *contact) read.remote_target = (*contact)->uri;
  read.routes = routes_of(message);
  read.expires = message.expires().value_or(kWatchInterval);
  read.may_come_again = message.has(HeaderId::RetryAfter) || read.status >= 500;
  return read;
}

Task<Result<Unit>> end_request(Registrar* registrar, Tend tend, Answered answered) {
  auto turn = co_await registrar->turns().take(tend.impu);
  if (!turn) co_return turn.error();
  auto watch = co_await read_watch(registrar, tend.local_tag);
  if (watch.failed_with(Code::DialogUnknown)) co_return Unit{};  // the registration went meanwhile
  if (!watch) co_return watch.error();
  if (watch->timer_due != tend.due) co_return Unit{};  // a NOTIFY asked for another one
  Change change(registrar);
  if (answered.status >= 200 && answered.status < 300) {
    if (watch->remote_tag.empty()) watch->remote_tag = answered.remote_tag;
    if (!answered.remote_target.empty()) watch->remote_target = answered.remote_target;
    if (watch->routes.empty()) watch->routes = answered.routes;
    watch->expires_at = change.now + answered.expires;
    const std::int64_t margin = std::min<std::int64_t>(kWatchMargin, answered.expires / 2);
    put_row(change, *watch, std::max(watch->expires_at - margin, change.now + 1));
    put(change.transaction, registrar->tenant(), *watch);
  } else if (answered.status == 481 && !watch->remote_tag.empty()) {
    CLAVIGER_CO_TRY(forgotten, forget_dialog_of(registrar, *watch));
    put_row(change, *watch, change.now + 1);
    put(change.transaction, registrar->tenant(), *watch);
  } else {
    // The core does not want us to know: its REGISTERs are what there is, until another S-CSCF takes over.
    registrar->here().shard.logger().warning("registration.reg_event", {{"status", answered.status}});
    erase(change.transaction, registrar->tenant(), *watch);
  }
  auto committed = co_await change.commit();
  registrar->wake();
  co_return committed;
}

// What of a document concerns the registration that is watched, within the change that remembers it. True: it is gone.
Task<Result<bool>> apply(Change* change, Registration* registration, RegVerdict verdict) {
  Registrar* const registrar = change->registrar;
  if (verdict.is_gone) {
    const EndReason reason = verdict.has_expired ? EndReason::Expired : EndReason::Deregistered;
    CLAVIGER_CO_TRY(unbound, co_await unbind_all(change, registration, reason, told(reason)));
    CLAVIGER_CO_TRY(dropped, co_await drop_client_server_keys(change, registration->impu));
    end_watch(*change, *registration);
    erase(change->transaction, registrar->tenant(), *registration);
    registrar->figures().deregistered.add();
    co_return true;
  }
  const std::vector<BindingName> names = registration->bindings;
  for (std::size_t i = 0; i < names.size(); ++i) {
    CLAVIGER_CO_TRY(binding, co_await read_binding(registrar, names[i]));
    if (binding.instance.empty() || std::ranges::find(verdict.gone, binding.instance) == verdict.gone.end()) continue;
    CLAVIGER_CO_TRY(unbound, co_await unbind(change, registration, names[i], EndReason::Deregistered,
                                             told(EndReason::Deregistered)));
  }
  if (verdict.expires && change->now + *verdict.expires < registration->expires_at) {
    registration->expires_at = change->now + *verdict.expires;
    registration->timer_due = registration->expires_at + kExpiryGrace;
    put_registration_timer(change->transaction, registration->impu, registration->timer_due);
  }
  put(change->transaction, registrar->tenant(), *registration);
  co_return false;
}

// Of this dialog, and how it follows what was heard before. DialogUnknown, RequestSequence.
Result<Order> order_within(const RegistrationWatch& watch, const std::string& impu, const RegNotify& notify) {
  const bool is_same = watch.impu == impu && watch.call_id == notify.call_id &&
                       (watch.remote_tag.empty() || watch.remote_tag == notify.remote_tag);
  if (!is_same) return Error{Code::DialogUnknown, "reg.dialog"};
  if (!watch.remote_tag.empty() && notify.sequence <= watch.remote_sequence) {
    return Error{Code::RequestSequence, "reg.sequence"};
  }
  return notify.info ? order_of(watch.heard, *notify.info) : Order::Old;
}

Task<Result<Unit>> hear_once(Registrar* registrar, std::string impu, std::shared_ptr<const RegNotify> notify) {
  CLAVIGER_CO_TRY(watch, co_await read_watch(registrar, notify->local_tag));
  CLAVIGER_CO_TRY(order, order_within(watch, impu, *notify));
  // A NOTIFY may overtake the answer to our SUBSCRIBE (RFC 6665 clause 4.1.2.4).
  watch.remote_tag = notify->remote_tag;
  watch.remote_sequence = notify->sequence;
  if (!notify->remote_target.empty()) watch.remote_target = notify->remote_target;
  Change change(registrar);
  bool is_gone = false;
  Result<Registration> registration = Error{Code::RegistrationUnknown, "reg.registration"};
  if (order == Order::Gap) {
    put_row(change, watch, change.now);  // the refresh brings all of it
  } else if (order == Order::Next) {
    watch.heard = notify->info->version;
    const auto own = std::ranges::find(notify->info->registrations, impu, &RegElement::impu);
    registration = co_await read_registration(registrar, impu);
    if (!registration && registration.error().code != Code::RegistrationUnknown) co_return registration.error();
    if (registration && own != notify->info->registrations.end()) {
      RegVerdict verdict = verdict_of(*notify->info, *own);
      CLAVIGER_CO_TRY(applied, co_await apply(&change, &*registration, std::move(verdict)));
      is_gone = applied;
    }
  }
  if (!is_gone && notify->is_terminated && !notify->may_subscribe_again) {
    erase(change.transaction, registrar->tenant(), watch);
  } else if (!is_gone) {
    if (notify->is_terminated) {
      CLAVIGER_CO_TRY(forgotten, forget_dialog_of(registrar, watch));
      put_row(change, watch, change.now + std::max<std::int64_t>(notify->retry_after, 1));
    }
    put(change.transaction, registrar->tenant(), watch);
  }
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  registrar->wake();
  co_return Unit{};
}

Task<Result<Unit>> hear_in_turn(Registrar* registrar, std::string impu, std::shared_ptr<const RegNotify> notify) {
  auto turn = co_await registrar->turns().take(impu);
  if (!turn) co_return turn.error();
  for (int i = 1;; ++i) {
    auto heard = co_await hear_once(registrar, impu, notify);
    if (!heard.failed_with(Code::Conflict) || i == kConflictTries) co_return heard;
  }
}

Task<Result<Unit>> tend_once(Registrar* registrar, Tend tend) {
  CLAVIGER_CO_TRY(watch, co_await begin_request(registrar, tend));
  if (watch == nullptr) co_return Unit{};
  sip::OutgoingRequest request = subscribe_of(registrar, *watch);
  auto answer = co_await registrar->endpoint().send(std::move(request));
  Answered answered = read_answer(answer);
  if (answered.status == 0 || answered.may_come_again) co_return Error{Code::Refused, "reg.answer"};
  auto done = co_await end_request(registrar, tend, std::move(answered));
  co_return done;
}

}  // namespace

std::string watch_key(std::string_view tenant, std::string_view local_tag) {
  return broker::record_key({tenant, "w", local_tag});
}

std::string encode(const RegistrationWatch& watch) {
  flatbuffers::FlatBufferBuilder builder;
  const auto impu = builder.CreateString(watch.impu);
  const auto s_cscf = storage::put_text(builder, watch.s_cscf);
  const auto call_id = builder.CreateString(watch.call_id);
  const auto remote_tag = storage::put_text(builder, watch.remote_tag);
  const auto remote_target = storage::put_text(builder, watch.remote_target);
  const auto routes = storage::put_texts(builder, watch.routes);
  builder.Finish(schema::CreateRegistrationWatch(builder, kVersion, impu, s_cscf, call_id, remote_tag, remote_target,
                                                 routes, watch.local_sequence, watch.remote_sequence, watch.heard,
                                                 watch.expires_at, watch.timer_due));
  return storage::finished(builder);
}

Result<RegistrationWatch> decode_watch(const storage::Value& value, std::string_view local_tag) {
  CLAVIGER_TRY(record,
               storage::FlatRecord<schema::RegistrationWatch>::open(value, {"subscriptions", kVersion}, local_tag));
  RegistrationWatch watch;
  watch.local_tag = local_tag;
  watch.impu = storage::text_of(record->impu());
  watch.s_cscf = storage::text_of(record->s_cscf());
  watch.call_id = storage::text_of(record->call_id());
  watch.remote_tag = storage::text_of(record->remote_tag());
  watch.remote_target = storage::text_of(record->remote_target());
  watch.routes = storage::texts_of(record->routes());
  watch.local_sequence = record->local_sequence();
  watch.remote_sequence = record->remote_sequence();
  watch.heard = record->heard();
  watch.expires_at = record->expires_at();
  watch.timer_due = record->timer_due();
  watch.version = value.version();
  return watch;
}

Task<Result<Unit>> begin_watch(Change* change, Registration* registration) {
  Registrar* const registrar = change->registrar;
  if (!registrar->sip().is_reg_event_followed || registration->s_cscf.empty()) co_return Unit{};
  if (!registration->watch_tag.empty()) {
    auto known = co_await read_watch(registrar, registration->watch_tag);
    if (!known && known.error().code != Code::DialogUnknown) co_return known.error();
    // One that the core has ended is not begun again at the same place.
    if (registration->watched_at == registration->s_cscf) co_return Unit{};
    if (known) erase(change->transaction, registrar->tenant(), *known);
  }
  RegistrationWatch watch;
  CLAVIGER_CO_TRY(tag, registrar->here().tokens->random_id());
  watch.local_tag.assign(tag.begin(), tag.end());
  watch.impu = registration->impu;
  watch.s_cscf = registration->s_cscf;
  CLAVIGER_CO_TRY(fresh, forget_dialog_of(registrar, watch));
  put_row(*change, watch, change->now);
  put(change->transaction, registrar->tenant(), watch);
  registration->watch_tag = watch.local_tag;
  registration->watched_at = registration->s_cscf;
  co_return Unit{};
}

void end_watch(Change& change, const Registration& registration) {
  if (registration.watch_tag.empty()) return;
  change.transaction.erase(tables::kSubscriptions, watch_key(change.registrar->tenant(), registration.watch_tag));
}

bool is_same_server(std::string_view first, std::string_view second) {
  const auto one = sip::parse_uri(first);
  const auto other = sip::parse_uri(second);
  return one && other && one->is_sip && other->is_sip && sip::equals_ignoring_case(one->host, other->host) &&
         one->port == other->port;
}

Task<Result<Unit>> tend_watch(Registrar* registrar, std::string impu, std::string local_tag, std::int64_t due) {
  // One SUBSCRIBE of a dialog at a time: a row comes back long before Timer F, and a second one would cross the first.
  if (!registrar->watches_under_way().insert(local_tag).second) {
    co_return Error{Code::DeadlinePassed, "reg.under_way"};
  }
  Tend tend{std::move(impu), local_tag, due};
  auto done = co_await tend_once(registrar, std::move(tend));
  registrar->watches_under_way().erase(local_tag);
  co_return done;
}

Task<Result<Unit>> hear_reg_notify(Registrar* registrar, std::shared_ptr<const RegNotify> notify) {
  CLAVIGER_CO_TRY(watch, co_await read_watch(registrar, notify->local_tag));
  const std::string impu = watch.impu;
  CLAVIGER_CO_TRY(order, order_within(watch, impu, *notify));
  // Identities that are registered together end together; one that has moved to another S-CSCF is that one's business. They
  // come first: once the document counts as heard, nobody would end them when it comes again.
  const std::string speaker = order == Order::Next ? watch.s_cscf : std::string();
  for (std::size_t i = 0; !speaker.empty() && i < notify->info->registrations.size(); ++i) {
    const RegElement& element = notify->info->registrations[i];
    if (element.impu == impu || element.state != RegElement::State::Terminated) continue;
    auto end = [registrar, other = element.impu, speaker] {
      return end_registration(registrar, other, EndReason::Deregistered, speaker);
    };
    auto ended = co_await runtime::call_on(&registrar->home_of_identity(element.impu), std::move(end));
    if (!ended && ended.error().code != Code::RegistrationUnknown) co_return ended;
  }
  auto begin = [registrar, impu, notify] { return hear_in_turn(registrar, impu, notify); };
  auto heard = co_await runtime::call_on(&registrar->home_of_identity(impu), std::move(begin));
  co_return heard;
}

}  // namespace claviger::registration
