#include "core/runtime/turns.h"

namespace claviger::runtime {

Turn::~Turn() {
  if (turns_ != nullptr) turns_->release(key_);
}

Task<Result<Turn>> Turns::take(std::string key) {
  const auto [line, is_free] = lines_.try_emplace(key);
  if (is_free) co_return Turn(this, std::move(key));
  if (line->second.size() >= kWaitersMax) co_return Error{Code::Overload, "turn.line"};
  OneShotPair<Unit> pair;
  line->second.push_back(std::move(pair.completer));
  const auto mine = co_await pair.waiter.until(shard_.now() + kWaitMax);
  if (!mine) co_return Error{Code::DeadlinePassed, "turn.wait"};
  co_return Turn(this, std::move(key));
}

// A waiter that was dropped between being chosen and being resumed must not keep the turn: the choice is made in the
// deferred call, where choosing and resuming are one step.
void Turns::release(const std::string& key) {
  shard_.defer([this, key] {
    const auto found = lines_.find(key);
    CLAVIGER_ASSERT(found != lines_.end());
    while (!found->second.empty()) {
      Completer<Unit> next = std::move(found->second.front());
      found->second.pop_front();
      if (next.is_abandoned()) continue;
      next.complete(Unit{});
      return;
    }
    lines_.erase(found);
  });
}

}  // namespace claviger::runtime
