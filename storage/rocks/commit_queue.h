// How transactions get from the shards to the one commit writer, and how much may wait.
//
// What a shard submits in one turn of its loop is handed over at the turn's end, under one lock and with one wake-up:
// the writer then finds all of it and makes it one batch. Bounded by count and by bytes over all shards; at the bound
// submit() refuses at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/runtime/one_shot.h"
#include "core/runtime/shard.h"
#include "storage/store.h"

namespace claviger::storage::rocks {

using runtime::Shard;

struct CommitRequest {
  Transaction transaction;
  runtime::Completer<Result<Committed>> completer;
  Shard* shard;
};

class CommitQueue {
 public:
  CommitQueue(std::size_t shards, std::size_t count_max, std::size_t bytes_max);
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // On a shard. Overload when the queue is full, Closed after close().
  Result<runtime::OneShot<Result<Committed>>> submit(Transaction transaction);
  // The writer: waits until something is there, or for `wait_max` when given; replaces `out`. False: closed and empty.
  bool take(std::vector<CommitRequest>& out, std::optional<Milliseconds> wait_max);
  // The writer has looked at one request that it took: its room is free again.
  void release(const Transaction& transaction);
  void close();
  std::size_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  // What one shard has submitted in the present turn; touched on that shard only.
  struct Lane {
    explicit Lane(CommitQueue* owner) : queue(owner), at_turn_end(&Lane::hand_over, this) {}
    static void hand_over(void* self);
    CommitQueue* queue;
    std::vector<CommitRequest> requests;
    runtime::TurnEndHook at_turn_end;
  };
  static std::size_t charge(const Transaction& transaction);
  void push(std::vector<CommitRequest>& requests);

  std::size_t count_max_;
  std::size_t bytes_max_;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::size_t> bytes_{0};
  std::vector<std::unique_ptr<Lane>> lanes_;  // by shard index
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<CommitRequest> waiting_;
  std::atomic<bool> is_closed_{false};
};

}  // namespace claviger::storage::rocks
