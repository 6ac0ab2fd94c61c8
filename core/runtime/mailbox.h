// How one shard is told something by any thread: a bounded queue with many senders and one reader, and a control lane
// that is never refused.
//
// Ordinary messages are refused when kOrdinaryMax wait: that is overload, and the sender answers it as such. Control
// messages (completions, revocations, snapshots, shutdown) are always taken; each of their senders waits for the
// confirmation before it sends the next, so their number is bounded by the number of senders.
#pragma once

#include <atomic>
#include <cstddef>

#include "core/base/unique_function.h"

namespace claviger::runtime {

using Message = UniqueFunction<void()>;

class Mailbox {
 public:
  // A message is some 100 bytes and a few microseconds of work: 8192 are a queue of some 10 ms.
  static constexpr std::size_t kOrdinaryMax = 8192;
  // Messages handled in one turn before the sockets get theirs.
  static constexpr std::size_t kPerTurnMax = 512;

  // `wake` is called, from the sender's thread, when something is posted while the reader rests.
  explicit Mailbox(UniqueFunction<void()> wake);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  // Any thread. False: refused, the message was not moved from.
  [[nodiscard]] bool post(Message&& message);
  void post_control(Message message);

  // These are the owning shard's only. A message that comes between stay_awake() and rest() wakes nobody: the shard is on its
  // way to drain() anyway, and its sender is spared the system call.
  void stay_awake() { is_awake_.exchange(true, std::memory_order_acq_rel); }
  void drain();
  // Before the shard sleeps. False: it may not, messages wait.
  [[nodiscard]] bool rest();

 private:
  struct Node {
    std::atomic<Node*> next{nullptr};
    Message message;
    bool is_ordinary = false;
  };
  void push(Node* node);
  Node* pop();

  UniqueFunction<void()> wake_;
  std::atomic<bool> is_awake_{false};
  std::atomic<std::size_t> ordinary_{0};
  // Vyukov's MPSC queue: senders exchange head_, the reader follows from tail_.
  alignas(64) std::atomic<Node*> head_;
  alignas(64) Node* tail_;
};

}  // namespace claviger::runtime
