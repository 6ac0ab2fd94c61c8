// SipDatabase: this process's SIP database (HSS) with its authentication centre, one a tenant: what every shard has at hand
// of its subscribers, the clock of their sequence numbers, turns.
//
// One per process, made by Broker after the Contexts; stopped before the shards end. shard() is of the calling shard.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/authenticators/subscriber_vectors.h"
#include "broker/subscriber/sequence_clock.h"
#include "broker/subscriber/server_notices.h"
#include "broker/subscriber/subscriber_cache.h"
#include "core/base/counter.h"
#include "core/base/result.h"
#include "core/crypto/random.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::subscriber {

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

// Written by its shard, read by any.
struct SubscriberFigures {
  Counter vectors;                     // that were made
  Counter resynchronisations;          // that were right
  Counter resynchronisations_ignored;  // more of one subscriber than he can need
  Counter refused;                     // requests for vectors
  Counter cache_misses;
};

struct SubscriberShard {
  SubscriberShard(runtime::Shard& shard, std::size_t entries_max) : cache(entries_max), turns(shard) {}
  SubscriberCache cache;
  runtime::Turns turns;
  crypto::RandomPool random;
  SubscriberFigures figures;
};

class SipDatabase final : public identity::SubscriberVectors {
 public:
  explicit SipDatabase(Contexts& contexts, std::size_t cached_max = kCachedSubscribersMax);
  SipDatabase(const SipDatabase&) = delete;
  SipDatabase& operator=(const SipDatabase&) = delete;
  ~SipDatabase() override;

  // On the home shard (0).
  runtime::Task<Result<Unit>> start();
  void stop();

  // Before requests come; null, as at first: S-CSCFs hear of nothing.
  void use_notices(ServerNotices* notices) { notices_ = notices; }
  ServerNotices* notices() { return notices_; }
  SequenceClock& clock() { return clock_; }
  // Any shard: counts subscribers that were changed or removed, before whoever did it is answered.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // On his home: the record has changed, or may have.
  void forget_subscriber(const std::string& key) {
    generation_.fetch_add(1, std::memory_order_acq_rel);
    shard().cache.erase(key);
  }
  SubscriberShard& shard();
  SubscriberShard& shard(std::size_t index) { return *shards_[index]; }
  Contexts& contexts() { return contexts_; }
  broker::Context& here();
  // On any shard: he is not disabled, and neither is his tenant. Whoever is not served may still leave.
  bool serves(std::string_view tenant, const Subscriber& subscriber);
  // The home of a subscriber, by his canonical private identity.
  runtime::Shard& home_of(std::string_view tenant, std::string_view private_identity);

  // For SIM-based sign-in at the IdMS: a serving domain of its own.
  runtime::Task<Result<identity::SubscriberVector>> next(std::string tenant, std::string private_identity,
                                                         SecretBytes resynchronisation) override;

 private:
  Contexts& contexts_;
  SequenceClock clock_;
  ServerNotices* notices_ = nullptr;
  std::atomic<std::uint64_t> generation_{0};
  std::vector<std::unique_ptr<SubscriberShard>> shards_;
};

}  // namespace claviger::subscriber
