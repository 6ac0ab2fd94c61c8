// A transaction: expectations, puts and deletes that become durable together or not at all.
//
// Built on a shard, moved into Store::commit; owns all its bytes (they cross to the commit writer's thread).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "storage/table.h"

namespace claviger::storage {

class Transaction {
 public:
  // Largest transaction: an import batch of some thousand users with their index rows.
  static constexpr std::size_t kOperationsMax = 65'536;
  // Keys are copied into indexes, filters and the change feed.
  static constexpr std::size_t kKeyBytesMax = 1024;
  // Keys and values together: the commit queue and the writer's batch hold a few of these at a time.
  static constexpr std::size_t kBytesMax = 32U << 20U;

  void expect_absent(TableId table, std::string_view key) { expect_version(table, key, 0); }
  void expect_version(TableId table, std::string_view key, std::uint64_t version) {
    expectations_.push_back({table, std::string(key), version});
    count(key.size(), 0);
  }
  // `expires_at`: NumericDate from which the record is absent; 0 never.
  void put(TableId table, std::string_view key, Bytes value, std::int64_t expires_at = 0) {
    writes_.push_back({table, std::string(key), std::string(as_text(value)), expires_at, false});
    count(key.size(), value.size());
  }
  void erase(TableId table, std::string_view key) {
    writes_.push_back({table, std::string(key), {}, 0, true});
    count(key.size(), 0);
  }

  // Everything of `other`, behind what is here.
  void append(Transaction other) {
    for (Expectation& expectation : other.expectations_) expectations_.push_back(std::move(expectation));
    for (Write& write : other.writes_) writes_.push_back(std::move(write));
    byte_size_ += other.byte_size_;
    key_size_max_ = std::max(key_size_max_, other.key_size_max_);
  }

  struct Expectation {
    TableId table;
    std::string key;
    std::uint64_t version;  // 0: absent
  };
  struct Write {
    TableId table;
    std::string key;
    std::string value;
    std::int64_t expires_at;
    bool is_erase;
  };
  const std::vector<Expectation>& expectations() const { return expectations_; }
  const std::vector<Write>& writes() const { return writes_; }
  bool empty() const { return expectations_.empty() && writes_.empty(); }
  std::size_t byte_size() const { return byte_size_; }  // of keys and values
  bool is_too_large() const {
    return expectations_.size() + writes_.size() > kOperationsMax || byte_size_ > kBytesMax ||
           key_size_max_ > kKeyBytesMax;
  }

 private:
  void count(std::size_t key_size, std::size_t value_size) {
    byte_size_ += key_size + value_size;
    key_size_max_ = std::max(key_size_max_, key_size);
  }

  std::vector<Expectation> expectations_;
  std::vector<Write> writes_;
  std::size_t byte_size_ = 0;
  std::size_t key_size_max_ = 0;
};

}  // namespace claviger::storage
