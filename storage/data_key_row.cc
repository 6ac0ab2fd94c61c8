#include "storage/data_key_row.h"

#include "storage/data_key_generated.h"
#include "storage/record.h"

namespace claviger::storage {

Result<DataKeyRow> read_data_key_row(std::string_view key, Bytes payload) {
  constexpr RecordSchema kSchema{"data_keys", 1};
  CLAVIGER_TRY(row, FlatRecord<schema::DataKey>::open(payload, kSchema, key));
  DataKeyRow read;
  read.place = "data_keys";
  read.place += '\0';
  read.place += key;
  read.wrapping_key = as_text(bytes_of(row->wrapping_key()));
  read.wrapped = as_text(bytes_of(row->wrapped()));
  return read;
}

}  // namespace claviger::storage
