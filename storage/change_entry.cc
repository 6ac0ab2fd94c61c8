#include "storage/change_entry.h"

#include "core/base/bytes.h"

namespace claviger::storage {

std::string change_key(std::string_view table, std::uint64_t sequence, std::uint32_t index) {
  std::string key(table.size() + 13, '\0');
  table.copy(key.data(), table.size());
  const MutableBytes bytes = std::as_writable_bytes(std::span(key)).subspan(table.size() + 1);
  store_be(bytes, sequence);
  store_be(bytes.subspan(8), index);
  return key;
}

std::string change_keys_end(std::string_view table) {
  std::string key(table);
  key += '\1';
  return key;
}

Result<Change> decode_change(std::string_view table, std::string_view key, std::string_view payload) {
  if (key.size() != table.size() + 13 || payload.empty()) return Error{Code::Corrupt, "store.change"};
  if (payload[0] != kChangePut && payload[0] != kChangeErased) return Error{Code::Corrupt, "store.change"};
  Change change;
  change.sequence = load_be<std::uint64_t>(as_bytes(key).subspan(table.size() + 1));
  change.key = std::string(payload.substr(1));
  change.is_erased = payload[0] == kChangeErased;
  return change;
}

}  // namespace claviger::storage
