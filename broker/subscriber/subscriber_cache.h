// What one shard has at hand of the subscribers that are at home there: keys opened, numbers, who serves them.
//
// A vector then costs no read and no unsealing. Bounded: who was asked for longest ago goes, and his keys are wiped. His
// last number is not forgotten with him: nobody who is loaded from then on gets one below it. Its shard's alone.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

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
  CachedSubscriber(Subscriber&& record, aka::SubscriberKey&& opened)
      : subscriber(std::move(record)), key(std::move(opened)), numbers(subscriber.sequence.offset) {}

  Subscriber subscriber;  // without the sealed key
  aka::SubscriberKey key;
  Numbers numbers;
  ResynchronisationThrottle resynchronisations;
};

// An index of its own: of ten million subscribers most that come in push another one out, which is one look, one chain, and the
// other one's memory taken over.
class SubscriberCache {
 public:
  explicit SubscriberCache(std::size_t entries_max) : entries_max_(entries_max) { CLAVIGER_ASSERT(entries_max > 0); }
  SubscriberCache(const SubscriberCache&) = delete;
  SubscriberCache& operator=(const SubscriberCache&) = delete;
  ~SubscriberCache() {
    while (oldest_ != nullptr) delete take_out(*oldest_);
  }

  // By the record's key; null when absent. Does not survive an insert(), nor a co_await.
  CachedSubscriber* find(std::string_view key) {
    Entry* const found = look(key, hash_of(key));
    if (found == nullptr) return nullptr;
    unlink(*found);
    link(*found);
    return &found->cached;
  }
  CachedSubscriber& insert(std::string&& key, CachedSubscriber&& cached) {
    if (!buckets_) make_buckets();
    const std::size_t hash = hash_of(key);
    Entry* entry = nullptr;
    if (Entry* const known = look(key, hash)) {
      entry = take_out(*known);
    } else if (size_ == entries_max_) {
      entry = take_out(*oldest_);
    }
    if (entry == nullptr) {
      entry = new Entry(std::move(key), std::move(cached));
    } else {
      entry->key = std::move(key);
      entry->cached = std::move(cached);
    }
    entry->hash = hash;
    Entry*& bucket = bucket_of(hash);
    entry->next = bucket;
    bucket = entry;
    link(*entry);
    ++size_;
    return entry->cached;
  }
  void erase(std::string_view key) {
    if (Entry* const found = look(key, hash_of(key))) delete take_out(*found);
  }
  std::size_t size() const { return size_; }
  // No tick up to this one is given to anybody whose own last one is not known.
  Tick highest_forgotten() const { return highest_forgotten_; }

 private:
  struct Entry {
    Entry(std::string&& its_key, CachedSubscriber&& made) : key(std::move(its_key)), cached(std::move(made)) {}
    std::string key;
    CachedSubscriber cached;
    std::size_t hash = 0;
    Entry* next = nullptr;  // of its bucket
    Entry* newer = nullptr;
    Entry* older = nullptr;
  };
  static std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>()(key); }
  Entry*& bucket_of(std::size_t hash) { return buckets_.get()[hash & (bucket_count_ - 1)]; }
  // Once, of its full size, below one entry in each: 8 octets beside an entry's 800. The system's zeros, which nobody writes in
  // a turn of the shard: at ten million entries that would take it some 50 ms.
  void make_buckets() {
    bucket_count_ = std::bit_ceil(entries_max_);
    buckets_.reset(static_cast<Entry**>(std::calloc(bucket_count_, sizeof(Entry*))));
    if (!buckets_) throw std::bad_alloc();
  }
  Entry* look(std::string_view key, std::size_t hash) {
    if (!buckets_) return nullptr;
    for (Entry* entry = bucket_of(hash); entry != nullptr; entry = entry->next) {
      if (entry->hash == hash && entry->key == key) return entry;
    }
    return nullptr;
  }
  // His number is not forgotten with him. The caller's, to be used again or deleted.
  Entry* take_out(Entry& entry) {
    highest_forgotten_ = std::max(highest_forgotten_, entry.cached.numbers.last());
    Entry** at = &bucket_of(entry.hash);
    while (*at != &entry) at = &(*at)->next;
    *at = entry.next;
    unlink(entry);
    --size_;
    return &entry;
  }
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
  std::size_t size_ = 0;
  Tick highest_forgotten_ = 0;
  Entry* newest_ = nullptr;
  Entry* oldest_ = nullptr;
  struct Free {
    void operator()(Entry** memory) const { std::free(memory); }
  };
  std::unique_ptr<Entry*, Free> buckets_;
  std::size_t bucket_count_ = 0;  // a power of two
};

}  // namespace claviger::subscriber
