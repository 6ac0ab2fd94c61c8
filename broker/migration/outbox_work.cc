#include "broker/migration/outbox_work.h"

#include <algorithm>
#include <array>
#include <vector>

#include "broker/migration/binding_holds.h"
#include "broker/migration/binding_procedures.h"
#include "broker/migration/grant.h"
#include "broker/migration/migration_json.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/json_writer.h"
#include "core/codec/percent.h"

namespace claviger::migration {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::array<std::string_view, 7> kKinds{"prepare", "revoke", "terminate", "hold", "ended", "follow", "users"};
constexpr std::string_view kHeld = R"({"held":true})";
constexpr std::string_view kNotHeld = R"({"held":false})";
constexpr std::string_view kToldHeld = "held", kToldFree = "free";
std::string_view name_of(OutboxWork::Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

WorkOutcome final_with(Error error) { return {error, true}; }
WorkOutcome again_with(Error error) { return {error, false}; }

// What the partner system's refusals mean; nothing: try again.
std::optional<Code> refusal_of(std::uint16_t status, std::string_view body) {
  if (body.find(name_of(Code::IdentitiesExhausted)) != std::string_view::npos) return Code::IdentitiesExhausted;
  if (body.find(name_of(Code::BindingInactive)) != std::string_view::npos) return Code::BindingInactive;
  switch (status) {
    case 400:
    case 403:
    case 404:
    case 409:
    case 412:
    case 422:
      return Code::MigrationNotAllowed;
    default:
      return std::nullopt;
  }
}

std::string prepare_body(const Binding& binding, std::string_view grant) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("primary_impi", binding.primary_impi);
  write_texts(json, "primary_impus", binding.primary_impus);
  if (!grant.empty()) json.member("grant", grant);
  if (binding.not_after != 0) json.member("not_after", binding.not_after);
  json.end_object();
  return body;
}

std::string renewal_key(const OutboxWork& work) {
  return broker::record_key({work.tenant, "renewal", work.system, work.primary_impi});
}

std::string told_key(std::string_view tenant, const Binding& binding) {
  return broker::record_key({tenant, "told", binding.system, binding.primary_impi});
}

// Whether this row "prepare" is its binding's latest; of builds that did not say so each is.
Task<Result<bool>> is_latest(Migration* migration, OutboxWork work) {
  auto latest = co_await migration->home().store.get(tables::kBindingIdentities, renewal_key(work));
  if (latest.failed_with(Code::NotFound)) co_return true;
  if (!latest) co_return latest.error();
  co_return latest->text() == work.row_id;
}

// The identities that the partner system gave, into our record.
Task<Result<Unit>> keep_identities(Migration* migration, OutboxWork work, std::string answer, std::int64_t renew_at) {
  CLAVIGER_CO_TRY(prepared, read_prepared(answer));
  Context* context = &migration->home();
  auto turn = co_await migration->turns().take("bindings/" + work.tenant);
  if (!turn) co_return turn.error();
  const std::string key = outbound_key(work.tenant, work.system, work.primary_impi);
  CLAVIGER_CO_TRY(binding, co_await read_binding(context, key));
  const bool is_wanted = binding.state == BindingState::Pending || binding.state == BindingState::Active;
  // Revoked meanwhile: the row that says so could not name the identities.
  if (!is_wanted) co_return Error{Code::Conflict, "binding.state"};
  const AgreementRef agreement = migration->table()->find(work.tenant, work.system);
  if (agreement == nullptr) co_return Error{Code::AgreementUnknown, "binding.system"};
  const std::uint64_t version = binding.version;
  const std::vector<std::string> had = identity_keys(work.tenant, binding);
  const bool is_new = binding.state == BindingState::Pending;
  binding.partner_impi = std::move(prepared.partner_impi);
  binding.partner_impus = std::move(prepared.partner_impus);
  binding.access = std::move(prepared.access);
  binding.state = BindingState::Active;
  binding.is_configured_by_procedure = true;
  binding.changed_at = numeric_date(context->shard.wall());
  CLAVIGER_CO_TRY(checked, check_binding(binding, agreement->agreement));
  storage::Transaction change;
  change.expect_version(tables::kMigrationBindings, key, version);
  change.put(tables::kMigrationBindings, key, as_bytes(encode_binding(binding)));
  const std::vector<std::string> wanted = identity_keys(work.tenant, binding);
  for (const std::string& row : had) change.erase(tables::kBindingIdentities, row);
  // What it was told of a binding of before is not of these identities.
  if (is_new) change.erase(tables::kBindingIdentities, told_key(work.tenant, binding));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto other = co_await context->store.get(tables::kBindingIdentities, wanted[i]);
    if (other && other->text() != binding.primary_impi) co_return Error{Code::BindingTaken, "binding.identity"};
    if (!other && !other.failed_with(Code::NotFound)) co_return other.error();
    change.put(tables::kBindingIdentities, wanted[i], as_bytes(binding.primary_impi));
  }
  // Held since it was asked for: the partner system, which has it from now on, must hear of that.
  OutboxWork next = work;
  if (binding.is_held) next.kind = OutboxWork::Kind::Hold;
  const std::int64_t due = binding.is_held ? binding.changed_at : renew_at;
  CLAVIGER_CO_TRY(latest, co_await is_latest(migration, work));
  // Held and released while it was asked: there is a row for it that renews it.
  if (latest || binding.is_held) {
    CLAVIGER_CO_TRY(put, put_outbox_work(*context, change, next, due));
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  std::vector<std::string> keys{key};
  co_await migration->publish_bindings(std::move(keys));
  co_return Unit{};
}

void trace_step(Migration* migration, const OutboxWork& work, std::string_view step, std::string_view outcome,
                std::uint32_t status) {
  TraceStep& traced = migration->trace().add();
  traced.at = migration->home().shard.wall();
  traced.step = step;
  traced.outcome = outcome;
  traced.result = status;
  traced.primary = work.primary_impi;
  traced.tenant = work.tenant;
  traced.system = work.system;
}

// The user may ask again once what stands in the way is gone.
Task<void> back_to_prepared(Migration* migration, OutboxWork work) {
  StateChange change;
  change.key = outbound_key(work.tenant, work.system, work.primary_impi);
  change.state = BindingState::Prepared;
  auto done = co_await set_binding_state(migration, work.tenant, std::move(change));
  if (!done) {
    migration->home().shard.logger().warning("migration.prepare",
                                             {{"system", work.system}, {"code", name_of(done.error().code)}});
  }
}

Task<WorkOutcome> prepare(Migration* migration, OutboxWork work, Binding binding) {
  Context* context = &migration->home();
  // A renewal's row of before, when somebody has suspended or revoked him since.
  if (binding.state != BindingState::Pending && binding.state != BindingState::Active) co_return WorkOutcome{};
  if (binding.is_held) co_return WorkOutcome{};
  auto latest = co_await is_latest(migration, work);
  if (!latest) co_return again_with(latest.error());
  if (!*latest) co_return WorkOutcome{};
  const AgreementRef agreement = migration->table()->find(work.tenant, work.system);
  if (agreement == nullptr) co_return again_with({Code::AgreementUnknown, "prepare"});
  const std::int64_t now = numeric_date(context->shard.wall());
  if (const auto in_force = check_in_force(agreement->agreement, now); !in_force)
    co_return again_with(in_force.error());
  std::shared_ptr<SystemLink> link = migration->link(work.tenant, work.system);
  if (link == nullptr) co_return again_with({Code::SystemUnknown, "agreement.url"});
  auto grant = co_await make_grant(context, work.tenant, agreement, binding);
  if (!grant) co_return again_with(grant.error());
  auto answer = co_await link->ask(http::Method::Post, "/migrants", prepare_body(binding, grant->token));
  if (!answer) {
    trace_step(migration, work, "identities asked of the partner system", claviger::name_of(answer.error().code), 0);
    co_return again_with(answer.error());
  }
  const bool is_good = answer->status == 200 || answer->status == 201;
  trace_step(migration, work, "identities asked of the partner system", is_good ? "ok" : "refused", answer->status);
  if (!is_good) {
    const auto refusal = refusal_of(answer->status, answer->body);
    if (!refusal) co_return again_with({Code::Unreachable, "prepare.status"});
    if (binding.state == BindingState::Pending) co_await back_to_prepared(migration, work);
    co_return final_with({*refusal, "partner system"});
  }
  const std::int64_t renew_at = now + (grant->expires_at - now) / 2;
  auto kept = co_await keep_identities(migration, work, std::move(answer->body), renew_at);
  if (!kept) {
    const bool is_theirs = kept.failed_with(Code::BindingInvalid) || kept.failed_with(Code::BindingTaken);
    if (is_theirs && binding.state == BindingState::Pending) co_await back_to_prepared(migration, work);
    co_return WorkOutcome{kept.error(), is_theirs};
  }
  migration->counters(*agreement).add(Counted::Configured);
  co_return WorkOutcome{};
}

std::string_view outcome_of(const http::ClientResponse& answer) {
  if (!is_told(answer.status, answer.body)) return "refused";
  return answer.status == 404 ? "unknown there" : "ok";
}

Task<WorkOutcome> revoke(Migration* migration, OutboxWork work, Binding binding) {
  if (binding.state != BindingState::Revoked || binding.partner_impi.empty()) co_return WorkOutcome{};
  std::shared_ptr<SystemLink> link = migration->link(work.tenant, work.system);
  // It may have no URL for a moment only; where there is none ever, the operators exchange lists, and this is given up.
  if (link == nullptr) co_return again_with({Code::SystemUnknown, "agreement.url"});
  std::string path = "/bindings/";
  codec::percent_encode(binding.partner_impi, path);
  auto answer = co_await link->ask(http::Method::Delete, std::move(path), std::string());
  if (!answer) co_return again_with(answer.error());
  trace_step(migration, work, "revocation told to the partner system", outcome_of(*answer), answer->status);
  if (!is_told(answer->status, answer->body)) co_return again_with({Code::Refused, "revoke.status"});
  co_return WorkOutcome{};
}

// As it stands when it is told, and one at a time: whatever order the rows come in, the last word is the last state's.
Task<WorkOutcome> tell_held(Migration* migration, OutboxWork work) {
  const std::string key = outbound_key(work.tenant, work.system, work.primary_impi);
  auto turn = co_await migration->turns().take("tell/" + key);
  if (!turn) co_return again_with(turn.error());
  auto binding = co_await read_binding(&migration->home(), key);
  if (binding.failed_with(Code::BindingUnknown)) co_return WorkOutcome{};
  if (!binding) co_return again_with(binding.error());
  if (binding->state == BindingState::Revoked || binding->partner_impi.empty()) co_return WorkOutcome{};
  std::shared_ptr<SystemLink> link = migration->link(work.tenant, work.system);
  // Until then our own answers are all that holds him; and who may go again is to be told when there is a link.
  if (link == nullptr) co_return again_with({Code::SystemUnknown, "agreement.url"});
  std::string path = "/bindings/";
  codec::percent_encode(binding->partner_impi, path);
  path += "/held";
  auto answer =
      co_await link->ask(http::Method::Put, std::move(path), std::string(binding->is_held ? kHeld : kNotHeld));
  if (!answer) co_return again_with(answer.error());
  trace_step(migration, work,
             binding->is_held ? "hold told to the partner system" : "end of a hold told to the partner system",
             outcome_of(*answer), answer->status);
  if (!is_told(answer->status, answer->body)) co_return again_with({Code::Refused, "hold.status"});
  storage::Transaction told;
  put_told(told, work.tenant, *binding, binding->is_held);
  const auto kept = co_await migration->home().store.commit(std::move(told));
  if (!kept) co_return again_with(kept.error());
  co_return WorkOutcome{};
}

// The primary system goes on giving vectors for a binding that it believes in.
Task<WorkOutcome> tell_ended(Migration* migration, OutboxWork work, Binding binding) {
  if (binding.state != BindingState::Revoked) co_return WorkOutcome{};
  std::shared_ptr<SystemLink> link = migration->link(work.tenant, work.system);
  if (link == nullptr) co_return again_with({Code::SystemUnknown, "agreement.url"});
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("primary_impi", binding.primary_impi);
  json.member("partner_impi", binding.partner_impi).end_object();
  auto answer = co_await link->ask(http::Method::Post, "/migrants:ended", std::move(body));
  if (!answer) co_return again_with(answer.error());
  trace_step(migration, work, "revocation told to the primary system", outcome_of(*answer), answer->status);
  if (!is_told(answer->status, answer->body)) co_return again_with({Code::Refused, "ended.status"});
  co_return WorkOutcome{};
}

// The inbound binding of a work's primary identity; none: BindingUnknown.
Task<Result<Binding>> inbound_of(Migration* migration, OutboxWork work) {
  const std::string index = primary_identity_key(work.tenant, work.system, work.primary_impi);
  auto row = co_await migration->home().store.get(tables::kBindingIdentities, index);
  if (row.failed_with(Code::NotFound)) co_return Error{Code::BindingUnknown, "binding"};
  if (!row) co_return row.error();
  co_return co_await read_binding(&migration->home(), inbound_key(work.tenant, row->text()));
}

// Of the binding as it is now: one that came back has been made again since.
Task<WorkOutcome> terminate(Migration* migration, OutboxWork work) {
  auto binding = co_await inbound_of(migration, work);
  if (binding.failed_with(Code::BindingUnknown)) co_return WorkOutcome{};
  if (!binding) co_return again_with(binding.error());
  const bool is_over = binding->state == BindingState::Revoked || binding->is_held;
  if (!is_over || migration->terminator() == nullptr) co_return WorkOutcome{};
  BindingRef shared = std::make_shared<const Binding>(*std::move(binding));
  auto done = co_await migration->terminator()->part_from(work.tenant, std::move(shared));
  if (!done) co_return again_with(done.error());
  co_return WorkOutcome{};
}

}  // namespace

