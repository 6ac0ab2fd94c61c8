#include "broker/registration/revocation_follower.h"

#include "broker/record_key.h"
#include "broker/registration/change.h"
#include "broker/registration/event_package.h"
#include "broker/registration/procedures.h"
#include "broker/tables.h"
#include "broker/tokens/revocation_records.h"
#include "broker/tokens/token_revocation.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/call.h"
#include "storage/page.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

// Without a wake-up: what another way of publishing forgot.
constexpr Milliseconds kPoll{1000};
constexpr std::size_t kChangesPerPage = 512;
constexpr std::string_view kPlace = "registration.revocations";

void name_skipped(broker::Context& context, std::string_view what, const Error& error) {
  context.shard.logger().error("registration.revocation_skipped",
                               {{"record", what}, {"code", name_of(error.code)}, {"where", error.where}});
}

}  // namespace

Task<void> RevocationFollower::run() {
  auto begun = co_await begin();
  for (;;) {
    if (!begun) begun = co_await begin();
    auto waiter = context_.tokens->wait_for_feed();
    Result<Unit> caught_up = begun;
    if (begun) caught_up = co_await catch_up();
    if (!caught_up)
      context_.shard.logger().warning("registration.revocations", {{"code", name_of(caught_up.error().code)}});
    const Monotonic until = context_.shard.now() + kPoll;
    if (waiter && caught_up) {
      const auto woken = co_await waiter->until(until);
      if (woken) continue;
    } else {
      co_await context_.shard.wait_until(until);
    }
  }
}

Task<Result<Unit>> RevocationFollower::begin() {
  auto value = co_await context_.store.get(tables::kInstallation, std::string(kPlace));
  if (value && value->bytes().size() == sizeof next_) {
    next_ = load_be<std::uint64_t>(value->bytes());
    co_return Unit{};
  }
  if (!value && value.error().code != Code::NotFound) co_return value.error();
  auto read = co_await read_all();
  co_return read;
}

Task<Result<Unit>> RevocationFollower::save() {
  std::array<std::byte, sizeof next_> bytes{};
  store_be(bytes, next_);
  storage::Transaction change;
  change.put(tables::kInstallation, kPlace, bytes);
  auto committed = co_await context_.store.commit(std::move(change));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

// The whole table: at first, and after so long a time that changes were forgotten.
Task<Result<Unit>> RevocationFollower::read_all() {
  const std::uint64_t next = context_.store.latest_sequence() + 1;
  std::string from;
  for (;;) {
    CLAVIGER_CO_TRY(page, co_await context_.store.range(tables::kRevocations, from, "", storage::kRangeMax));
    std::vector<std::string> keys;
    for (const storage::Record& record : page) keys.push_back(record.key);
    const bool is_last = !storage::is_full_page(page, storage::kRangeMax);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      CLAVIGER_CO_TRY(looked, co_await look_at(keys[i]));
    }
    if (is_last) break;
    from = keys.back() + '\0';
  }
  next_ = next;
  auto saved = co_await save();
  co_return saved;
}

Task<Result<Unit>> RevocationFollower::catch_up() {
  for (;;) {
    auto changes = co_await context_.store.changes(tables::kRevocations, next_, kChangesPerPage);
    if (changes.failed_with(Code::OutOfRange)) {
      auto read = co_await read_all();
      co_return read;
    }
    if (!changes) co_return changes.error();
    std::vector<std::string> keys;
    for (const storage::Change& each : changes->changes) {
      if (!each.is_erased) keys.push_back(each.key);
    }
    const std::uint64_t next = changes->next_sequence;
    const bool is_more = !changes->changes.empty();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      CLAVIGER_CO_TRY(looked, co_await look_at(keys[i]));
    }
    next_ = next;
    if (!is_more) co_return Unit{};
    // Behind what was done: after kill -9 it is done again, which ends nothing twice.
    CLAVIGER_CO_TRY(saved, co_await save());
  }
}

Task<Result<Unit>> RevocationFollower::look_at(std::string key) {
  if (!key.starts_with(broker::record_prefix({registrar_.tenant()}))) co_return Unit{};
  auto value = co_await context_.store.get(tables::kRevocations, key);
  if (value.failed_with(Code::NotFound)) co_return Unit{};  // expired
  if (!value) co_return value.error();
  auto stored_or = tokens::decode_revocation(key, value->bytes());
  // It will read no better the next time: those behind it do not wait for it.
  if (!stored_or) {
    name_skipped(context_, key, stored_or.error());
    co_return Unit{};
  }
  tokens::StoredRevocation stored = *std::move(stored_or);
  if (registrar_.package() != nullptr) {
    CLAVIGER_CO_TRY(told, co_await registrar_.package()->revoked(stored.revocation));
  }
  auto ended = co_await end_bindings(std::move(stored.revocation));
  co_return ended;
}

Task<Result<Unit>> RevocationFollower::end_bindings(tokens::Revocation revocation) {
  const std::string_view kind = tokens::index_of(revocation.kind);
  if (kind.empty()) co_return Unit{};
  const std::string prefix = revocable_prefix(registrar_.tenant(), kind, revocation.id);
  const std::string end = broker::record_prefix_end(prefix);
  // A user's, a session's: as many as he may have clients.
  CLAVIGER_CO_TRY(rows, co_await context_.store.range(tables::kServiceStates, prefix, end, kClientsPerUserMax * 8));
  std::vector<BindingName> names;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(name, name_of_index(row.key));
    names.push_back(std::move(name));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto found = co_await read_binding(&registrar_, names[i]);
    if (found.failed_with(Code::Corrupt) || found.failed_with(Code::SchemaTooNew)) {
      name_skipped(context_, names[i].client_id, found.error());
      continue;
    }
    if (!found) co_return found.error();
    const Binding binding = *std::move(found);
    if (binding.version == 0 || binding.ended != EndReason::None) continue;
    if (!tokens::is_of(revocation, binding.token_issued_at)) continue;
    Registrar* const registrar = &registrar_;
    const std::string impu = binding.impu;
    const BindingName name = names[i];
    auto begin_end = [registrar, impu, name] { return end_binding(registrar, impu, name, EndReason::Revoked); };
    CLAVIGER_CO_TRY(ended, co_await runtime::call_on(&registrar_.home_of_identity(impu), std::move(begin_end)));
    context_.shard.logger().info("registration.revoked",
                                 {{"identity", impu}, {"client", name.client_id}, {"service", name.service}});
  }
  co_return Unit{};
}

}  // namespace claviger::registration
