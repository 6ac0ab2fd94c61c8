// BindingCache: the bindings that one shard was asked for lately, so that a relayed request reads no record.
//
// Its shard's alone. Whoever changes a binding tells every shard before he answers (Migration::publish_bindings). What
// was read from the store while a change was on its way is not kept: generation() before the read says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/migration/binding.h"

namespace claviger::migration {

class BindingCache {
 public:
  // About 800 octets each. A region's migrants are some ten thousand on one shard; beyond, any of them makes room.
  static constexpr std::size_t kBindingsMax = 100'000;

  // By the record's key; null: not here. Allocates nothing.
  BindingRef find(std::string_view key) const {
    const auto found = bindings_.find(key);
    return found == bindings_.end() ? nullptr : found->second;
  }
  std::uint64_t generation() const { return generation_; }
  // `generation`: as it was before the record was read. False: something has changed since, read again.
  bool keep(std::string key, BindingRef binding, std::uint64_t generation) {
    if (generation != generation_) return false;
    if (bindings_.size() >= kBindingsMax) bindings_.erase(bindings_.begin());
    bindings_.insert_or_assign(std::move(key), std::move(binding));
    return true;
  }
  void forget(std::string_view key) {
    ++generation_;
    if (const auto found = bindings_.find(key); found != bindings_.end()) bindings_.erase(found);
  }
  void forget_all() {
    ++generation_;
    bindings_.clear();
  }
  std::size_t size() const { return bindings_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  std::unordered_map<std::string, BindingRef, Hash, std::equal_to<>> bindings_;
  std::uint64_t generation_ = 0;
};

}  // namespace claviger::migration
