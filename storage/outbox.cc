#include "storage/outbox.h"

#include <algorithm>
#include <functional>

namespace claviger::storage {

Outbox::Outbox(runtime::Shard& shard, Store& store, TableId table, OutboxHandler& handler, OutboxOptions options)
    : shard_(shard), store_(store), table_(table), handler_(handler), options_(options) {
  // Those under way are read again with each window: there must be room for others behind them.
  CLAVIGER_ASSERT(options_.under_way_max < options_.window_rows && options_.window_rows <= kRangeMax);
}

void Outbox::start() { scope_.spawn(run()); }

void Outbox::wake() {
  is_woken_ = true;
  if (!sleeping_) return;
  // From the loop: whoever wakes us may be one of our own handlers.
  shard_.defer([completer = *std::move(sleeping_)]() mutable { completer.complete(Unit{}); });
  sleeping_.reset();
}

Task<void> Outbox::close() {
  is_closing_ = true;
  wake();
  auto closing = scope_.close();
  co_await std::move(closing);
}

// Each pass reads the window again rather than keeping it: rows are put and taken back by others meanwhile.
Task<void> Outbox::run() {
  while (!is_closing_) {
    is_woken_ = false;
    const std::int64_t now = numeric_date(shard_.wall());
    std::string from = scan_from(now);
    std::string to = outbox_key(now + options_.window.count() + 1, "");
    const auto records = co_await store_.range(table_, std::move(from), std::move(to), options_.window_rows);
    std::int64_t next = now + options_.poll.count();
    if (records) next = std::min(next, begin_due(*records, now));
    if (is_woken_ || is_closing_) continue;
    runtime::OneShotPair<Unit> pair;
    sleeping_.emplace(std::move(pair.completer));
    const Monotonic until = shard_.now() + std::max(Seconds(next - now), Seconds(0));
    (void)co_await pair.waiter.until(until);
    sleeping_.reset();
  }
}

// Erased rows leave their trace in the engine until it compacts: a scan from the first key would walk over the
// traces of all that was ever done.
std::string Outbox::scan_from(std::int64_t now) {
  // The wall clock was put back: whatever was put by it before is late.
  if (now < last_pass_) next_full_scan_ = next_late_scan_ = 0;
  last_pass_ = now;
  const bool is_full = now >= next_full_scan_;
  const bool is_late = is_full || now >= next_late_scan_;
  if (is_full) next_full_scan_ = now + kFullScanEvery;
  if (is_late) next_late_scan_ = now + kLateScanEvery;
  if (is_full) return {};
  return outbox_key(std::max<std::int64_t>(std::min(nothing_before_, now - (is_late ? kLateMax : kLateUsual)), 0), "");
}

std::int64_t Outbox::begin_due(const std::vector<Record>& records, std::int64_t now) {
  nothing_before_ = now;
  bool is_first = true;
  for (const Record& record : records) {
    auto row = decode_outbox_row(record.key, record.value.bytes());
    if (!row) {
      shard_.logger().error("outbox.corrupt", {{"key", record.key}});
      if (under_way_.insert(record.key).second) scope_.spawn(drop(record.key, record.value.version()));
      continue;
    }
    if (std::exchange(is_first, false)) nothing_before_ = std::min(now, row->due);
    if (row->due > now) return row->due;
    // The rest waits for one to end, which wakes us.
    if (under_way_.size() >= options_.under_way_max) break;
    if (!under_way_.insert(record.key).second) continue;
    scope_.spawn(attempt(record.key, record.value.version(), *std::move(row)));
  }
  return now + options_.poll.count();
}

Task<void> Outbox::attempt(std::string key, std::uint64_t version, OutboxRow row) {
  OutboxRow given = row;
  auto outcome = co_await handler_.handle(std::move(given));
  const auto settled = co_await settle(key, version, std::move(row), outcome);
  if (!settled && settled.error().code != Code::Conflict) {
    // The store does not take it now: the row is still due, and tried again, but not at once.
    co_await shard_.wait_until(shard_.now() + options_.poll);
  }
  under_way_.erase(key);
  wake();
}

Task<Result<Unit>> Outbox::settle(std::string key, std::uint64_t version, OutboxRow row, Result<Unit> outcome) {
  Transaction change;
  change.expect_version(table_, key, version);
  change.erase(table_, key);
  if (!outcome) {
    const bool is_last = row.attempts + 1 >= options_.attempts_max || outcome.error().code == Code::NotPermitted;
    if (is_last) {
      handler_.gave_up(row, outcome.error());
    } else {
      row.due = std::max(row.due, numeric_date(shard_.wall()) + pause_after(row));
      ++row.attempts;
      put_outbox_attempt(change, table_, row);
    }
  }
  const auto committed = co_await store_.commit(std::move(change));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

Task<void> Outbox::drop(std::string key, std::uint64_t version) {
  Transaction change;
  change.expect_version(table_, key, version);
  change.erase(table_, key);
  (void)co_await store_.commit(std::move(change));
  under_way_.erase(key);
}

std::int64_t Outbox::pause_after(const OutboxRow& row) const {
  constexpr unsigned kDoublingsMax = 20;
  const std::int64_t doubled = options_.pause_first.count() << std::min<unsigned>(row.attempts, kDoublingsMax);
  const std::int64_t pause = std::min(doubled, options_.pause_max.count());
  // Spread by up to a quarter, so that what failed together does not come back together.
  const auto spread =
      static_cast<std::int64_t>(std::hash<std::string>{}(row.id) % static_cast<std::uint64_t>(pause / 4 + 1));
  return pause + spread;
}

}  // namespace claviger::storage
