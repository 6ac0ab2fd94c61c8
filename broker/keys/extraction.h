// Keys that users wait for, extracted in order of arrival: those who come while the cores are busy are served together,
// for a batch costs a fraction of so many single ones (core/crypto/mikey/rsk_extractor.h).
//
// One per process, owned by Kms; its threads are Kms's pool. make() is called on any shard.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>

#include "broker/keys/appointments.h"
#include "broker/keys/issue_procedure.h"
#include "core/base/result.h"
#include "core/runtime/offload.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/task.h"
#include "storage/sealing.h"

namespace claviger::keys {

class Extraction {
 public:
  // Some 10 ms of a core: more would not be cheaper, and the first of a batch waits for its last.
  static constexpr std::size_t kBatchMax = 64;

  Extraction(storage::Sealer& sealer, runtime::OffloadPool& pool) : sealer_(sealer), pool_(pool) {}
  Extraction(const Extraction&) = delete;
  Extraction& operator=(const Extraction&) = delete;

  // Of the errors' places: more wait than may.
  static constexpr std::string_view kFull = "kms.extraction";

  // More wait than the next batch takes: what nobody needs at once is better left.
  bool is_busy() const { return waiting() >= kBatchMax; }
  // make() would refuse.
  bool is_full() const { return waiting() >= kExtractionQueueMax; }
  // For whoever is refused now: when to come again. `now`: seconds of the wall clock.
  std::int64_t retry_after_seconds(std::string_view who, std::int64_t now) {
    return appointments_.give(who, now, room_a_second());
  }
  // The record, sealed, not yet stored. Overload: kExtractionQueueMax wait already, or the pool is closed; and what
  // make_key_records() says.
  runtime::Task<Result<KeyRecord>> make(KeysWanted wanted, std::int64_t now);

 private:
  struct Waiting {
    KeysWanted wanted;
    std::int64_t now;
    runtime::Completer<Result<KeyRecord>> completer;
    runtime::Shard* shard;
  };
  Result<runtime::OneShot<Result<KeyRecord>>> enqueue(KeysWanted wanted, std::int64_t now);
  // In the pool, until nobody waits.
  void drain();
  std::size_t waiting() const { return count_.load(std::memory_order_relaxed); }
  Result<KeyRecord> make_one(const KeysWanted& wanted, std::int64_t now);
  std::uint32_t room_a_second() const;
  // From the front, all of one domain; those who went away are dropped.
  std::deque<Waiting> take_batch();

  storage::Sealer& sealer_;
  runtime::OffloadPool& pool_;
  std::mutex mutex_;
  std::deque<Waiting> waiting_;
  std::size_t drains_ = 0;             // jobs in the pool
  std::atomic<std::size_t> count_{0};  // of waiting_, for whoever does not have the lock
  Appointments appointments_;
  Pace pace_;  // of one thread
};

}  // namespace claviger::keys
