#include "broker/registration/answer_first.h"

#include <utility>

#include "core/runtime/call.h"

namespace claviger::registration {

using runtime::Task;

class AnswerFirst::Hold {
 public:
  Hold(std::weak_ptr<AnswerFirst> owner, std::string local_tag)
      : owner_(std::move(owner)), local_tag_(std::move(local_tag)) {}
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() {
    // Gone: the process ends, and nobody waits any more.
    const auto owner = owner_.lock();
    if (owner != nullptr) owner->at_home([owner, tag = std::move(local_tag_)] { owner->remove(tag); });
  }

 private:
  std::weak_ptr<AnswerFirst> owner_;
  std::string local_tag_;
};

// Never refused; what one thread says comes in its order.
void AnswerFirst::at_home(UniqueFunction<void()> what) { home_.mailbox().post_control(std::move(what)); }

std::shared_ptr<const void> AnswerFirst::hold(const std::string& local_tag) {
  if (&home_ == &runtime::Shard::current()) {
    add(local_tag);
  } else {
    // Before the row can be seen: whoever waits passes the same mailbox, and later.
    at_home([owner = shared_from_this(), local_tag] { owner->add(local_tag); });
  }
  return std::make_shared<Hold>(weak_from_this(), local_tag);
}

void AnswerFirst::remove(const std::string& local_tag) {
  const auto found = due_.find(local_tag);
  if (found == due_.end() || --found->second.answers > 0) return;
  std::vector<runtime::Completer<Unit>> waiters = std::move(found->second.waiters);
  due_.erase(found);
  for (auto& waiter : waiters) waiter.complete(Unit{});
}

Task<void> AnswerFirst::wait(std::string local_tag) {
  // Whoever is at home where the outbox is was called without a message: what other shards said before is still to be read.
  runtime::OneShotPair<Unit> read;
  at_home([completer = std::move(read.completer)]() mutable { completer.complete(Unit{}); });
  co_await read.waiter;
  const auto found = due_.find(local_tag);
  if (found == due_.end()) co_return;
  runtime::OneShotPair<Unit> pair;
  found->second.waiters.push_back(std::move(pair.completer));
  // A procedure that does not answer within that has been given up by its asker, with an answer of its own.
  (void)co_await pair.waiter.until(home_.now() + runtime::kCallMax);
}

}  // namespace claviger::registration
