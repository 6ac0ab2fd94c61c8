#include "tools/clavigerctl/import/import_reader.h"

#include <algorithm>

#include "core/codec/json_writer.h"
#include "core/codec/utf8.h"

namespace claviger::ctl {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::optional<ImportFormat> format_of(std::string_view file_name) {
  if (file_name.ends_with(".csv")) return ImportFormat::Csv;
  for (const std::string_view ending : {".ndjson", ".jsonl", ".json"}) {
    if (file_name.ends_with(ending)) return ImportFormat::Ndjson;
  }
  return std::nullopt;
}

const std::vector<std::string_view>& user_columns() { return user_import_columns().names; }

const ImportColumns& user_import_columns() {
  static const ImportColumns kColumns{{"login", "display_name", "password", "password_hash", "enabled", "mc_id",
                                       "mcptt_id", "mcvideo_id", "mcdata_id", "scopes", "val_user_ids"},
                                      "login",
                                      {"enabled"},
                                      {"scopes", "val_user_ids"},
                                      {}};
  return kColumns;
}

const ImportColumns& subscriber_import_columns() {
  static const ImportColumns kColumns{
      {"impi", "impus", "algorithm", "k", "opc", "op", "topc", "top", "amf", "sqn", "ind_bits", "response_bytes",
       "iterations", "enabled", "serves_unregistered", "visited_networks"},
      "impi",
      {"enabled", "serves_unregistered"},
      {"impus", "visited_networks"},
      {"ind_bits", "response_bytes", "iterations"}};
  return kColumns;
}

namespace {

bool is_one_of(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A file that is no CSV must not write to the terminal what it likes.
std::string shown(std::string_view name) {
  constexpr std::size_t kShownMax = 64;
  std::string text(name.substr(0, kShownMax));
  for (char& character : text) {
    if (character < 0x20 || character > 0x7e) character = '?';
  }
  return text;
}

JsonOrReason json_of(const ImportColumns& known, const std::vector<std::string>& columns,
                     const std::vector<std::string>& fields) {
  if (fields.size() != columns.size()) {
    return {{}, std::to_string(fields.size()) + " fields where the header has " + std::to_string(columns.size())};
  }
  JsonOrReason result;
  codec::JsonWriter json(result.json);
  json.begin_object();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& field = fields[i];
    if (field.empty()) continue;
    if (!codec::is_utf8(field)) return {{}, columns[i] + ": not UTF-8"};
    if (is_one_of(known.flags, columns[i])) {
      if (field != "true" && field != "false") return {{}, columns[i] + ": neither true nor false"};
      json.member(columns[i], field == "true");
    } else if (is_one_of(known.numbers, columns[i])) {
      constexpr std::size_t kDigitsMax = 9;
      const bool is_number = field.size() <= kDigitsMax && field.find_first_not_of("0123456789") == std::string::npos;
      if (!is_number) return {{}, columns[i] + ": not a number"};
      json.member(columns[i], std::stoi(field));
    } else if (is_one_of(known.lists, columns[i])) {
      json.name(columns[i]).begin_array();
      for (std::size_t at = 0; at < field.size();) {
        const std::size_t end = std::min(field.find(' ', at), field.size());
        if (end != at) json.value(std::string_view(field).substr(at, end - at));
        at = end + 1;
      }
      json.end_array();
    } else {
      json.member(columns[i], field);
    }
  }
  json.end_object();
  return result;
}

}  // namespace

JsonOrReason user_json_of(const std::vector<std::string>& columns, const std::vector<std::string>& fields) {
  return json_of(user_import_columns(), columns, fields);
}

ImportReader::ImportReader(std::unique_ptr<ByteSource> source, ImportFormat format, const ImportColumns& known)
    : source_(std::move(source)), format_(format), known_(known) {}

Result<Unit> ImportReader::fill() {
  if (is_end_) return Unit{};
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  auto count = source_->read(std::as_writable_bytes(std::span(buffer_.data() + before, kReadBytes)));
  buffer_.resize(before + (count ? *count : 0));
  if (!count) return count.error();
  is_end_ = *count == 0;
  return Unit{};
}

ImportLine ImportReader::take(std::size_t consumed) {
  const std::string_view taken = unread().substr(0, consumed);
  const auto lines = static_cast<std::uint64_t>(std::count(taken.begin(), taken.end(), '\n'));
  ImportLine line;
  line.line = line_;
  line_ += lines + (taken.empty() || taken.back() == '\n' ? 0 : 1);
  offset_ += consumed;
  at_ += consumed;
  line.next_line = line_;
  line.end_offset = offset_;
  return line;
}

// The rest of a physical line that was too long to keep.
Result<Unit> ImportReader::skip_line(ImportLine& line) {
  for (;;) {  // bounded: by the source
    if (unread().empty()) {
      if (is_end_) break;
      CLAVIGER_TRY(filled, fill());
      continue;
    }
    const std::size_t end = unread().find('\n');
    const std::size_t consumed = end == std::string_view::npos ? unread().size() : end + 1;
    offset_ += consumed;
    at_ += consumed;
    if (end != std::string_view::npos) break;
  }
  line.end_offset = offset_;
  return Unit{};
}

Result<std::string> ImportReader::start() {
  while (!is_end_ && unread().size() < kByteOrderMark.size()) {
    CLAVIGER_TRY(filled, fill());
  }
  if (unread().starts_with(kByteOrderMark)) {
    at_ += kByteOrderMark.size();
    offset_ += kByteOrderMark.size();
  }
  if (format_ == ImportFormat::Ndjson) return std::string();

  CsvScan header = scan_csv(unread(), is_end_);
  while (header.kind == CsvScan::Kind::NeedMore && !is_end_) {
    CLAVIGER_TRY(filled, fill());
    header = scan_csv(unread(), is_end_);
  }
  if (header.kind == CsvScan::Kind::NeedMore) return std::string("the file is empty: a header row is needed");
  if (header.kind == CsvScan::Kind::Bad) return std::string(header.reason);
  take(header.consumed);
  for (const std::string& name : header.fields) {
    if (!is_one_of(known_.names, name)) return "unknown column \"" + shown(name) + "\"";
    if (std::count(header.fields.begin(), header.fields.end(), name) > 1) return "column \"" + name + "\" twice";
  }
  if (std::find(header.fields.begin(), header.fields.end(), known_.key) == header.fields.end()) {
    return "the header has no column \"" + std::string(known_.key) + "\"";
  }
  columns_ = std::move(header.fields);
  return std::string();
}

Result<Unit> ImportReader::resume(std::uint64_t offset, std::uint64_t line) {
  if (offset <= offset_) return Unit{};
  CLAVIGER_TRY(sought, source_->seek(offset));
  buffer_.clear();
  at_ = 0;
  is_end_ = false;
  offset_ = offset;
  line_ = line;
  return Unit{};
}

Result<std::optional<ImportLine>> ImportReader::next() {
  return format_ == ImportFormat::Csv ? next_csv() : next_ndjson();
}

Result<std::optional<ImportLine>> ImportReader::next_csv() {
  for (;;) {  // bounded: by the source
    CsvScan scan = scan_csv(unread(), is_end_);
    if (scan.kind == CsvScan::Kind::NeedMore) {
      if (is_end_) return std::optional<ImportLine>();
      CLAVIGER_TRY(filled, fill());
      continue;
    }
    ImportLine line = take(scan.consumed);
    if (scan.kind == CsvScan::Kind::Bad) {
      line.reason = scan.reason;
      if (scan.must_skip_line) {
        CLAVIGER_TRY(skipped, skip_line(line));
      }
      return std::optional<ImportLine>(std::move(line));
    }
    const bool is_blank = scan.fields.size() == 1 && scan.fields[0].empty();
    if (is_blank) continue;
    JsonOrReason object = json_of(known_, columns_, scan.fields);
    line.json = std::move(object.json);
    line.reason = std::move(object.reason);
    if (!line.reason.empty()) line.json.clear();
    return std::optional<ImportLine>(std::move(line));
  }
}

Result<std::optional<ImportLine>> ImportReader::next_ndjson() {
  for (;;) {  // bounded: by the source
    const std::size_t end = unread().find('\n');
    const bool is_whole = end != std::string_view::npos || is_end_;
    const std::size_t size = std::min(end, unread().size());
    if (!is_whole && size <= kImportLineBytesMax) {
      CLAVIGER_TRY(filled, fill());
      continue;
    }
    if (unread().empty()) return std::optional<ImportLine>();
    std::string text(unread().substr(0, std::min(size, kImportLineBytesMax + 1)));
    ImportLine line = take(end == std::string_view::npos ? unread().size() : end + 1);
    if (size > kImportLineBytesMax) {
      line.reason = "the line is longer than 64 KiB";
      if (end == std::string_view::npos) {
        CLAVIGER_TRY(skipped, skip_line(line));
      }
      return std::optional<ImportLine>(std::move(line));
    }
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ' || text.back() == '\t')) text.pop_back();
    if (text.empty()) continue;
    line.json = std::move(text);
    return std::optional<ImportLine>(std::move(line));
  }
}

}  // namespace claviger::ctl
