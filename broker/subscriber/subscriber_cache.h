// What one shard has at hand of the subscribers that are at home there: keys opened, numbers, who serves them.
//
// A vector then costs no read and no unsealing. Bounded: who was asked for longest ago goes, and his keys are wiped. His
// last number is not forgotten with him: nobody who is loaded from then on gets one below it. Its shard's alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/identity/recent_map.h"
#include "broker/subscriber/sequence.h"
#include "broker/subscriber/server_state.h"
#include "broker/subscriber/subscriber.h"
#include "core/base/clock.h"

namespace claviger::subscriber {

// Of the process, some 800 octets each: 100 MiB when full.
inline constexpr std::size_t kCachedSubscribersMax = 131'072;

// Calls for resynchronisation of one subscriber: more than a few at once are a replay, or a broken module.
class ResynchronisationThrottle {
 public:
  static constexpr std::size_t kFree = 3;
  static constexpr Seconds kWindow{10};

  // Counts one.
  bool admits(Monotonic now) {
    Monotonic& oldest = times_[next_];
    if (is_set_[next_] && now - oldest < kWindow) return false;
    oldest = now;
    is_set_[next_] = true;
    next_ = (next_ + 1) % kFree;
    return true;
  }

 private:
  std::array<Monotonic, kFree> times_{};
  std::array<bool, kFree> is_set_{};
  std::size_t next_ = 0;
};

struct CachedSubscriber {
  CachedSubscriber(Subscriber record, aka::SubscriberKey opened, SequenceRecord numbered, ServerState served)
      : subscriber(std::move(record)),
        key(std::move(opened)),
        sequence(numbered),
        numbers(numbered.offset),
        server(std::move(served)) {}

  Subscriber subscriber;  // without the sealed key
  aka::SubscriberKey key;
  SequenceRecord sequence;
  Numbers numbers;
  ServerState server;
  ResynchronisationThrottle resynchronisations;
};

class SubscriberCache {
 public:
  explicit SubscriberCache(std::size_t entries_max) : entries_(entries_max) {}

  // Null when absent. Does not survive an insert(), nor a co_await.
  CachedSubscriber* find(const std::string& key) {
    const std::unique_ptr<Entry>* entry = entries_.find(key);
    return entry == nullptr ? nullptr : &(*entry)->cached;
  }
  CachedSubscriber& insert(const std::string& key, CachedSubscriber cached) {
    return entries_.insert(key, std::make_unique<Entry>(std::move(cached), &highest_forgotten_))->cached;
  }
  void erase(const std::string& key) { entries_.erase(key); }
  std::size_t size() const { return entries_.size(); }
  // No tick up to this one is given to anybody whose own last one is not known.
  Tick highest_forgotten() const { return highest_forgotten_; }

 private:
  struct Entry {
    Entry(CachedSubscriber made, Tick* forgotten) : cached(std::move(made)), highest_forgotten(forgotten) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { *highest_forgotten = std::max(*highest_forgotten, cached.numbers.last()); }
    CachedSubscriber cached;
    Tick* highest_forgotten;
  };

  Tick highest_forgotten_ = 0;  // before the entries: they write it as they go
  identity::RecentMap<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace claviger::subscriber
