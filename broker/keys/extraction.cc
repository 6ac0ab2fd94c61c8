#include "broker/keys/extraction.h"

namespace claviger::keys {

using runtime::Task;

Result<runtime::OneShot<Result<KeyRecord>>> Extraction::enqueue(KeysWanted wanted, std::int64_t now) {
  runtime::OneShotPair<Result<KeyRecord>> pair;
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() >= kExtractionQueueMax) return Error{Code::Overload, kFull};
  if (drains_ < pool_.threads()) {
    // It comes to the queue when we have left it.
    if (!pool_.submit([this] { drain(); })) return Error{Code::Overload, kFull};
    ++drains_;
  }
  waiting_.push_back({std::move(wanted), now, std::move(pair.completer), &runtime::Shard::current()});
  count_.store(waiting_.size(), std::memory_order_relaxed);
  return std::move(pair.waiter);
}

Task<Result<KeyRecord>> Extraction::make(KeysWanted wanted, std::int64_t now) {
  auto queued = enqueue(std::move(wanted), now);
  if (!queued) co_return queued.error();
  runtime::OneShot<Result<KeyRecord>> waiter = *std::move(queued);
  auto made = co_await waiter;
  co_return made;
}

std::deque<Extraction::Waiting> Extraction::take_batch() {
  std::deque<Waiting> batch;
  const std::scoped_lock lock(mutex_);
  while (!waiting_.empty() && batch.size() < kBatchMax) {
    Waiting& next = waiting_.front();
    const bool is_other = !batch.empty() && next.wanted.domain != batch.front().wanted.domain;
    if (is_other) break;
    if (!next.completer.is_abandoned()) batch.push_back(std::move(next));
    waiting_.pop_front();
  }
  count_.store(waiting_.size(), std::memory_order_relaxed);
  if (batch.empty()) --drains_;
  return batch;
}

std::uint32_t Extraction::room_a_second() const {
  return pace_.a_second() * static_cast<std::uint32_t>(pool_.threads());
}

Result<KeyRecord> Extraction::make_one(const KeysWanted& wanted, std::int64_t now) {
  CLAVIGER_TRY(made, make_key_records(sealer_, {wanted}, now));
  return std::move(made.front());
}

void Extraction::drain() {
  do {
    std::deque<Waiting> batch = take_batch();
    if (batch.empty()) return;
    std::vector<KeysWanted> wanted;
    for (const Waiting& each : batch) wanted.push_back(each.wanted);
    const auto begun = std::chrono::steady_clock::now();
    auto made = make_key_records(sealer_, wanted, batch.front().now);
    const bool is_full_batch = batch.size() >= kBatchMax / 2;  // a smaller one says nothing of a queue
    if (is_full_batch) pace_.note(batch.size(), std::chrono::steady_clock::now() - begun);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      // One that cannot be made does not take the others with it.
      Result<KeyRecord> one = made ? Result<KeyRecord>(std::move((*made)[i])) : make_one(wanted[i], batch[i].now);
      batch[i].shard->mailbox().post_control(
          [one = std::move(one), completer = std::move(batch[i].completer)]() mutable {
            completer.complete(std::move(one));
          });
    }
    // Behind what else waits for the pool, or a storm would keep I_MESSAGEs from being opened. No room there: at once.
  } while (!pool_.submit([this] { drain(); }));
}

}  // namespace claviger::keys
