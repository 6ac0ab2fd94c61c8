// ImportReader: a CSV or NDJSON file as numbered lines, each one JSON object ready to be sent, or bad with a reason.
//
// CSV has a header row with names from ImportColumns (users, unless another is said); NDJSON lines go as they are (the daemon reads them). Blank lines
// are skipped, a UTF-8 byte order mark at the front, too. Owned by one thread, blocking.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tools/clavigerctl/import/byte_source.h"
#include "tools/clavigerctl/import/csv_scan.h"

namespace claviger::ctl {

enum class ImportFormat : std::uint8_t { Csv, Ndjson };
// By the name's ending: ".csv", ".ndjson", ".jsonl", ".json".
std::optional<ImportFormat> format_of(std::string_view file_name);

struct ImportLine {
  std::uint64_t line = 0;        // the first physical line, from 1
  std::uint64_t next_line = 0;   // of what follows
  std::uint64_t end_offset = 0;  // of what follows
  std::string json;              // empty: bad
  std::string reason;            // bad: why
  bool is_bad() const { return json.empty(); }
};

// A row's fields as a JSON object with the members that `POST .../users` takes; empty fields are left out. An error
// text instead when a field is no such value.
struct JsonOrReason {
  std::string json;
  std::string reason;
};
JsonOrReason user_json_of(const std::vector<std::string>& columns, const std::vector<std::string>& fields);
const std::vector<std::string_view>& user_columns();

// What a CSV file may have as columns, and which of them are no texts.
struct ImportColumns {
  std::vector<std::string_view> names;
  std::string_view key;                 // must be there
  std::vector<std::string_view> flags;  // true, false
  std::vector<std::string_view> lists;  // with blanks between
  std::vector<std::string_view> numbers;
};
const ImportColumns& user_import_columns();
const ImportColumns& subscriber_import_columns();

class ImportReader {
 public:
  ImportReader(std::unique_ptr<ByteSource> source, ImportFormat format,
               const ImportColumns& known = user_import_columns());

  // Reads the header row (CSV). An empty text is fine; else it says what is wrong with the header.
  Result<std::string> start();
  // After start(): goes on at what an earlier run had reached.
  Result<Unit> resume(std::uint64_t offset, std::uint64_t line);
  // Nothing: the end.
  Result<std::optional<ImportLine>> next();

  std::optional<std::uint64_t> size() const { return source_->size(); }

 private:
  Result<Unit> fill();
  Result<std::optional<ImportLine>> next_csv();
  Result<std::optional<ImportLine>> next_ndjson();
  ImportLine take(std::size_t consumed);
  Result<Unit> skip_line(ImportLine& line);
  std::string_view unread() const { return std::string_view(buffer_).substr(at_); }

  std::unique_ptr<ByteSource> source_;
  ImportFormat format_;
  const ImportColumns& known_;
  std::vector<std::string> columns_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool is_end_ = false;
  std::uint64_t offset_ = 0;  // of unread()
  std::uint64_t line_ = 1;
};

}  // namespace claviger::ctl
