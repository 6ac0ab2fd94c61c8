// What the partner system answers itself about its visitors: UAR, SAR, LIR (TS 29.228 clauses 6.1.1, 6.1.2, 6.1.4), and
// how it parts from them: RTR from home, or of its own (clause 6.1.3).
#include <algorithm>

#include "broker/migration/binding_procedures.h"
#include "broker/migration/cx_parts.h"
#include "broker/migration/relay.h"
#include "broker/migration/visitor_assignment.h"
#include "broker/public_identity_rows.h"
#include "broker/subscriber/registration_procedures.h"
#include "broker/tables.h"
#include "core/diameter/node_shard.h"
#include "core/runtime/call.h"

namespace claviger::migration {
namespace {

namespace avp = diameter::avp;
namespace result_code = diameter::result_code;
namespace tables = broker::tables;
using broker::Context;
using diameter::Message;
using diameter::MessageBuilder;
using runtime::Task;

// An S-CSCF that is told to let somebody go, and home that is told that he went.
constexpr Milliseconds kTellMax{4200};
constexpr std::uint32_t kPermanentTermination = 0;
constexpr std::uint32_t kDeRegistration = 1;  // User-Authorization-Type
constexpr std::uint32_t kCapabilities = 2;    // the same: of an I-CSCF that does not reach the S-CSCF it was told
constexpr std::uint32_t kFirstEnding = 4;     // Server-Assignment-Type: TIMEOUT_DEREGISTRATION

Context* here(Migration& migration) { return migration.contexts()[runtime::Shard::current().index()].get(); }

// However it is written.
bool contains(const std::vector<std::string>& identities, std::string_view named) {
  return std::ranges::find(identities, IdentityText(named).view()) != identities.end();
}

// Of what went wrong here, not with him.
std::uint32_t result_for_home(const Error& error) {
  const bool is_passing = error.code == Code::Overload || error.code == Code::DeadlinePassed;
  return is_passing ? result_code::kTooBusy : result_code::kUnableToComply;
}

// Server-Assignment-Type (TS 29.229 clause 6.3.15).
bool registers(std::uint32_t type) { return type == 1 || type == 2; }
// The agreement's, or what says whom he is here and gives him no service of ours.
std::string profile_of(const Agreement& agreement, const Binding& binding) {
  if (agreement.user_data.empty()) return subscriber::user_data_of(binding.partner_impi, binding.partner_impus);
  std::string text = agreement.user_data;
  const auto fill = [&](std::string_view name, std::string_view given) {
    std::string value;
    subscriber::append_xml_text(value, given);
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
      text.replace(at, name.size(), value);
    }
  };
  fill("%IMPI%", binding.partner_impi);
  fill("%IMPU%", binding.partner_impus.front());
  return text;
}

}  // namespace

Task<Result<PendingServer>> Relay::look_for_pending(std::size_t shard, std::string tenant, std::string impi) {
  co_return pending_[shard]->find(tenant, impi, migration_.contexts()[shard]->shard.now());
}

// The last one on any shard: MAR and SAR come on whatever connection. A shard that does not answer may have it.
Task<Result<PendingServer>> Relay::pending_server(std::string tenant, std::string impi) {
  PendingServer last;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    auto look = [this, i, tenant, impi] { return look_for_pending(i, tenant, impi); };
    CLAVIGER_CO_TRY(found, co_await runtime::call_on(&migration_.contexts()[i]->shard, std::move(look)));
    if (!found.name.empty() && (last.name.empty() || found.at > last.at)) last = std::move(found);
  }
  co_return last;
}

Task<Result<Unit>> Relay::forget_there(std::size_t shard, std::string tenant, std::string impi, PendingServer decided) {
  pending_[shard]->forget(tenant, impi, decided);
  co_return Unit{};
}

// What is not reached forgets it by itself, in time.
Task<void> Relay::forget_pending(std::string tenant, std::string impi, PendingServer decided) {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    auto forget = [this, i, tenant, impi, decided] { return forget_there(i, tenant, impi, decided); };
    const auto done = co_await runtime::call_on(&migration_.contexts()[i]->shard, std::move(forget));
    if (!done) continue;
  }
}

