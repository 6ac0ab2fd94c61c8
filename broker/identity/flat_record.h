// The names of storage/record.h for records that only ever had version 1.
//
// For the *.cc of records only: generated schema types stay behind their decode functions.
#pragma once

#include <string_view>

#include "storage/record.h"

namespace claviger::identity {

inline constexpr std::uint16_t kSchemaVersion = 1;

template <typename Root>
class FlatRecord : public storage::FlatRecord<Root> {
 public:
  static Result<storage::FlatRecord<Root>> open(const storage::Value& value, std::string_view where) {
    return storage::FlatRecord<Root>::open(value, storage::RecordSchema{where, kSchemaVersion});
  }
};

using storage::bytes_of;
using storage::finished;
using storage::put_bytes;
using storage::put_text;
using storage::put_texts;
using storage::text_of;
using storage::texts_of;

}  // namespace claviger::identity
