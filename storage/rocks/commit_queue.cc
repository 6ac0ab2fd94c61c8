#include "storage/rocks/commit_queue.h"

namespace claviger::storage::rocks {

CommitQueue::CommitQueue(std::size_t shards, std::size_t count_max, std::size_t bytes_max)
    : count_max_(count_max), bytes_max_(bytes_max) {
  for (std::size_t i = 0; i < shards; ++i) lanes_.push_back(std::make_unique<Lane>(this));
}

// Bytes and what the containers around them take.
std::size_t CommitQueue::charge(const Transaction& transaction) {
  return sizeof(CommitRequest) + transaction.byte_size() +
         transaction.expectations().size() * sizeof(Transaction::Expectation) +
         transaction.writes().size() * sizeof(Transaction::Write);
}

Result<runtime::OneShot<Result<Committed>>> CommitQueue::submit(Transaction transaction) {
  if (is_closed_.load(std::memory_order_relaxed)) return Error{Code::Closed, "store.commit"};
  if (count_.fetch_add(1, std::memory_order_relaxed) >= count_max_) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    return Error{Code::Overload, "store.queue"};
  }
  const std::size_t bytes = charge(transaction);
  // One that is alone always fits: the largest transaction may be larger than a small queue.
  const std::size_t before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before != 0 && before + bytes > bytes_max_) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    count_.fetch_sub(1, std::memory_order_relaxed);
    return Error{Code::Overload, "store.queue_bytes"};
  }
  Shard& shard = Shard::current();
  Lane& lane = *lanes_[shard.index()];
  runtime::OneShotPair<Result<Committed>> pair;
  lane.requests.push_back({std::move(transaction), std::move(pair.completer), &shard});
  shard.at_turn_end(lane.at_turn_end);
  return std::move(pair.waiter);
}

void CommitQueue::Lane::hand_over(void* self) {
  auto* lane = static_cast<Lane*>(self);
  lane->queue->push(lane->requests);
}

void CommitQueue::push(std::vector<CommitRequest>& requests) {
  bool was_empty = false;
  {
    const std::scoped_lock lock(mutex_);
    was_empty = waiting_.empty();
    if (was_empty) {
      waiting_.swap(requests);
    } else {
      for (CommitRequest& request : requests) waiting_.push_back(std::move(request));
    }
  }
  requests.clear();
  if (was_empty) ready_.notify_one();
}

bool CommitQueue::take(std::vector<CommitRequest>& out, std::optional<Milliseconds> wait_max) {
  out.clear();
  std::unique_lock lock(mutex_);
  const auto is_ready = [this] { return !waiting_.empty() || is_closed_.load(std::memory_order_relaxed); };
  if (wait_max) {
    ready_.wait_for(lock, *wait_max, is_ready);
  } else {
    ready_.wait(lock, is_ready);
  }
  out.swap(waiting_);
  return !out.empty() || !is_closed_.load(std::memory_order_relaxed);
}

void CommitQueue::release(const Transaction& transaction) {
  bytes_.fetch_sub(charge(transaction), std::memory_order_relaxed);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

void CommitQueue::close() {
  {
    const std::scoped_lock lock(mutex_);
    is_closed_.store(true, std::memory_order_relaxed);
  }
  ready_.notify_one();
}

}  // namespace claviger::storage::rocks