// Decided upon what is written, and written only if that has not changed meanwhile: two S-CSCFs may ask at once.
Task<Result<Assignment>> Relay::decide_assignment(std::string tenant, std::string impi, AssignmentAsked asked) {
  constexpr int kTriesMax = 8;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    CLAVIGER_CO_TRY(registration, co_await read_visitor(here(migration_), tenant, impi));
    CLAVIGER_CO_TRY(pending, co_await pending_server(tenant, impi));
    Assignment assigned = assign(asked, registration, pending.name);
    if (assigned.refusal == 0 && assigned.next) {
      VisitorRegistration next = *assigned.next;
      const std::uint64_t version = registration.version;
      const auto written = co_await write_visitor(here(migration_), tenant, impi, std::move(next), version);
      if (written.failed_with(Code::Conflict)) continue;
      if (!written) co_return written.error();
    }
    if (assigned.refusal == 0 && assigned.ends_pending) co_await forget_pending(tenant, impi, pending);
    co_return assigned;
  }
  co_return Error{Code::Overload, "migration_states"};
}

// A request that names nobody but by "tel:+...". A visitor of each tenant may have it; else it is not about a visitor.
Task<void> Relay::find_by_number(diameter::Request request) {
  const std::string impu(IdentityText(request.message().text(cx::avp::kPublicIdentity)).view());
  std::vector<std::string> tenants;
  for (const auto& [tenant, agreements] : migration_.table()->by_tenant) tenants.push_back(tenant);
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    // A subscriber's number is his: so, too, where a build that did not look let a visitor have it.
    auto own = co_await here(migration_)
                   ->store.get(tables::kPublicIdentities, broker::subscribers_identity_key(tenants[i], impu));
    if (own) continue;
    if (!own.failed_with(Code::NotFound)) co_return refuse(request, nullptr, {result_code::kUnableToComply, false});
    auto row = co_await here(migration_)->store.get(tables::kBindingIdentities, public_identity_key(tenants[i], impu));
    if (row.failed_with(Code::NotFound)) continue;
    if (!row) co_return refuse(request, nullptr, {result_code::kUnableToComply, false});
    AgreementRef agreement = migration_.table()->find_range(row->text());
    if (agreement == nullptr || agreement->tenant != tenants[i]) continue;
    // Another tenant may have the number for whom this one may ask about.
    if (!may_ask(request, agreement->agreement)) continue;
    co_await serve_visitor(std::move(request), std::move(agreement));
    co_return;
  }
  handle_others(request);
}