bool is_told(std::uint16_t status, std::string_view body) {
  if (status / 100 == 2) return true;
  const auto code = status == 404 ? read_problem_code(body) : Result<std::string>(Error{Code::Refused, "status"});
  return code && *code == claviger::name_of(Code::BindingUnknown);
}

void put_told(storage::Transaction& transaction, std::string_view tenant, const Binding& binding, bool is_held) {
  transaction.put(tables::kBindingIdentities, told_key(tenant, binding), as_bytes(is_held ? kToldHeld : kToldFree));
}

Task<Result<bool>> is_believed_otherwise(Context* context, std::string tenant, BindingRef binding) {
  if (binding->state == BindingState::Revoked || binding->partner_impi.empty()) co_return false;
  auto told = co_await context->store.get(tables::kBindingIdentities, told_key(tenant, *binding));
  if (told.failed_with(Code::NotFound)) co_return binding->is_held;
  if (!told) co_return told.error();
  co_return (told->text() == kToldHeld) != binding->is_held;
}

Result<Unit> put_outbox_work(Context& context, storage::Transaction& transaction, const OutboxWork& work,
                             std::int64_t due) {
  CLAVIGER_TRY(random, context.tokens->random_id());
  const std::string_view id(random.data(), random.size());
  const std::string payload = broker::record_key({name_of(work.kind), work.tenant, work.system, work.primary_impi});
  storage::put_outbox_row(transaction, tables::kMigrationPools, due, id, as_bytes(payload));
  if (work.kind == OutboxWork::Kind::Prepare) {
    transaction.put(tables::kBindingIdentities, renewal_key(work), as_bytes(id));
  }
  return Unit{};
}

