#include "core/diameter/transaction.h"

#include "core/diameter/node_shard.h"

namespace claviger::diameter {

void Transaction::fire(void* self) {
  auto* transaction = static_cast<Transaction*>(self);
  transaction->shard->timed_out(*transaction);
}

Transaction* TransactionPool::take() {
  if (free_ == kNone) {
    if (chunks_.size() * kChunk >= kTransactionsMax) return nullptr;
    chunks_.push_back(std::make_unique<Transaction[]>(kChunk));
    const std::size_t first = (chunks_.size() - 1) * kChunk;
    for (std::size_t i = kChunk; i-- > 0;) {
      Transaction& made = chunks_.back()[i];
      made.shard = &shard_;
      made.index = static_cast<std::uint32_t>(first + i);
      made.next_free = free_;
      free_ = made.index;
    }
  }
  Transaction& taken = chunks_[free_ / kChunk][free_ % kChunk];
  free_ = taken.next_free;
  taken.is_used = true;
  ++size_;
  return &taken;
}

void TransactionPool::release(Transaction& transaction) {
  transaction.timer.stop();
  transaction.is_used = false;
  ++transaction.generation;
  transaction.original = Slice();
  transaction.sent = Slice();
  transaction.names = Slice();
  transaction.completer.reset();
  transaction.returning = nullptr;
  transaction.peer = nullptr;
  transaction.tried = nullptr;
  transaction.from = nullptr;
  transaction.downstream = 0;
  transaction.remembers = false;
  transaction.attempts = 0;
  transaction.next_free = free_;
  free_ = transaction.index;
  --size_;
}

Transaction* TransactionPool::find(std::uint64_t id) {
  const auto index = static_cast<std::uint32_t>(id);
  if (index / kChunk >= chunks_.size()) return nullptr;
  Transaction& found = chunks_[index / kChunk][index % kChunk];
  return found.is_used && found.generation == id >> 32U ? &found : nullptr;
}

}  // namespace claviger::diameter
