#include "broker/migration/relay.h"

#include <algorithm>

#include "broker/migration/cx_parts.h"
#include "broker/migration/grant.h"
#include "broker/migration/relay_texts.h"
#include "broker/subscriber/cx_messages.h"
#include "broker/tenants/disabled_tenant.h"
#include "core/diameter/names.h"
#include "core/diameter/node_shard.h"
#include "core/diameter/overload.h"

namespace claviger::migration {
namespace {

namespace avp = diameter::avp;
namespace result_code = diameter::result_code;
using diameter::AvpView;
using diameter::Message;
using diameter::MessageBuilder;
using runtime::Task;

broker::Context* here(Migration& migration) { return migration.contexts()[runtime::Shard::current().index()].get(); }

std::int64_t micros(Monotonic time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

bool contains(const std::vector<std::string>& list, std::string_view one) {
  return std::ranges::find(list, one) != list.end();
}

// AVPs of a MAR that go on as they came; those that are replaced or written anew are named where that is done.
bool goes_on(const AvpView& avp) {
  return avp.is(avp::kSessionId) || avp.is(avp::kDrmp) || avp.is(avp::kVendorSpecificApplicationId) ||
         avp.is(avp::kAuthSessionState) || avp.is(avp::kOriginHost) || avp.is(avp::kOriginRealm) ||
         avp.is(avp::kUserName) || avp.is(cx::avp::kPublicIdentity) || avp.is(cx::avp::kSipNumberAuthItems) ||
         avp.is(cx::avp::kSipAuthDataItem) || avp.is(cx::avp::kServerName) || avp.is(cx::avp::kServerAssignmentType) ||
         avp.is(cx::avp::kUserDataAlreadyAvailable) || avp.is(avp::kRouteRecord);
}

// Of a request that goes on: eight AVPs replaced (below), and Destination-Host, Destination-Realm, OC-Supported-Features, a
// grant and the Route-Record added.
constexpr std::size_t kOwnEdits = 8 + 5;
// What is taken out lies between AVPs that go on, each of which is there once (14 of them), and Route-Records.
constexpr std::size_t kEditsMax = 14 + diameter::kRouteRecordsMax + 1 + kOwnEdits;
static_assert(kEditsMax <= diameter::Edits::kMax);

}  // namespace

// Requests of the running second of an agreement, and of the running minute of a migrant. The latter share places: what two of
// them do in one minute in one place counts for the one that came last.
struct Relay::Rates {
  static constexpr std::size_t kPlaces = 16'384;
  struct Of {
    std::int64_t window = 0;
    std::uint64_t who = 0;
    std::uint32_t count = 0;
    bool take(std::int64_t now, std::uint64_t whose, std::uint32_t max) {
      if (window != now || who != whose) *this = Of{now, whose, 0};
      if (count >= max) return false;
      ++count;
      return true;
    }
  };
  std::array<Of, kAgreementsMax> agreements{};
  std::array<Of, kPlaces> migrants{};
  std::uint64_t sessions = 0;
  GrantsSeen grants;

