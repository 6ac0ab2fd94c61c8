// A procedure runs at its home shard: call_on() sends it there and waits for its result.
//
// `start` is called on the home shard and returns the procedure's Task; it must own all it carries. The procedure
// belongs to the home shard's scope: when the asker is dropped meanwhile it still runs to its end there, and its result
// is thrown away. A full mailbox is Code::Overload, a home that does not answer in time Code::DeadlinePassed.
#pragma once

#include <type_traits>
#include <utility>

#include "core/base/result.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::runtime {

// Longer than any procedure's own deadlines together (turn 5 s, commit, hash queue).
inline constexpr Seconds kCallMax{20};

namespace detail {

template <typename R>
Task<void> run_and_answer(Task<R> procedure, Completer<R> completer, Shard* asker) {
  R result = co_await std::move(procedure);
  asker->mailbox().post_control([result = std::move(result), completer = std::move(completer)]() mutable {
    completer.complete(std::move(result));
  });
}

template <typename R>
Task<void> run_and_complete(Task<R> procedure, Completer<R> completer) {
  R result = co_await std::move(procedure);
  completer.complete(std::move(result));
}

template <typename R, typename Start>
Result<OneShot<R>> send_call(Shard& home, Start start) {
  OneShotPair<R> pair;
  Shard& asker = Shard::current();
  if (&home == &asker) {
    if (!home.scope().spawn(run_and_complete<R>(start(), std::move(pair.completer))))
      return Error{Code::Closed, "shard"};
    return std::move(pair.waiter);
  }
  Message message([start = std::move(start), completer = std::move(pair.completer), &home, &asker]() mutable {
    home.scope().spawn(run_and_answer<R>(start(), std::move(completer), &asker));
  });
  if (!home.mailbox().post(std::move(message))) return Error{Code::Overload, "shard.mailbox"};
  return std::move(pair.waiter);
}

template <typename T>
struct TaskValue;
template <typename T>
struct TaskValue<Task<T>> {
  using type = T;
};

}  // namespace detail

// Start() must return Task<Result<T>>; so does this. Name the lambda before awaiting.
template <typename Start>
std::invoke_result_t<Start&> call_on(Shard* home, Start start) {
  using R = typename detail::TaskValue<std::invoke_result_t<Start&>>::type;
  auto sent = detail::send_call<R>(*home, std::move(start));
  if (!sent) co_return sent.error();
  OneShot<R> waiter = *std::move(sent);
  auto answer = co_await waiter.until(Shard::current().now() + kCallMax);
  if (!answer) co_return Error{Code::DeadlinePassed, "shard.call"};
  co_return *std::move(answer);
}

}  // namespace claviger::runtime
