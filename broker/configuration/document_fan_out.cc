#include "broker/configuration/document_fan_out.h"

#include <algorithm>

#include "broker/configuration/document_subscription.h"
#include "broker/configuration/document_subscription_generated.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "storage/record.h"

namespace claviger::configuration {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

constexpr std::uint16_t kVersion = 1;
// Changes of one document and its walk meet in a record: how often somebody tries.
constexpr int kConflictTries = 16;
// A walk whose beginning was told to nobody, because a mailbox was full, is found after this.
constexpr Seconds kPoll{5};
constexpr Seconds kPauseFirst{1}, kPauseLast{60};
// A row of one's own comes when an answer that is late will mostly have come.
constexpr std::int64_t kAgainAfter = 2;

std::string walks_prefix(std::string_view tenant) { return broker::record_prefix({tenant, "p"}); }

}  // namespace

// ---- a walk

void FanOutWalk::begin_again() {
  until = cursor;
  goes_around = !cursor.empty();
}

bool FanOutWalk::advance(const std::string& last, bool is_page_full) {
  if (is_page_full) {
    cursor = last;
    return goes_around || until.empty() || cursor < until;
  }
  cursor.clear();
  return std::exchange(goes_around, false);
}

std::string walk_key(std::string_view tenant, std::string_view path) {
  return walks_prefix(tenant) + std::string(path);
}

std::string encode(const FanOutWalk& walk) {
  flatbuffers::FlatBufferBuilder builder;
  const auto cursor = storage::put_text(builder, walk.cursor);
  const auto until = storage::put_text(builder, walk.until);
  builder.Finish(schema::CreateFanOutWalk(builder, kVersion, cursor, until, walk.goes_around));
  return storage::finished(builder);
}

Result<FanOutWalk> decode_walk(const storage::Value& value, std::string_view path) {
  CLAVIGER_TRY(record,
               storage::FlatRecord<schema::FanOutWalk>::open(value, {"document_subscriptions", kVersion}, path));
  FanOutWalk walk;
  walk.cursor = storage::text_of(record->cursor());
  walk.until = storage::text_of(record->until());
  walk.goes_around = record->goes_around();
  walk.version = value.version();
  return walk;
}

// ---- changes

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
  if (tags.size() == kFanOutPage) {
    auto begun = co_await begin_walk(context, std::move(path));
    co_return begun;
  }
  storage::Transaction change;
  const std::int64_t now = numeric_date(context->shard.wall());
  for (const std::string& tag : tags) put_tell_(change, tag, now);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  registrar_.wake();
  co_return Unit{};
}

Task<Result<Unit>> DocumentFanOut::begin_walk(Context* context, std::string path) {
  const std::string key = walk_key(registrar_.tenant(), path);
  for (int tries = 0; tries < kConflictTries; ++tries) {
    FanOutWalk walk;
    const auto stored = co_await context->store.get(tables::kDocumentSubscriptions, key);
    if (stored) {
      CLAVIGER_CO_TRY(known, decode_walk(*stored, path));
      walk = std::move(known);
      walk.begin_again();
    } else if (stored.error().code != Code::NotFound) {
      co_return stored.error();
    }
    storage::Transaction change;
    change.expect_version(tables::kDocumentSubscriptions, key, walk.version);
    change.put(tables::kDocumentSubscriptions, key, as_bytes(encode(walk)));
    const auto committed = co_await context->store.commit(std::move(change));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    wake();
    co_return Unit{};
  }
  co_return Error{Code::Overload, "xcap_diff.walk"};
}

// ---- pages

// When so many may go; the next ones go behind them.
Monotonic DocumentFanOut::take_turn(std::size_t notifications) {
  const std::size_t a_second = kFanOutPerSecond * registrar_.here().shard.shards().size();
  const Monotonic turn = std::max(next_portion_, registrar_.here().shard.now());
  next_portion_ = turn + std::chrono::microseconds(1'000'000 * notifications / a_second);
  return turn;
}

// Who must be told once more.
Task<std::vector<std::string>> DocumentFanOut::tell_all(std::vector<std::string> tags) {
  runtime::Shard* const shard = &registrar_.here().shard;
  std::vector<std::optional<runtime::OneShot<Result<Unit>>>> waiters;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (i % kFanOutPortion == 0) {
      const Monotonic turn = take_turn(std::min(kFanOutPortion, tags.size() - i));
      if (turn > shard->now()) co_await shard->wait_until(turn);
    }
    auto begin = [this, tag = tags[i]] { return tell_(tag); };
    auto sent = runtime::detail::send_call<Result<Unit>>(registrar_.home_of_dialog(tags[i]), std::move(begin));
    waiters.emplace_back();
    if (sent) waiters.back().emplace(*std::move(sent));
  }
  const Monotonic deadline = shard->now() + kFanOutAnswers;
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

