// ReplayGuard: a signed request is served once (spec 11 row 10): the interface has no nonce, so requests are remembered for as
// long as their Time lets them in.
//
// All of them are in memory, eight octets each, so that a second one is known without asking the store; what a turn of a
// shard serves is made durable together, in one record and one transaction, before any of its answers leaves. After a crash
// the records are read again at start.
//
// Nothing in force is ever forgotten to make room: a full table refuses until some are over. Whoever signs in a loop gets no
// more than half of it, then as many as kUserMarksMax says: the other half is for those who ask now and then. Whose a
// request is counts from the start on; the records do not tell.
//
// Record of tables::kKmsRequests: key %x00 process shard number (8, 4, 8 octets; the process's is random), value
//   %x01 *(time fingerprint)   ; 8OCTET each, big-endian
// Those of earlier versions, one a request, are understood: tenant %x00 time hash, nothing in the value.
//
// One per process, held by Kms; remember() on any shard.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/crypto/digest.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/task.h"

namespace claviger::keys {

// Longer than a request can be inside the window of its Time: nobody replays one that we have forgotten.
inline constexpr Seconds kReplayMemory{1200};

struct ReplayMark {
  std::int64_t time = 0;          // the request's own
  std::uint64_t fingerprint = 0;  // of whose it is and its signature's digest: nobody can aim at another's
  std::uint32_t user = 0;         // whose, in this process; 0: not known, read from a record
};
ReplayMark replay_mark(std::int64_t time, std::string_view tenant, std::string_view key_name, std::string_view user_uri,
                       const crypto::Sha256Digest& digest);

class ReplayGuard : public std::enable_shared_from_this<ReplayGuard> {
 public:
  // Twice what a country of ten million sends in the time of kReplayMemory: half a gigabyte with whose they are.
  static constexpr std::size_t kMarksMax = 16U << 20U;
  // Of one user and one bucket's time when the table is half full: two a second. A device asks a few times a day.
  static constexpr std::uint32_t kUserMarksMax = 256;

  // `marks_max`: kMarksMax but for tests.
  static Result<std::shared_ptr<ReplayGuard>> make(std::size_t shards, std::size_t marks_max = kMarksMax);

  // Before the first request: what was served before the restart, though it be more than the table would take by now.
  // Overload with twice as many: then nobody is served, for what is not known could be replayed.
  runtime::Task<Result<Unit>> load(broker::Context* context);
  // Durable when it returns. RequestReplayed; Overload with a full table, or half a one and too many of that user; what
  // the store says, and then it was not served.
  runtime::Task<Result<Unit>> remember(broker::Context* context, ReplayMark mark);
  std::size_t size() const { return count_.load(std::memory_order_relaxed); }

 private:
  // Marks of a time lie together, and go together.
  static constexpr std::int64_t kBucketSeconds = 128;
  static constexpr std::size_t kStripes = 16;
  struct Bucket {
    absl::flat_hash_set<std::uint64_t> fingerprints;           // of this stripe
    absl::flat_hash_map<std::uint32_t, std::uint32_t> counts;  // by users of this stripe, their marks in all stripes
  };
  struct Stripe {
    std::mutex mutex;
    std::map<std::int64_t, Bucket> buckets;
  };
  using Completer = runtime::Completer<Result<Unit>>;
  // What one shard has to make durable at the end of its turn.
  struct Lane {
    std::vector<ReplayMark> marks;
    std::vector<Completer> waiting;
    std::uint64_t number = 0;  // of the next record
  };

  ReplayGuard(std::size_t shards, std::uint64_t process, std::size_t marks_max)
      : process_(process), marks_max_(marks_max), lanes_(shards) {}
  Stripe& stripe_of(std::uint64_t hash) { return stripes_[hash % kStripes]; }
  void evict(Stripe& stripe, std::int64_t now);
  bool take_place(std::size_t marks_max, std::int64_t now);
  bool take_share(const ReplayMark& mark);
  void give_share_back(const ReplayMark& mark);
  Result<Unit> add(const ReplayMark& mark, std::size_t marks_max, std::int64_t now);
  void remove(const ReplayMark& mark);
  Result<Unit> add_former(const ReplayMark& mark, std::int64_t now);
  Result<Unit> read_record(std::string_view key, std::string_view value, std::int64_t now);
  void hand_over(broker::Context& context);
  static runtime::Task<void> commit(std::shared_ptr<ReplayGuard> self, broker::Context* context, std::string key,
                                    std::vector<ReplayMark> marks, std::vector<Completer> waiting);

  const std::uint64_t process_;
  const std::size_t marks_max_;
  std::vector<Lane> lanes_;  // by shard, each touched there alone
  std::array<Stripe, kStripes> stripes_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace claviger::keys
