// A row of the outbox whose work needs a peer's answer: it waits a while, and a slower answer is found when the outbox comes
// back to the row. The work itself goes on; it notes what was heard, so that nothing is asked or told twice for slowness.
//
// On shard 0, where the outbox runs: each row that waits takes one of its places.
#pragma once

#include <type_traits>
#include <utility>

#include "core/runtime/call.h"

namespace claviger::registration {

// Far below Timer F (RFC 3261 clause 17.1.2.2): a peer that is gone does not hold up the rows of others.
inline constexpr Milliseconds kPeerWaitMax{2000};

// As runtime::call_on(). DeadlinePassed: no answer yet.
template <typename Start>
std::invoke_result_t<Start&> wait_for_peer(runtime::Shard* home, Start start) {
  using R = typename runtime::detail::TaskValue<std::invoke_result_t<Start&>>::type;
  auto sent = runtime::detail::send_call<R>(*home, std::move(start));
  if (!sent) co_return sent.error();
  runtime::OneShot<R> waiter = *std::move(sent);
  auto answer = co_await waiter.until(runtime::Shard::current().now() + kPeerWaitMax);
  if (!answer) co_return Error{Code::DeadlinePassed, "registration.answer"};
  co_return *std::move(answer);
}

}  // namespace claviger::registration
