#include "tools/clavigerctl/import/csv_scan.h"

#include <optional>

namespace claviger::ctl {
namespace {

CsvScan bad(std::string_view text, std::string_view reason) {
  CsvScan scan;
  scan.kind = CsvScan::Kind::Bad;
  scan.reason = reason;
  const std::size_t line_end = text.find('\n');
  scan.must_skip_line = line_end == std::string_view::npos;
  scan.consumed = scan.must_skip_line ? text.size() : line_end + 1;
  return scan;
}

// What stands behind a field.
enum class Ending : std::uint8_t { Comma, Line, Text, NeedMore, Wrong };
struct EndingAt {
  Ending ending;
  std::size_t next;  // behind it
};
EndingAt ending_at(std::string_view text, std::size_t at, bool is_end) {
  if (at == text.size()) return {is_end ? Ending::Text : Ending::NeedMore, at};
  if (text[at] == ',') return {Ending::Comma, at + 1};
  if (text[at] == '\n') return {Ending::Line, at + 1};
  if (text[at] != '\r') return {Ending::Wrong, at};
  if (at + 1 == text.size()) return {is_end ? Ending::Text : Ending::NeedMore, at + 1};
  return text[at + 1] == '\n' ? EndingAt{Ending::Line, at + 2} : EndingAt{Ending::Wrong, at};
}

// The position behind the closing quote; nothing: the text ends first.
std::optional<std::size_t> read_quoted(std::string_view text, std::size_t at, std::string& field) {
  for (;;) {
    const std::size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) return std::nullopt;
    field.append(text.substr(at, quote - at));
    if (quote + 1 == text.size() || text[quote + 1] != '"') return quote + 1;
    field += '"';
    at = quote + 2;
  }
}

}  // namespace

CsvScan scan_csv(std::string_view text, bool is_end) {
  CsvScan scan;
  if (text.empty()) return scan;
  const auto need_more = [&]() -> CsvScan {
    if (text.size() > kImportLineBytesMax) return bad(text, "the line is longer than 64 KiB");
    return {};
  };
  std::size_t at = 0;
  for (;;) {  // bounded: each round takes a field's end
    if (scan.fields.size() == kCsvFieldsMax) return bad(text, "more than 64 fields");
    std::string field;
    if (at < text.size() && text[at] == '"') {
      const auto closed = read_quoted(text, at + 1, field);
      if (!closed) return is_end ? bad(text, "a quote is never closed") : need_more();
      // A quote at the end of what we have may be the first of a doubled one.
      if (*closed == text.size() && !is_end) return need_more();
      at = *closed;
    } else {
      const std::size_t end = std::min(text.find_first_of(",\r\n\"", at), text.size());
      field = text.substr(at, end - at);
      at = end;
      if (at < text.size() && text[at] == '"') return bad(text, "a quote inside a field that does not begin with one");
    }
    const EndingAt end = ending_at(text, at, is_end);
    if (end.ending == Ending::NeedMore) return need_more();
    if (end.ending == Ending::Wrong) {
      return bad(text, text[at] == '\r' ? "a carriage return without a line feed" : "text behind a closing quote");
    }
    if (end.next > kImportLineBytesMax) return bad(text, "the line is longer than 64 KiB");
    scan.fields.push_back(std::move(field));
    at = end.next;
    if (end.ending == Ending::Comma) continue;
    scan.kind = CsvScan::Kind::Record;
    scan.consumed = at;
    return scan;
  }
}

}  // namespace claviger::ctl
