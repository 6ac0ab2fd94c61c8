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
#include <string_view>
#include <unordered_map>

#include "broker/subscriber/subscriber.h"
#include "core/base/assert.h"
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
  CachedSubscriber(Subscriber record, aka::SubscriberKey opened)
      : subscriber(std::move(record)), key(std::move(opened)), numbers(subscriber.sequence.offset) {}

  Subscriber subscriber;  // without the sealed key
  aka::SubscriberKey key;
  Numbers numbers;
  ResynchronisationThrottle resynchronisations;
};

class SubscriberCache {
 public:
  explicit SubscriberCache(std::size_t entries_max) : entries_max_(entries_max) { CLAVIGER_ASSERT(entries_max > 0); }
  SubscriberCache(const SubscriberCache&) = delete;
  SubscriberCache& operator=(const SubscriberCache&) = delete;

  // By the record's key; null when absent. Does not survive an insert(), nor a co_await.
  CachedSubscriber* find(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    Entry& entry = *found->second;
    unlink(entry);
    link(entry);
    return &entry.cached;
  }
  CachedSubscriber& insert(std::string key, CachedSubscriber cached) {
    erase(key);
    while (index_.size() >= entries_max_) erase(oldest_->key);
    auto made = std::make_unique<Entry>(std::move(key), std::move(cached));
    Entry& entry = *made;
    index_.emplace(entry.key, std::move(made));
    link(entry);
    return entry.cached;
  }
  void erase(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    Entry& entry = *found->second;
    highest_forgotten_ = std::max(highest_forgotten_, entry.cached.numbers.last());
    unlink(entry);
    index_.erase(found);
  }
  std::size_t size() const { return index_.size(); }
  // No tick up to this one is given to anybody whose own last one is not known.
  Tick highest_forgotten() const { return highest_forgotten_; }

 private:
  // Its key stands once, and the index looks at it there: of ten million subscribers most that come in push another one out.
  struct Entry {
    Entry(std::string its_key, CachedSubscriber made) : key(std::move(its_key)), cached(std::move(made)) {}
    const std::string key;
    CachedSubscriber cached;
    Entry* newer = nullptr;
    Entry* older = nullptr;
  };
  void link(Entry& entry) {
    entry.newer = nullptr;
    entry.older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = &entry;
    newest_ = &entry;
  }
  void unlink(Entry& entry) {
    (entry.newer == nullptr ? newest_ : entry.newer->older) = entry.older;
    (entry.older == nullptr ? oldest_ : entry.older->newer) = entry.newer;
  }

  std::size_t entries_max_;
  Tick highest_forgotten_ = 0;
  Entry* newest_ = nullptr;
  Entry* oldest_ = nullptr;
  std::unordered_map<std::string_view, std::unique_ptr<Entry>> index_;
};

}  // namespace claviger::subscriber
