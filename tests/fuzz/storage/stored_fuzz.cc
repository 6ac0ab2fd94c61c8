// What lies in the store is read as its grammar says or refused; what was read is written back the same.
// The first byte chooses: a stored value, an entry of the change feed, a row of an outbox.
#include <string>

#include "storage/change_entry.h"
#include "storage/outbox_row.h"
#include "storage/stored_value.h"

using namespace claviger;
using namespace claviger::storage;

namespace {

void stored_value(std::string_view input) {
  const auto value = decode_stored(as_bytes(input));
  if (!value) return;
  const EncodedHeader header(value->header);
  CLAVIGER_ASSERT(std::string(header.text()) + std::string(as_text(value->payload)) == input);
}

void change_entry(std::string_view input) {
  if (input.empty()) return;
  const std::size_t key_size = static_cast<unsigned char>(input[0]) % (input.size());
  const auto change = decode_change("table", input.substr(1, key_size), input.substr(1 + key_size));
  if (!change) return;
  CLAVIGER_ASSERT(input.substr(1 + key_size + 1) == change->key);
}

void outbox_row(std::string_view input) {
  if (input.empty()) return;
  const std::size_t key_size = static_cast<unsigned char>(input[0]) % (input.size());
  const std::string_view key = input.substr(1, key_size);
  const std::string_view value = input.substr(1 + key_size);
  const auto row = decode_outbox_row(key, as_bytes(value));
  if (!row) return;
  Transaction again;
  put_outbox_attempt(again, TableId{0}, *row);
  CLAVIGER_ASSERT(again.writes()[0].key == key && again.writes()[0].value == value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input = std::string_view(reinterpret_cast<const char*>(data), size).substr(1);
  switch (data[0] % 3) {
    case 0:
      stored_value(input);
      break;
    case 1:
      change_entry(input);
      break;
    default:
      outbox_row(input);
      break;
  }
  return 0;
}
