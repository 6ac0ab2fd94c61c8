#include "broker/configuration/document_fan_out.h"

#include <algorithm>
#include <optional>

#include "broker/configuration/document_subscription.h"
#include "broker/record_key.h"
#include "broker/registration/peer_wait.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/call.h"

namespace claviger::configuration {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Result<Unit> DocumentFanOut::put_page(Context& context, storage::Transaction& change, std::string_view path,
                                      std::string_view behind) {
  CLAVIGER_TRY(random, context.tokens->random_id());
  const std::string id = std::string(kRows) + std::string(random.begin(), random.end());
  storage::put_outbox_row(change, tables::kOutbox, numeric_date(context.shard.wall()), id,
                          as_bytes(broker::record_key({path, behind})));
  return Unit{};
}

// A page of them, behind that dialog; empty: from the first on.
Task<Result<std::vector<std::string>>> DocumentFanOut::watchers(Context* context, std::string path,
                                                                std::string behind) {
  const std::string prefix = subscriptions_prefix(registrar_.tenant(), "w", path);
  const std::string from = behind.empty() ? prefix : prefix + behind + '\0';
  CLAVIGER_CO_TRY(rows, co_await context->store.range(tables::kDocumentSubscriptions, from,
                                                      broker::record_prefix_end(prefix), kFanOutPage));
  std::vector<std::string> tags;
  for (const storage::Record& row : rows) tags.emplace_back(tag_of_row(row.key));
  co_return tags;
}

Task<Result<Unit>> DocumentFanOut::begin(Context* context, std::string path) {
  CLAVIGER_CO_TRY(tags, co_await watchers(context, path, std::string()));
  if (tags.empty()) co_return Unit{};
  storage::Transaction change;
  if (tags.size() == kFanOutPage) {
    CLAVIGER_CO_TRY(put, put_page(*context, change, path, ""));
  } else {
    const std::int64_t now = numeric_date(context->shard.wall());
    for (const std::string& tag : tags) {
      CLAVIGER_CO_TRY(put, put_tell_(*context, change, tag, now));
    }
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  registrar_.wake();
  co_return Unit{};
}

// When so many may go; the next ones go behind them.
Monotonic DocumentFanOut::take_turn(std::size_t notifications) {
  const std::size_t a_second = kFanOutPerSecond * registrar_.here().shard.shards().size();
  const Monotonic turn = std::max(next_page_, registrar_.here().shard.now());
  next_page_ = turn + std::chrono::microseconds(1'000'000 * notifications / a_second);
  return turn;
}

// Who must be told once more.
Task<std::vector<std::string>> DocumentFanOut::tell_all(std::vector<std::string> tags) {
  std::vector<std::optional<runtime::OneShot<Result<Unit>>>> waiters;
  for (const std::string& tag : tags) {
    auto begin = [this, tag] { return tell_(tag); };
    auto sent = runtime::detail::send_call<Result<Unit>>(registrar_.home_of_dialog(tag), std::move(begin));
    waiters.emplace_back();
    if (sent) waiters.back().emplace(*std::move(sent));
  }
  const Monotonic deadline = registrar_.here().shard.now() + registration::kPeerWaitMax;
  std::vector<std::string> again;
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    bool is_told = false;
    if (waiters[i]) {
      const auto told = co_await waiters[i]->until(deadline);
      is_told = told && told->has_value();
    }
    if (!is_told) again.push_back(tags[i]);
  }
  co_return again;
}

Task<Result<Unit>> DocumentFanOut::tell_page(storage::OutboxRow row) {
  const std::size_t nul = row.payload.find('\0');
  if (nul == std::string::npos) co_return Error{Code::NotPermitted, "xcap_diff.page"};
  const std::string path = row.payload.substr(0, nul);
  Context* const context = &registrar_.here();
  const std::string key = storage::outbox_key(row.due, row.id);
  const auto own = co_await context->store.get(tables::kOutbox, key);
  if (own.failed_with(Code::NotFound)) co_return Unit{};  // done already
  if (!own) co_return own.error();
  const std::uint64_t version = own->version();
  CLAVIGER_CO_TRY(tags, co_await watchers(context, path, row.payload.substr(nul + 1)));
  const std::string last = tags.size() == kFanOutPage ? tags.back() : std::string();
  const Monotonic turn = take_turn(tags.size());
  co_await context->shard.wait_until(turn);
  const std::vector<std::string> again = co_await tell_all(std::move(tags));
  storage::Transaction change;
  change.expect_version(tables::kOutbox, key, version);
  change.erase(tables::kOutbox, key);
  const std::int64_t now = numeric_date(context->shard.wall());
  for (const std::string& tag : again) {
    CLAVIGER_CO_TRY(put, put_tell_(*context, change, tag, now));
  }
  if (!last.empty()) {
    CLAVIGER_CO_TRY(put, put_page(*context, change, path, last));
  }
  const auto committed = co_await context->store.commit(std::move(change));
  if (committed.failed_with(Code::Conflict)) co_return Unit{};  // it was done meanwhile
  if (!committed) co_return committed.error();
  registrar_.wake();
  co_return Unit{};
}

}  // namespace claviger::configuration
