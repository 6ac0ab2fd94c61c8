// A row of the table of data keys as whoever looks at a store from outside reads it: which key-encryption key wraps it.
//
// Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::storage {

struct DataKeyRow {
  std::string place;         // what binds it: associated data
  std::string wrapping_key;  // id of the key it is wrapped by: not secret
  std::string wrapped;
};
// `payload`: the record. Corrupt, SchemaTooNew.
Result<DataKeyRow> read_data_key_row(std::string_view key, Bytes payload);

}  // namespace claviger::storage