Task<void> Relay::serve_visitor(diameter::Request request, AgreementRef agreement) {
  const Message& message = request.message();
  Context* context = here(migration_);
  const std::uint32_t command = message.header().command;
  const std::string tenant = agreement->tenant;
  migration_.counters(*agreement).add(Counted::RequestIn);
  if (!may_ask(request, agreement->agreement)) {
    co_return refuse(request, agreement.get(), {result_code::kAuthorizationRejected, false});
  }
  std::string impi(IdentityText(message.text(avp::kUserName)).view());
  const std::string impu(IdentityText(message.text(cx::avp::kPublicIdentity)).view());
  if (impi.empty()) {
    auto row = co_await context->store.get(tables::kBindingIdentities, public_identity_key(tenant, impu));
    if (row) impi = row->text();
  }
  auto found = co_await migration_.find_binding(inbound_key(tenant, impi));
  if (found.failed_with(Code::BindingUnknown))
    co_return refuse(request, agreement.get(), {cx::result::kUserUnknown, true});
  if (!found) co_return refuse(request, agreement.get(), {result_code::kUnableToComply, false});
  const BindingRef binding = *std::move(found);
  // All that are named: a SAR may name several.
  bool is_his = true;
  std::size_t named_count = 0;
  for (; is_his; ++named_count) {
    const auto named = message.find_nth(cx::avp::kPublicIdentity, named_count);
    if (!named) break;
    is_his = contains(binding->partner_impus, named->text());
  }
  if (!is_his) co_return refuse(request, agreement.get(), {cx::result::kIdentitiesDontMatch, true});
  const std::uint32_t type = message.u32(cx::avp::kServerAssignmentType).value_or(0);
  const bool ends = command == cx::command::kServerAssignment && type >= 4 && type <= 11;
  const bool is_usable = are_in_force(*agreement, *binding);
  // Who may come no more may still go.
  if (!is_usable && !ends) co_return refuse(request, agreement.get(), {cx::result::kRoamingNotAllowed, true});
  auto known = co_await read_visitor(context, tenant, impi);
  if (!known) co_return refuse(request, agreement.get(), {result_code::kUnableToComply, false});
  VisitorRegistration registration = *std::move(known);
  MessageBuilder answer = request.answer_builder();
  write_head(answer, message);
  if (command == cx::command::kUserAuthorization) {
    const std::uint32_t wanted = message.u32(cx::avp::kUserAuthorizationType).value_or(0);
    const bool leaves = wanted == kDeRegistration;
    auto pending = co_await pending_server(tenant, impi);
    if (!pending) co_return refuse(request, agreement.get(), {result_for_home(pending.error()), false});
    if (leaves && registration.server_name.empty()) {
      co_return refuse(request, agreement.get(), {cx::result::kIdentityNotRegistered, true});
    }
    // The one that challenged him waits for his answer (clause 6.3.1: its name is stored with the first vector).
    if (!leaves && !pending->name.empty()) registration.server_name = pending->name;
    if (wanted == kCapabilities) {
      answer.result(result_code::kSuccess).begin_group(cx::avp::kServerCapabilities).end_group();
    } else if (registration.server_name.empty()) {
      answer.experimental_result(cx::kVendor, cx::result::kFirstRegistration);
      answer.begin_group(cx::avp::kServerCapabilities).end_group();
    } else {
      if (leaves) {
        answer.result(result_code::kSuccess);
      } else {
        answer.experimental_result(cx::kVendor, cx::result::kSubsequentRegistration);
      }
      answer.text(cx::avp::kServerName, registration.server_name);
    }
  } else if (command == cx::command::kLocationInfo) {
    if (registration.server_name.empty()) {
      co_return refuse(request, agreement.get(), {cx::result::kIdentityNotRegistered, true});
    }
    answer.result(result_code::kSuccess).text(cx::avp::kServerName, registration.server_name);
  } else {
    AssignmentAsked asked{type, std::string(message.text(cx::avp::kServerName)), std::string(message.origin_host()),
                          std::string(message.origin_realm()),
                          is_of_own_realm(asker_of(request), node_.options().realm)};
    if (asked.server_name.empty()) {
      co_return refuse(request, agreement.get(), {result_code::kInvalidAvpValue, false, cx::avp::kServerName});
    }
    // TS 29.228 clause 6.1.2: what begins or changes a registration is about one identity.
    if (type < kFirstEnding && named_count != 1) {
      const std::uint32_t why = named_count == 0 ? result_code::kMissingAvp : result_code::kAvpOccursTooManyTimes;
      co_return refuse(request, agreement.get(), {why, false, cx::avp::kPublicIdentity});
    }
    auto assigned = co_await decide_assignment(tenant, impi, std::move(asked));
    if (!assigned) co_return refuse(request, agreement.get(), {result_for_home(assigned.error()), false});
    if (assigned->refusal != 0) {
      co_return refuse(request, agreement.get(), {assigned->refusal, assigned->is_experimental});
    }
    answer.result(result_code::kSuccess);
    const bool has_profile = message.u32(cx::avp::kUserDataAlreadyAvailable).value_or(0) == 1;
    // NO_ASSIGNMENT is asked for nothing else (as of subscribers, registration_procedures.cc).
    if (((registers(type) || type == 3) && !has_profile) || type == 0) {
      const std::string profile = profile_of(agreement->agreement, *binding);
      answer.octets(cx::avp::kUserData, as_bytes(profile));
    }
    if (is_told_home(type)) tell_home(agreement, binding, type);
  }
  const std::string_view asked_for = message.text(avp::kUserName);
  const bool names_user = command == cx::command::kServerAssignment;
  if (names_user) answer.text(avp::kUserName, asked_for.empty() ? std::string_view(impi) : asked_for);
  auto built = answer.finish();
  if (!built) co_return request.refuse(result_code::kUnableToComply);
  TraceStep& step = trace(*agreement,
                          command == cx::command::kUserAuthorization ? "user authorization, answered here"
                          : command == cx::command::kLocationInfo    ? "location, answered here"
                                                                     : "server assignment, answered here",
                          impi, binding->primary_impi, request.source().identity);
  step.result = result_code::kSuccess;
  migration_.counters(*agreement).add(Counted::Local);
  request.answer(*std::move(built));
}