Result<Unit> put_what_follows(Context& context, storage::Transaction& transaction, std::string_view tenant,
                              const Binding& before, const Binding& after, bool by_other) {
  using Kind = OutboxWork::Kind;
  std::vector<Kind> kinds;
  const bool is_revoked = after.state == BindingState::Revoked && before.state != BindingState::Revoked;
  const bool is_held = after.is_held && !before.is_held;
  const bool is_known_there = !after.partner_impi.empty();
  if (after.direction == Direction::Inbound) {
    if (is_revoked || is_held) kinds.push_back(Kind::Terminate);
    if (is_revoked && !by_other) kinds.push_back(Kind::Ended);
  } else {
    if (is_revoked && is_known_there && !by_other) kinds.push_back(Kind::Revoke);
    const bool stands = after.state != BindingState::Revoked;
    if (stands && is_known_there && after.is_held != before.is_held) kinds.push_back(Kind::Hold);
    const bool wants_identities = after.state == BindingState::Pending;
    // Who may go again needs a grant that still stands.
    const bool wants_grant = after.state == BindingState::Active && after.is_configured_by_procedure;
    const bool is_new = before.state != after.state || before.is_held;
    if ((wants_identities || wants_grant) && is_new && !after.is_held) kinds.push_back(Kind::Prepare);
  }
  const std::int64_t now = numeric_date(context.shard.wall());
  for (const Kind kind : kinds) {
    const OutboxWork work{kind, std::string(tenant), after.system, after.primary_impi};
    CLAVIGER_TRY(put, put_outbox_work(context, transaction, work, now));
  }
  return Unit{};
}

