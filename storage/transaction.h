// A transaction: expectations, puts and deletes that become durable together or not at all.
//
// Built on a shard, moved into Store::commit; owns all its bytes (they cross to the commit writer's thread).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "storage/table.h"

namespace claviger::storage {

class Transaction {
 public:
  // Largest transaction: an import batch of some thousand users with their index rows.
  static constexpr std::size_t kOperationsMax = 65'536;

  void expect_absent(TableId table, std::string_view key) { expect_version(table, key, 0); }
  void expect_version(TableId table, std::string_view key, std::uint64_t version) {
    expectations_.push_back({table, std::string(key), version});
  }
  // `expires_at`: NumericDate from which the record is absent; 0 never.
  void put(TableId table, std::string_view key, Bytes value, std::int64_t expires_at = 0) {
    writes_.push_back({table, std::string(key), std::string(as_text(value)), expires_at, false});
  }
  void erase(TableId table, std::string_view key) { writes_.push_back({table, std::string(key), {}, 0, true}); }

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
  std::vector<Write>& writes() { return writes_; }
  const std::vector<Write>& writes() const { return writes_; }
  bool empty() const { return expectations_.empty() && writes_.empty(); }

 private:
  std::vector<Expectation> expectations_;
  std::vector<Write> writes_;
};

}  // namespace claviger::storage
