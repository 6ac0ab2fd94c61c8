// A map of bounded size that forgets what was used longest ago.
//
// One shard. Pointers to values stay valid until their entry is erased or forgotten, which an insert() may do: they do
// not survive one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

#include "core/base/assert.h"

namespace claviger::identity {

template <typename Key, typename Value, typename Hash = std::hash<Key>>
class RecentMap {
 public:
  explicit RecentMap(std::size_t entries_max) : entries_max_(entries_max) { CLAVIGER_ASSERT(entries_max > 0); }

  // Null when absent; the entry counts as used. Allocates nothing.
  Value* find(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }
  // Replaces what was there; the oldest entries go when the map is full.
  Value& insert(const Key& key, Value value) {
    erase(key);
    while (index_.size() >= entries_max_) {
      index_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key, std::move(value));
    index_.emplace(key, order_.begin());
    return order_.front().second;
  }
  void erase(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    order_.erase(found->second);
    index_.erase(found);
  }
  // A lower bound takes effect with the next insert().
  void set_entries_max(std::size_t entries_max) { entries_max_ = std::max<std::size_t>(entries_max, 1); }
  std::size_t size() const { return index_.size(); }

 private:
  using Order = std::list<std::pair<Key, Value>>;
  std::size_t entries_max_;
  Order order_;  // the most recently used first
  std::unordered_map<Key, typename Order::iterator, Hash> index_;
};

}  // namespace claviger::identity