Result<OutboxWork> read_outbox_work(std::string_view payload) {
  std::vector<std::string> parts;
  while (parts.size() < 4) {
    const std::size_t end = std::min(payload.find('\0'), payload.size());
    parts.emplace_back(payload.substr(0, end));
    payload.remove_prefix(std::min(end + 1, payload.size()));
  }
  const auto* kind = std::ranges::find(kKinds, parts[0]);
  if (kind == kKinds.end() || parts[3].empty() || !payload.empty()) return Error{Code::Corrupt, "migration.outbox"};
  OutboxWork work;
  work.kind = static_cast<OutboxWork::Kind>(kind - kKinds.begin());
  work.tenant = std::move(parts[1]);
  work.system = std::move(parts[2]);
  work.primary_impi = std::move(parts[3]);
  return work;
}

Task<WorkOutcome> do_outbox_work(Migration* migration, OutboxWork work) {
  if (work.kind == OutboxWork::Kind::Terminate) co_return co_await terminate(migration, std::move(work));
  if (work.kind == OutboxWork::Kind::Follow) {
    auto followed = co_await follow_all_users(migration, work.tenant, work.system);
    co_return WorkOutcome{followed, followed.has_value()};
  }
  if (work.kind == OutboxWork::Kind::Users) {
    std::vector<std::string> subs = words_of(work.primary_impi);
    auto followed = co_await follow_users(migration, work.tenant, std::move(subs));
    co_return WorkOutcome{followed, followed.has_value()};
  }
  if (work.kind == OutboxWork::Kind::Hold) co_return co_await tell_held(migration, std::move(work));
  if (work.kind == OutboxWork::Kind::Ended) {
    auto ended = co_await inbound_of(migration, work);
    if (ended.failed_with(Code::BindingUnknown)) co_return WorkOutcome{};
    if (!ended) co_return again_with(ended.error());
    co_return co_await tell_ended(migration, std::move(work), *std::move(ended));
  }
  auto binding = co_await read_binding(&migration->home(), outbound_key(work.tenant, work.system, work.primary_impi));
  if (binding.failed_with(Code::BindingUnknown)) co_return WorkOutcome{};
  if (!binding) co_return again_with(binding.error());
  if (work.kind == OutboxWork::Kind::Prepare)
    co_return co_await prepare(migration, std::move(work), *std::move(binding));
  co_return co_await revoke(migration, std::move(work), *std::move(binding));
}

}  // namespace claviger::migration
