// Work that takes more than about 100 us (password hashes, RSK batches, reads that miss the cache) goes off the loop.
//
// One pool may serve all shards; its queue is bounded, and beyond the bound work is refused with Code::Overload at
// once. The result comes back by a control message to the shard that asked; if the asker was dropped meanwhile, it is
// thrown away there.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_function.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::runtime {

class OffloadPool {
 public:
  // `niceness`: how far its threads give way to the shards on the same cores (setpriority(2)); 0: not at all.
  OffloadPool(std::string name, std::size_t threads, std::size_t queue_max, std::vector<int> cpus = {},
              int niceness = 0);
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;
  // Closes it. The shards must outlive it.
  ~OffloadPool() { close(); }

  // Refuses what comes from now on, runs what was accepted, joins.
  void close();

  // Any thread. False: the queue is full.
  [[nodiscard]] bool submit(UniqueFunction<void()> job);
  std::size_t queued() const;
  std::size_t threads() const { return threads_.size(); }

 private:
  void work();

  std::size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<UniqueFunction<void()>> queue_;
  bool is_closing_ = false;
  std::vector<std::thread> threads_;
};

namespace detail {

// What a library throws past everybody who knows it is that work's failure: a pool's thread that lets it out would end the
// process and all that it serves.
template <typename Work, typename Value>
Result<Value> value_of(Work& work) noexcept {
  try {
    return Result<Value>(work());
  } catch (...) {
    return Error{Code::Internal, "offload.exception"};
  }
}

// Not a coroutine: lambdas with captures stay out of coroutine frames.
template <typename Work, typename Value>
Result<OneShot<Result<Value>>> submit_for_value(OffloadPool& pool, Work work) {
  OneShotPair<Result<Value>> pair;
  Shard& shard = Shard::current();
  const bool accepted = pool.submit([work = std::move(work), completer = std::move(pair.completer), &shard]() mutable {
    Result<Value> value = value_of<Work, Value>(work);
    shard.mailbox().post_control([value = std::move(value), completer = std::move(completer)]() mutable {
      completer.complete(std::move(value));
    });
  });
  if (!accepted) return Error{Code::Overload, "offload.queue"};
  return std::move(pair.waiter);
}

}  // namespace detail

// `work` runs on a pool thread and must own all it touches. Name the lambda before awaiting (design rule: g++ 12
// destroys captures of a lambda inside a co_await expression twice). Internal: it threw.
template <typename Work>
Task<Result<std::invoke_result_t<Work&>>> offload(OffloadPool* pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  auto submitted = detail::submit_for_value<Work, Value>(*pool, std::move(work));
  if (!submitted) co_return submitted.error();
  OneShot<Result<Value>> waiter = *std::move(submitted);
  Result<Value> value = co_await waiter;
  co_return value;
}

}  // namespace claviger::runtime
