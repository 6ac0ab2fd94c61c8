// A request under way to a peer: ours, or one that is passed on; and the pool of them.
//
// Belongs to the shard where the request arrived or was made, whichever shard's connection carries it. Taken from a pool
// whose memory grows to the largest number ever under way and stays.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/diameter/answer_cache.h"
#include "core/diameter/peer_table.h"
#include "core/diameter/request.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/timer_wheel.h"

namespace claviger::diameter {

// Of one shard: an outage of a region that takes two seconds to fail over, at 100 000 requests a second.
inline constexpr std::size_t kTransactionsMax = 256 * 1024;

struct Transaction {
  Transaction() : timer(&Transaction::fire, this) {}

  NodeShard* shard = nullptr;
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  bool is_used = false;
  std::uint32_t next_free = 0;
  std::uint64_t id() const { return static_cast<std::uint64_t>(generation) << 32U | index; }

  Slice original;  // as it arrived; empty: our own
  Slice sent;      // as it goes to the peer
  Slice names;     // destination: host, then realm
  std::size_t host_size = 0;
  Monotonic deadline;
  Milliseconds attempt{0};
  std::uint32_t application = 0;
  std::uint32_t command = 0;

  std::uint64_t downstream = 0;  // the connection it came by; 0: our own
  const PeerEntry* from = nullptr;
  std::uint32_t down_hop_by_hop = 0;
  std::uint32_t down_end_to_end = 0;
  bool remembers = false;  // the answer goes into the cache
  AnswerCache::Name name;  // under which
  Returning* returning = nullptr;
  ForwardState state;
  std::optional<runtime::Completer<Result<Message>>> completer;

  PeerEntry* peer = nullptr;  // asked now
  PeerEntry* tried = nullptr;
  std::uint32_t hop_by_hop = 0;
  unsigned attempts = 0;
  unsigned attempts_max = 2;
  runtime::Timer timer;

 private:
  static void fire(void* self);
};

class TransactionPool {
 public:
  explicit TransactionPool(NodeShard& shard) : shard_(shard) {}
  // Null when kTransactionsMax are under way.
  Transaction* take();
  void release(Transaction& transaction);
  Transaction* find(std::uint64_t id);
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kChunk = 256;
  static constexpr std::uint32_t kNone = 0xffffffff;
  NodeShard& shard_;
  std::vector<std::unique_ptr<Transaction[]>> chunks_;
  std::uint32_t free_ = kNone;
  std::size_t size_ = 0;
};

}  // namespace claviger::diameter
