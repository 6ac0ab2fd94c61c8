// Runs one task on a shard driven by the test's own thread.
#pragma once

#include <optional>
#include <utility>

#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::storage {

template <typename T>
runtime::Task<void> keep_result(runtime::Task<T> task, std::optional<T>* out) {
  T value = co_await std::move(task);
  out->emplace(std::move(value));
}

inline runtime::Task<void> note_end(runtime::Task<void> task, bool* is_ended) {
  co_await std::move(task);
  *is_ended = true;
}

// Runs turns until the task has ended.
template <typename T>
T run_task(runtime::Shard& shard, runtime::Task<T> task) {
  std::optional<T> out;
  // In the second turn: the first one may still hold the time it read before the test set the clock.
  shard.run_until([&, turn = 0, waiting = std::optional<runtime::Task<T>>(std::move(task))]() mutable {
    if (turn++ == 1) shard.scope().spawn(keep_result(*std::exchange(waiting, std::nullopt), &out));
    return out.has_value();
  });
  return *std::move(out);
}

}  // namespace claviger::storage