  bool take(const AgreementView& view, std::string_view impi, Monotonic now) {
    constexpr std::int64_t kSecond = 1'000'000;
    constexpr std::int64_t kMinute = 60 * kSecond;
    const std::int64_t at = micros(now);
    const std::uint64_t who = std::hash<std::string_view>{}(impi);
    return migrants[who % kPlaces].take(at / kMinute, who, view.agreement.requests_per_minute_of_binding) &&
           agreements[view.slot].take(at / kSecond, 0, view.agreement.requests_per_second);
  }
};

Relay::Relay(Migration& migration, diameter::Node& node, diameter::Handler* next)
    : migration_(migration), node_(node), next_(next) {
  for (std::size_t i = 0; i < migration.contexts().size(); ++i) {
    rates_.push_back(std::make_unique<Rates>());
    pending_.push_back(std::make_unique<PendingServers>());
  }
}

Relay::~Relay() = default;

void Relay::serve() {
  namespace command = cx::command;
  for (const std::uint32_t one : {command::kUserAuthorization, command::kServerAssignment, command::kLocationInfo,
                                  command::kMultimediaAuth, command::kRegistrationTermination}) {
    node_.serve(cx::kApplication, one, *this);
  }
}

Relay::Rates& Relay::rates() { return *rates_[runtime::Shard::current().index()]; }

TraceStep& Relay::trace(const AgreementView& agreement, std::string_view step, std::string_view partner,
                        std::string_view primary, std::string_view peer) {
  TraceStep& traced = migration_.trace().add();
  traced.at = here(migration_)->shard.wall();
  traced.step = step;
  traced.outcome = "ok";
  traced.partner = partner;
  traced.primary = primary;
  traced.tenant = agreement.tenant;
  traced.system = agreement.agreement.system;
  traced.peer = peer;
  return traced;
}

AgreementRef Relay::agreement_of_peer(const diameter::Request& request) const {
  const std::string_view realm = request.message().origin_realm();
  if (realm.empty()) return nullptr;
  return migration_.table()->find_any([&](const Agreement& one) { return diameter::is_same_name(one.realm, realm); });
}

void Relay::handle(diameter::Request& request) {
  const Message& message = request.message();
  // Nobody is called that, and no key holds it.
  const auto has_nul = [&](const diameter::AvpId& id) { return message.text(id).find('\0') != std::string_view::npos; };
  if (has_nul(avp::kUserName) || has_nul(cx::avp::kPublicIdentity)) {
    return refuse(request, nullptr, {cx::result::kUserUnknown, true});
  }
  if (message.header().command == cx::command::kRegistrationTermination) {
    request.keep(request.shard().packer().keep(message.bytes()));
    diameter::NodeShard& shard = request.shard();
    shard.procedures().spawn(terminate_from_home(std::move(request)));
    return;
  }
  if (subscriber::requires_features(message)) {
    MessageBuilder answer = request.answer_builder();
    subscriber::write_feature_unsupported(message, answer);
    auto built = answer.finish();
    return built ? request.answer(*std::move(built)) : request.refuse(result_code::kUnableToComply);
  }
  // Before anybody is looked for: who is looked for in another system is nobody of ours.
  if (!is_for_us(request)) return refuse(request, nullptr, {result_code::kUnableToDeliver, false});
  // LIR names a public identity only.
  const std::string_view name = message.text(avp::kUserName);
  const IdentityText text(name.empty() ? message.text(cx::avp::kPublicIdentity) : name);
  const std::string_view identity = text.view();
  if (AgreementRef visited = migration_.table()->find_range(identity))
    return handle_visitor(request, std::move(visited));
  // A number lies in nobody's range: whose it is his binding says.
  if (identity.starts_with("tel:") && !message.find(avp::kUserName)) {
    request.keep(request.shard().packer().keep(message.bytes()));
    diameter::NodeShard& shard = request.shard();
    shard.procedures().spawn(find_by_number(std::move(request)));
    return;
  }
  handle_others(request);
}

std::uint64_t Relay::generation() const {
  return migration_.generation() + (next_ == nullptr ? 0 : next_->generation());
}

// RFC 6733 clause 6.1.4. Another realm's, or another peer's, clause 6.1.6 would route: we are no relay, and a visitor's identities
// here are nothing for his home, so there is nobody to deliver to.
bool Relay::is_for_us(const diameter::Request& request) const {
  const Message& message = request.message();
  const std::string_view host = message.destination_host();
  const std::string_view realm = message.destination_realm();
  if (diameter::is_same_name(host, node_.options().identity)) return true;
  if (!host.empty() && node_.knows_peer(host)) return false;
  return realm.empty() || diameter::is_same_name(realm, node_.options().realm);
}

// Of no visitor.
void Relay::handle_others(diameter::Request& request) {
  if (AgreementRef asking = agreement_of_peer(request)) return handle_migrant(request, std::move(asking));
  if (next_ == nullptr) return refuse(request, nullptr, {cx::result::kUserUnknown, true});
  // Our own SIP core's, or there is an agreement: a peer of another realm gets no vector for having been admitted.
  if (!is_of_own_realm(asker_of(request), node_.options().realm)) {
    return refuse(request, nullptr, {result_code::kAuthorizationRejected, false});
  }
  next_->handle(request);
}

void Relay::handle_visitor(diameter::Request& request, AgreementRef agreement) {
  if (request.message().header().command != cx::command::kMultimediaAuth) {
    request.keep(request.shard().packer().keep(request.message().bytes()));
    diameter::NodeShard& shard = request.shard();
    shard.procedures().spawn(serve_visitor(std::move(request), std::move(agreement)));
    return;
  }
  const IdentityText impi(request.message().text(avp::kUserName));
  const KeyText key(agreement->tenant, impi.view());
  if (BindingRef binding = migration_.cache().find(key.view())) {
    return with_binding(request, std::move(agreement), std::move(binding), Role::Partner);
  }
  request.keep(request.shard().packer().keep(request.message().bytes()));
  diameter::NodeShard& shard = request.shard();
  shard.procedures().spawn(load_and_handle(std::move(request), std::move(agreement), Role::Partner));
}

void Relay::handle_migrant(diameter::Request& request, AgreementRef agreement) {
  if (const auto refusal = check_source(request, *agreement)) return refuse(request, agreement.get(), *refusal);
  const IdentityText impi(request.message().text(avp::kUserName));
  const KeyText key(agreement->tenant, agreement->agreement.system, impi.view());
  if (BindingRef binding = migration_.cache().find(key.view())) {
    return with_binding(request, std::move(agreement), std::move(binding), Role::Primary);
  }
  request.keep(request.shard().packer().keep(request.message().bytes()));
  diameter::NodeShard& shard = request.shard();
  shard.procedures().spawn(load_and_handle(std::move(request), std::move(agreement), Role::Primary));
}

Task<void> Relay::load_and_handle(diameter::Request request, AgreementRef agreement, Role role) {
  const IdentityText impi(request.message().text(avp::kUserName));
  const KeyText text = role == Role::Partner ? KeyText(agreement->tenant, impi.view())
                                             : KeyText(agreement->tenant, agreement->agreement.system, impi.view());
  std::string key(text.view());
  auto binding = co_await migration_.find_binding(std::move(key));
  if (binding) {
    with_binding(request, std::move(agreement), *std::move(binding), role);
  } else if (binding.failed_with(Code::BindingUnknown)) {
    refuse(request, agreement.get(), {cx::result::kUserUnknown, true});
  } else {
    refuse(request, agreement.get(), {result_code::kUnableToComply, false});
  }
}

void Relay::with_binding(diameter::Request& request, AgreementRef agreement, BindingRef binding, Role role) {
  migration_.counters(*agreement).add(Counted::RequestIn);
  Admitted admitted{std::move(agreement), std::move(binding)};
  const auto refusal = role == Role::Partner ? check_visitor(request, admitted, admitted.impu)
                                             : check_migrant(request, admitted, admitted.impu);
  if (refusal) return refuse(request, admitted.agreement.get(), *refusal);
  const Agreement& agreed = admitted.agreement->agreement;
  if (role == Role::Primary && agreed.database_realm.empty()) return to_own_database(request, admitted);
  relay(request, admitted, role);
}

bool Relay::are_in_force(const AgreementView& agreement, const Binding& binding) const {
  const broker::Context& context = *here(migration_);
  const std::int64_t now = numeric_date(context.shard.wall());
  return check_in_force(agreement.agreement, now) && check_usable(binding, now) &&
         !tenants::is_disabled(*context.snapshot, agreement.tenant);
}

bool Relay::may_ask(const diameter::Request& request, const Agreement& agreed) const {
  const Asker asker = asker_of(request);
  const std::string& realm = node_.options().realm;
  if (!may_ask_for_visitors(asker, agreed, *migration_.table(), realm)) return false;
  // For another than itself: of another realm, only one that has no connection of its own to say it over.
  return is_of_own_realm(asker, realm) || diameter::is_same_name(asker.origin_host, asker.identity) ||
         !node_.knows_peer(asker.origin_host);
}

// The partner system's checks, in the order of their answers.
std::optional<Relay::Refusal> Relay::check_visitor(const diameter::Request& request, const Admitted& admitted,
                                                   std::size_t& impu) {
  const Agreement& agreed = admitted.agreement->agreement;
  if (!may_ask(request, agreed)) return Refusal{result_code::kAuthorizationRejected, false};
  const Binding& binding = *admitted.binding;
  const IdentityText named(request.message().text(cx::avp::kPublicIdentity));
  const auto place = std::ranges::find(binding.partner_impus, named.view());
  if (place == binding.partner_impus.end()) return Refusal{cx::result::kIdentitiesDontMatch, true};
  impu = static_cast<std::size_t>(place - binding.partner_impus.begin());
  if (!are_in_force(*admitted.agreement, binding)) return Refusal{cx::result::kRoamingNotAllowed, true};
  const AuthItem item = read_auth_item(request.message());
  if (!item.is_well_formed) return Refusal{result_code::kInvalidAvpValue, false, cx::avp::kSipAuthDataItem};
  if (!item.is_aka) return Refusal{cx::result::kAuthSchemeNotSupported, true};
  if (!rates().take(*admitted.agreement, binding.partner_impi, here(migration_)->shard.now())) {
    return Refusal{result_code::kUnableToDeliver, false};
  }
  return std::nullopt;
}

// Who asks, and by which way (RFC 6733 clause 2.9).
std::optional<Relay::Refusal> Relay::check_source(const diameter::Request& request, const AgreementView& agreement) {
  const Agreement& agreed = agreement.agreement;
  const auto is_its = [&](std::string_view host) {
    return diameter::is_within(host, agreed.realm) || contains(agreed.mms_hosts, host) || contains(agreed.agents, host);
  };
  const std::string& source = request.source().identity;
  const bool is_known = contains(agreed.mms_hosts, source) || contains(agreed.agents, source);
  if (!is_known || !is_its(request.message().origin_host())) return Refusal{result_code::kAuthorizationRejected, false};
  for (std::size_t n = 0;; ++n) {
    const auto record = request.message().find_nth(avp::kRouteRecord, n);
    if (!record) return std::nullopt;
    if (!is_its(record->text())) return Refusal{result_code::kAuthorizationRejected, false};
  }
}

// The primary system's checks.
std::optional<Relay::Refusal> Relay::check_migrant(const diameter::Request& request, const Admitted& admitted,
                                                   std::size_t& impu) {
  const Agreement& agreed = admitted.agreement->agreement;
  const Binding& binding = *admitted.binding;
  const bool may = agreed.outbound != Outbound::None && are_in_force(*admitted.agreement, binding);
  if (!may) return Refusal{cx::result::kRoamingNotAllowed, true};
  const IdentityText named(request.message().text(cx::avp::kPublicIdentity));
  const auto place = std::ranges::find(binding.primary_impus, named.view());
  if (place == binding.primary_impus.end()) return Refusal{cx::result::kIdentitiesDontMatch, true};
  impu = static_cast<std::size_t>(place - binding.primary_impus.begin());
  const std::uint32_t command = request.message().header().command;
  // What the partner system answers itself is nothing to ask us.
  const bool is_served = command == cx::command::kMultimediaAuth || command == cx::command::kServerAssignment;
  if (!is_served) return Refusal{result_code::kCommandUnsupported, false};
  // It hears of the end of a registration there. Beginning one here would give the partner the profile with all identities.
  const std::uint32_t type = request.message().u32(cx::avp::kServerAssignmentType).value_or(0);
  if (command == cx::command::kServerAssignment && !is_told_home(type)) {
    return Refusal{cx::result::kInAssignmentType, true};
  }
  if (command == cx::command::kMultimediaAuth) {
    const AuthItem item = read_auth_item(request.message());
    if (!item.is_well_formed) return Refusal{result_code::kInvalidAvpValue, false, cx::avp::kSipAuthDataItem};
    // What goes on says AKAv1: another scheme's vector is not to be had by asking us for it.
    if (!item.is_aka) return Refusal{cx::result::kAuthSchemeNotSupported, true};
  }
  // Before the grant: a signature that is no good costs as much as one that is.
  if (!rates().take(*admitted.agreement, binding.primary_impi, here(migration_)->shard.now())) {
    return Refusal{result_code::kUnableToDeliver, false};
  }
  if (agreed.wants_grant) {
    const std::string_view grant = request.message().text({agreed.grant_code, agreed.grant_vendor});
    const auto granted =
        check_grant(*here(migration_), *admitted.agreement, binding.primary_impi, grant, rates().grants);
    if (!granted) return Refusal{result_code::kAuthorizationRejected, false};
  }
  return std::nullopt;
}

void Relay::relay(diameter::Request& request, const Admitted& admitted, Role role) {
  const Message& message = request.message();
  const Agreement& agreed = admitted.agreement->agreement;
  const Binding& binding = *admitted.binding;
  const bool is_partner = role == Role::Partner;
  const std::size_t impu = is_partner ? std::min(admitted.impu, binding.primary_impus.size() - 1) : admitted.impu;
  diameter::Edits edits;
  diameter::AvpWalk walk = message.walk();
  while (const auto one = walk.next()) {
    // What is there twice would be replaced once.
    const auto first = message.find({one->code(), one->vendor()});
    const bool is_repeated =
        !one->is(avp::kRouteRecord) && first && message.offset_of(*first) != message.offset_of(*one);
    if (goes_on(*one) && !is_repeated) continue;
    // Cannot be: see kEditsMax. A message must not be able to end the process, whatever was overlooked.
    if (!edits.has_room_for(1 + kOwnEdits))
      return refuse(request, admitted.agreement.get(), {result_code::kUnableToComply, false});
    edits.remove(message, *one);
  }
  // Session-Ids of another life of ours do not come back. The node knows when this one began once it has started.
  std::uint64_t& sessions = rates().sessions;
  if (sessions == 0) sessions = std::uint64_t{node_.origin_state()} << 32U;
  const SessionText session(node_.options().identity, ++sessions);
  const auto replace = [&](const diameter::AvpId& id, Bytes data) {
    if (const auto old = message.find(id)) edits.replace(message, *old, data);
  };
  const ServerNameText server_name = is_partner ? ServerNameText(admitted.agreement->server_name)
                                                : ServerNameText(agreed.system, domain_of(binding.primary_impi));
  std::array<std::byte, 4> one_item{};
  one_item[3] = std::byte{1};
  const AuthItem item = read_auth_item(message);
  const AuthItemBytes item_bytes(item);
  replace(avp::kSessionId, session.bytes());
  replace(avp::kOriginHost, as_bytes(node_.options().identity));
  replace(avp::kOriginRealm, as_bytes(node_.options().realm));
  replace(avp::kUserName, as_bytes(binding.primary_impi));
  replace(cx::avp::kPublicIdentity, as_bytes(binding.primary_impus[impu]));
  replace(cx::avp::kServerName, as_bytes(server_name.view()));
  replace(cx::avp::kSipNumberAuthItems, one_item);
  replace(cx::avp::kSipAuthDataItem, item_bytes.bytes());
  diameter::Forwarding how;
  const auto& learned = binding.mode == Mode::Static ? agreed.core_hosts
                        : binding.hosts.empty()      ? agreed.mms_hosts
                                                     : binding.hosts;
  const std::string_view realm = !is_partner             ? std::string_view(agreed.database_realm)
                                 : binding.realm.empty() ? std::string_view(agreed.realm)
                                                         : std::string_view(binding.realm);
  how.to.realm = realm;
  if (is_partner) {
    const auto connected =
        std::ranges::find_if(learned, [&](const std::string& host) { return node_.is_connected(host); });
    if (connected != learned.end()) how.to.host = *connected;
    // Behind agents the primary MMS is found by its name, a SIP database by its realm.
    if (connected == learned.end() && binding.mode == Mode::Dynamic && !learned.empty()) {
      edits.append(avp::kDestinationHost, as_bytes(learned.front()));
    }
  } else {
    how.to.host = agreed.database_host;
    if (!agreed.database_host.empty()) edits.append(avp::kDestinationHost, as_bytes(agreed.database_host));
  }
  edits.append(avp::kDestinationRealm, as_bytes(realm));
  // Or nobody may ask us to send less (RFC 7683 clause 5.1.1).
  edits.append(avp::kOcSupportedFeatures, diameter::kLossAlgorithmOnly);
  if (is_partner && agreed.grant_vendor != 0 && !binding.grant.empty()) {
    edits.append({agreed.grant_code, agreed.grant_vendor, false}, as_bytes(binding.grant));
  }
  const Monotonic now = here(migration_)->shard.now();
  how.deadline = now + (is_partner ? kRelayTotal : kHomeTotal);
  how.attempt = is_partner ? kRelayAttempt : kHomeAttempt;
  how.returning = this;
  how.renews_end_to_end = true;
  how.state.as<Sent>() = Sent{role, static_cast<std::uint8_t>(impu),
                              static_cast<std::uint16_t>(admitted.agreement->slot), binding.version, micros(now)};
  trace(*admitted.agreement,
        is_partner ? "request of the S-CSCF, to the primary system"
                   : "request of the partner system, to the SIP database",
        binding.partner_impi, binding.primary_impi, request.source().identity);
  migration_.counters(*admitted.agreement).add(Counted::Relayed);
  request.forward(edits, how);
}

// The SIP database here hears of the partner system as of one S-CSCF of its own.
void Relay::to_own_database(diameter::Request& request, const Admitted& admitted) {
  if (next_ == nullptr) return refuse(request, admitted.agreement.get(), {result_code::kUnableToDeliver, false});
  const Message& message = request.message();
  const Binding& binding = *admitted.binding;
  diameter::Edits edits;
  const ServerNameText server_name(admitted.agreement->agreement.system, domain_of(binding.primary_impi));
  std::array<std::byte, 4> one_item{};
  one_item[3] = std::byte{1};
  edits.set(message, cx::avp::kServerName, as_bytes(server_name.view()));
  if (message.header().command == cx::command::kMultimediaAuth)
    edits.set(message, cx::avp::kSipNumberAuthItems, one_item);
  auto [slice, to] = request.shard().packer().room(edits.size_of(message));
  edits.splice(message, message.header(), to);
  trace(*admitted.agreement, "request of the partner system, to the SIP database here", binding.partner_impi,
        binding.primary_impi, request.source().identity);
  migration_.counters(*admitted.agreement).add(Counted::Relayed);
  request.keep(std::move(slice));
  request.watch(*this);
  next_->handle(request);
}

void Relay::refuse(diameter::Request& request, const AgreementView* agreement, Refusal why) {
  const Message& message = request.message();
  if (agreement != nullptr) {
    TraceStep& step = trace(*agreement, "request refused", message.text(avp::kUserName), {}, request.source().identity);
    step.outcome = why.is_experimental ? "3gpp" : "base";
    step.result = why.code;
    migration_.counters(*agreement).add(Counted::Refused);
  }
  MessageBuilder answer = request.answer_builder();
  write_head(answer, message);
  if (why.is_experimental) {
    answer.experimental_result(cx::kVendor, why.code);
  } else {
    answer.result(why.code);
  }
  write_identities(answer, message);
  // RFC 6733 clause 7.5: the first over the limit, or an example of what is missing.
  const std::size_t place = why.code == result_code::kAvpOccursTooManyTimes ? 1 : 0;
  if (const auto offender = why.offender ? message.find_nth(*why.offender, place) : std::nullopt) {
    answer.begin_group(avp::kFailedAvp).copy(*offender).end_group();
  } else if (why.offender && why.code == result_code::kMissingAvp) {
    answer.begin_group(avp::kFailedAvp).text(*why.offender, {}).end_group();
  }
  auto built = answer.finish();
  if (!built) return request.refuse(result_code::kUnableToComply);
  request.answer(*std::move(built));
}

// Of a partner system's request that the SIP database here has answered.
void Relay::on_answered(const Message& request, const Message& answer) {
  AgreementRef agreement = migration_.table()->find_any(
      [&](const Agreement& one) { return diameter::is_same_name(one.realm, request.origin_realm()); });
  if (agreement == nullptr) return;
  const Message::Outcome outcome = answer.outcome();
  const bool is_success = outcome.is_success() && outcome.vendor == 0;
  const bool is_vector = request.header().command == cx::command::kMultimediaAuth;
  TraceStep& step =
      trace(*agreement, "answer of the SIP database here", {}, request.text(avp::kUserName), node_.options().identity);
  step.outcome = !is_success ? "error" : is_vector ? "vector" : "ok";
  step.result = outcome.code;
  migration_.counters(*agreement).add(is_success ? Counted::Answered : Counted::UpstreamError);
}

std::optional<Slice> Relay::on_answer(diameter::ForwardState& state, const Slice& request, const Message& answer,
                                      diameter::Edits&) {
  const Sent sent = state.as<Sent>();
  const Message asked(request);
  const IdentityText named(asked.text(avp::kUserName));
  const std::string_view own = named.view();
  const bool is_partner = sent.role == Role::Partner;
  AgreementRef agreement =
      is_partner ? migration_.table()->find_range(own) : migration_.table()->find_any([&](const Agreement& one) {
        return diameter::is_same_name(one.realm, asked.origin_realm());
      });
  MessageBuilder down = node_.answer(asked);
  write_head(down, asked);
  const auto finish = [&](std::string_view outcome, std::uint32_t code, Counted counted) {
    if (agreement == nullptr) return;
    TraceStep& step = trace(*agreement, "answer of the primary system", is_partner ? own : std::string_view(),
                            is_partner ? std::string_view() : own, answer.origin_host());
    step.outcome = outcome;
    step.result = code;
    step.took_us = static_cast<std::uint32_t>(micros(here(migration_)->shard.now()) - sent.began_us);
    migration_.counters(*agreement).add(counted);
  };
  const auto built = [&]() -> std::optional<Slice> {
    write_identities(down, asked);
    auto slice = down.finish();
    if (!slice) return std::nullopt;
    return *std::move(slice);
  };
  // The binding is what it was when we asked, or the vector goes nowhere.
  BindingRef binding;
  if (agreement != nullptr) {
    const KeyText key =
        is_partner ? KeyText(agreement->tenant, own) : KeyText(agreement->tenant, agreement->agreement.system, own);
    binding = migration_.cache().find(key.view());
  }
  const bool still_stands =
      binding != nullptr && binding->version == sent.version && are_in_force(*agreement, *binding);
  if (!still_stands) {
    down.experimental_result(cx::kVendor, cx::result::kRoamingNotAllowed);
    finish("binding changed meanwhile", cx::result::kRoamingNotAllowed, Counted::Refused);
    return built();
  }
  // What it says of whom must be what we said.
  const auto is_what_was_sent = [&](const diameter::AvpId& id, std::string_view wanted) {
    const auto found = answer.find(id);
    return !found || found->text() == wanted;
  };
  const bool is_ours = is_what_was_sent(avp::kUserName, binding->primary_impi) &&
                       is_what_was_sent(cx::avp::kPublicIdentity, binding->primary_impus[sent.impu]);
  const Message::Outcome outcome = answer.outcome();
  const auto item = read_vector(answer);
  const bool is_success = outcome.is_success() && outcome.vendor == 0;
  const bool is_vector_missing = is_success && asked.header().command == cx::command::kMultimediaAuth && !item;
  if (!is_ours || outcome.code == 0 || is_vector_missing) {
    down.result(result_code::kUnableToComply);
    finish("answer refused", result_code::kUnableToComply, Counted::AnswerRefused);
    here(migration_)
        ->shard.logger()
        .warning("migration.answer_refused", {{"system", agreement->agreement.system}, {"peer", answer.origin_host()}});
    return built();
  }
  if (outcome.vendor != 0) {
    down.experimental_result(outcome.vendor, outcome.code);
  } else {
    down.result(outcome.code);
  }
  if (is_success && item) {
    down.u32(cx::avp::kSipNumberAuthItems, 1);
    write_vector(down, *item);
  }
  // From now on the S-CSCF that asked may say that he is registered with it.
  if (is_success && item && is_partner) {
    pending_[runtime::Shard::current().index()]->note(agreement->tenant, own, asked.text(cx::avp::kServerName),
                                                      here(migration_)->shard.now());
  }
  finish(is_success ? "vector" : "error", outcome.code, is_success ? Counted::Answered : Counted::UpstreamError);
  return built();
}

void Relay::on_failure(diameter::ForwardState& state, const Slice& request, Error reason, MessageBuilder& answer) {
  const Sent sent = state.as<Sent>();
  const Message asked(request);
  write_head(answer, asked);
  write_identities(answer, asked);
  const IdentityText named(asked.text(avp::kUserName));
  const std::string_view own = named.view();
  AgreementRef agreement = sent.role == Role::Partner ? migration_.table()->find_range(own) : nullptr;
  if (agreement == nullptr) return;
  TraceStep& step = trace(*agreement, "no answer of the primary system", own, {}, {});
  step.outcome = name_of(reason.code);
  step.took_us = static_cast<std::uint32_t>(micros(here(migration_)->shard.now()) - sent.began_us);
  migration_.counters(*agreement).add(Counted::Unreachable);
}

}  // namespace claviger::migration