Task<Result<DocumentFanOut::Page>> DocumentFanOut::page_of(std::string path, std::shared_ptr<const FanOutWalk> walk) {
  Page page;
  CLAVIGER_CO_TRY(tags, co_await watchers(&registrar_.here(), path, walk->cursor));
  page.is_full = tags.size() == kFanOutPage;
  page.tags = std::move(tags);
  if (!walk->goes_around && !walk->until.empty()) {
    const auto behind = std::ranges::upper_bound(page.tags, walk->until);
    if (behind != page.tags.end()) {
      page.tags.erase(behind, page.tags.end());
      page.is_full = false;
    }
  }
  co_return page;
}

Task<Result<bool>> DocumentFanOut::tell_next() {
  const std::string prefix = walks_prefix(registrar_.tenant());
  const std::string end = broker::record_prefix_end(prefix);
  storage::Store* const store = &registrar_.here().store;
  std::string from = next_walk_.empty() ? prefix : next_walk_;
  CLAVIGER_CO_TRY(found, co_await store->range(tables::kDocumentSubscriptions, from, end, 1));
  if (found.empty() && !next_walk_.empty()) {
    CLAVIGER_CO_TRY(first, co_await store->range(tables::kDocumentSubscriptions, prefix, end, 1));
    found = std::move(first);
  }
  if (found.empty()) co_return false;
  next_walk_ = found.front().key + '\0';
  const std::string path = found.front().key.substr(prefix.size());
  auto walk = decode_walk(found.front().value, path);
  // What cannot be read is walked from the first to the last: nobody misses anything.
  if (!walk) {
    walk = FanOutWalk();
    walk->version = found.front().value.version();
  }
  const auto shared = std::make_shared<const FanOutWalk>(*std::move(walk));
  CLAVIGER_CO_TRY(page, co_await page_of(path, shared));
  const auto told = std::make_shared<const Page>(std::move(page));
  std::vector<std::string> again = co_await tell_all(told->tags);
  CLAVIGER_CO_TRY(gone, co_await go_on(path, shared, told, std::move(again)));
  co_return true;
}

// A change may have come while the page was told, of which some of the page know nothing: the walk ends behind them.
Task<Result<Unit>> DocumentFanOut::go_on(std::string path, std::shared_ptr<const FanOutWalk> from,
                                         std::shared_ptr<const Page> page, std::vector<std::string> again) {
  Context* const context = &registrar_.here();
  const std::string key = walk_key(registrar_.tenant(), path);
  const std::string last = page->tags.empty() ? std::string() : page->tags.back();
  FanOutWalk walk = *from;
  for (int tries = 0; tries < kConflictTries; ++tries) {
    const bool goes_on = walk.advance(last, page->is_full);
    const bool is_newer = walk.version != from->version;
    if (is_newer) walk.begin_again();
    storage::Transaction change;
    change.expect_version(tables::kDocumentSubscriptions, key, walk.version);
    if (goes_on || is_newer) {
      change.put(tables::kDocumentSubscriptions, key, as_bytes(encode(walk)));
    } else {
      change.erase(tables::kDocumentSubscriptions, key);
    }
    const std::int64_t due = numeric_date(context->shard.wall()) + kAgainAfter;
    for (const std::string& tag : again) put_tell_(change, tag, due);
    const auto committed = co_await context->store.commit(std::move(change));
    if (committed) {
      if (!again.empty()) registrar_.wake();
      co_return Unit{};
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
    const auto stored = co_await context->store.get(tables::kDocumentSubscriptions, key);
    if (!stored) co_return stored.error();
    CLAVIGER_CO_TRY(known, decode_walk(*stored, path));
    walk = std::move(known);
  }
  co_return Error{Code::Overload, "xcap_diff.walk"};
}

// ---- the task

void DocumentFanOut::start() { scope_.spawn(run()); }

void DocumentFanOut::wake() {
  runtime::Shard& home = registrar_.here().shard.shards()[0];
  auto woken = [this] {
    is_woken_ = true;
    if (!sleeping_) return;
    runtime::Completer<Unit> completer = *std::move(sleeping_);
    sleeping_.reset();
    completer.complete(Unit{});
  };
  if (&home == &runtime::Shard::current()) return home.defer(std::move(woken));
  // Refused: it is found at the next poll.
  runtime::Message message(std::move(woken));
  if (!home.mailbox().post(std::move(message))) return;
}

Task<void> DocumentFanOut::run() {
  runtime::Shard* const shard = &registrar_.here().shard;
  Seconds pause = kPauseFirst;
  for (;;) {
    is_woken_ = false;
    const auto told = co_await tell_next();
    if (!told) {
      shard->logger().warning("xcap_diff.walk", {{"code", name_of(told.error().code)}, {"where", told.error().where}});
      co_await shard->wait_until(shard->now() + pause);
      pause = std::min(pause * 2, kPauseLast);
      continue;
    }
    pause = kPauseFirst;
    if (*told || is_woken_) continue;
    runtime::OneShotPair<Unit> pair;
    sleeping_.emplace(std::move(pair.completer));
    (void)co_await pair.waiter.until(shard->now() + kPoll);
    sleeping_.reset();
  }
}

}  // namespace claviger::configuration