// Its own task: the S-CSCF has its answer.
void Relay::tell_home(const AgreementRef& agreement, BindingRef binding, std::uint32_t type) {
  runtime::Shard::current().scope().spawn(assign_upstream(agreement, std::move(binding), type));
}

Task<void> Relay::assign_upstream(AgreementRef agreement, BindingRef binding, std::uint32_t type) {
  constexpr std::uint32_t kNoStateMaintained = 1;
  Context* context = here(migration_);
  const Agreement& agreed = agreement->agreement;
  const auto& hosts = binding->mode == Mode::Static ? agreed.core_hosts
                      : binding->hosts.empty()      ? agreed.mms_hosts
                                                    : binding->hosts;
  const std::string realm = binding->realm.empty() ? agreed.realm : binding->realm;
  MessageBuilder request = node_.request(cx::kApplication, cx::command::kServerAssignment);
  request.vendor_specific_application(cx::kVendor, cx::kApplication).u32(avp::kAuthSessionState, kNoStateMaintained);
  request.text(avp::kDestinationRealm, realm).text(avp::kUserName, binding->primary_impi);
  request.text(cx::avp::kPublicIdentity, binding->primary_impus.front());
  request.text(cx::avp::kServerName, agreement->server_name).u32(cx::avp::kServerAssignmentType, type);
  request.u32(cx::avp::kUserDataAlreadyAvailable, 1);
  auto built = request.finish();
  if (!built) co_return;
  diameter::Outgoing outgoing;
  outgoing.message = *std::move(built);
  for (const std::string& host : hosts) {
    if (outgoing.host.empty() && node_.is_connected(host)) outgoing.host = host;
  }
  outgoing.realm = realm;
  outgoing.deadline = context->shard.now() + kTellMax;
  auto answer = co_await node_.send(std::move(outgoing));
  TraceStep& step = trace(*agreement, "end of the registration, told to the primary system", binding->partner_impi,
                          binding->primary_impi, {});
  if (answer) {
    step.result = answer->outcome().code;
  } else {
    step.outcome = name_of(answer.error().code);
  }
}

// RTR of home: the primary identity says whom, and nothing of it goes down.
Task<void> Relay::terminate_from_home(diameter::Request request) {
  const Message& message = request.message();
  AgreementRef agreement = agreement_of_peer(request);
  if (agreement == nullptr) co_return refuse(request, nullptr, {result_code::kAuthorizationRejected, false});
  const Agreement& agreed = agreement->agreement;
  const std::string& source = request.source().identity;
  const auto is_one = [&](const std::vector<std::string>& list) {
    return std::ranges::find(list, source) != list.end();
  };
  if (!is_one(agreed.mms_hosts) && !is_one(agreed.core_hosts) && !is_one(agreed.agents)) {
    co_return refuse(request, agreement.get(), {result_code::kAuthorizationRejected, false});
  }
  Context* context = here(migration_);
  const std::string primary(IdentityText(message.text(avp::kUserName)).view());
  auto row = co_await context->store.get(tables::kBindingIdentities,
                                         primary_identity_key(agreement->tenant, agreed.system, primary));
  if (!row) co_return refuse(request, agreement.get(), {cx::result::kUserUnknown, true});
  std::string key = inbound_key(agreement->tenant, row->text());
  auto binding = co_await migration_.find_binding(std::move(key));
  if (!binding) co_return refuse(request, agreement.get(), {cx::result::kUserUnknown, true});
  // Named identities must be his; none are all of his.
  for (std::size_t n = 0;; ++n) {
    const auto impu = message.find_nth(cx::avp::kPublicIdentity, n);
    if (!impu) break;
    if (!contains((*binding)->primary_impus, impu->text())) {
      co_return refuse(request, agreement.get(), {cx::result::kIdentitiesDontMatch, true});
    }
  }
  std::uint32_t reason = kPermanentTermination;
  if (const auto group = message.find(cx::avp::kDeregistrationReason)) {
    if (const auto code = find_in_group(*group, cx::avp::kReasonCode)) reason = code->u32().value_or(reason);
  }
  auto done = co_await terminate(agreement->tenant, *binding, reason);
  MessageBuilder answer = request.answer_builder();
  write_head(answer, message);
  answer.result(done ? result_code::kSuccess : result_code::kUnableToDeliver);
  auto built = answer.finish();
  if (!built) co_return request.refuse(result_code::kUnableToComply);
  request.answer(*std::move(built));
}

Task<Result<Unit>> Relay::part_from(std::string tenant, BindingRef binding) {
  return terminate(std::move(tenant), std::move(binding), kPermanentTermination);
}

Task<Result<Unit>> Relay::terminate(std::string tenant, BindingRef binding, std::uint32_t reason) {
  constexpr std::uint32_t kNoStateMaintained = 1;
  // What was owed over a restart is due before the node has begun.
  if (node_.shard_count() == 0) co_return Error{Code::Unreachable, "rtr.node"};
  Context* context = here(migration_);
  AgreementRef agreement = migration_.table()->find(tenant, binding->system);
  CLAVIGER_CO_TRY(registration, co_await read_visitor(context, tenant, binding->partner_impi));
  if (registration.server_name.empty() || registration.host.empty()) co_return Unit{};
  MessageBuilder request = node_.request(cx::kApplication, cx::command::kRegistrationTermination);
  request.vendor_specific_application(cx::kVendor, cx::kApplication).u32(avp::kAuthSessionState, kNoStateMaintained);
  request.text(avp::kDestinationHost, registration.host).text(avp::kDestinationRealm, registration.realm);
  request.text(avp::kUserName, binding->partner_impi);
  for (const std::string& impu : binding->partner_impus) request.text(cx::avp::kPublicIdentity, impu);
  request.begin_group(cx::avp::kDeregistrationReason).u32(cx::avp::kReasonCode, reason).end_group();
  CLAVIGER_CO_TRY(built, request.finish());
  diameter::Outgoing outgoing;
  outgoing.message = std::move(built);
  outgoing.host = registration.host;
  outgoing.realm = registration.realm;
  outgoing.deadline = context->shard.now() + kTellMax;
  auto answer = co_await node_.send(std::move(outgoing));
  if (agreement != nullptr) {
    TraceStep& step = trace(*agreement, "registration terminated at the S-CSCF", binding->partner_impi,
                            binding->primary_impi, registration.host);
    step.outcome = answer ? std::string_view("ok") : name_of(answer.error().code);
    if (answer) step.result = answer->outcome().code;
    migration_.counters(*agreement).add(Counted::Terminated);
  }
  if (!answer) co_return answer.error();
  if (!answer->outcome().is_success()) co_return Error{Code::Refused, "rtr"};
  VisitorRegistration nothing;
  const std::uint64_t version = registration.version;
  auto written = co_await write_visitor(context, std::move(tenant), binding->partner_impi, std::move(nothing), version);
  // Registered anew meanwhile: that is not the one which was ended.
  if (!written && !written.failed_with(Code::Conflict)) co_return written.error();
  co_return Unit{};
}

}  // namespace claviger::migration
