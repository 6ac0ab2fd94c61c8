#include "tools/clavigerctl/export/user_rows.h"

#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/http_answer.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

// The base64url alphabet in the order of its bytes, which is the order of keys.
constexpr std::string_view kAlphabet = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
static_assert(kAlphabet.size() == 64);

Result<Unit> append_json(const codec::JsonObject& user, std::string& out) {
  codec::JsonWriter json(out);
  json.begin_object();
  for (const std::string_view column : user_columns()) {
    const auto value = user.find(column);
    if (!value || value->is_null()) continue;
    if (column == "enabled") {
      CLAVIGER_TRY(is_enabled, value->as_bool());
      if (!is_enabled) json.member(column, false);
    } else if (column == "scopes" || column == "val_user_ids") {
      CLAVIGER_TRY(scopes, value->as_array());
      if (scopes.empty()) continue;
      json.name(column).begin_array();
      for (const codec::JsonValue scope : scopes) {
        CLAVIGER_TRY(text, scope.as_string());
        json.value(text);
      }
      json.end_array();
    } else {
      CLAVIGER_TRY(text, value->as_string());
      if (!text.empty()) json.member(column, text);
    }
  }
  json.end_object();
  out += '\n';
  return Unit{};
}

void append_row(const codec::JsonObject& user, std::string& out) {
  bool is_first = true;
  for (const std::string_view column : user_columns()) {
    if (!is_first) out += ',';
    is_first = false;
    if (column == "enabled") {
      const auto is_enabled = user.bool_at(column);
      if (is_enabled && !*is_enabled) out += "false";
    } else {
      out += csv_field(text_of(user, column));
    }
  }
  out += "\r\n";
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char character : text) {
    if (character == '"') out += '"';
    out += character;
  }
  return out + "\"";
}

std::string export_header(ImportFormat format) {
  if (format == ImportFormat::Ndjson) return {};
  std::string out;
  for (const std::string_view column : user_columns()) {
    if (!out.empty()) out += ',';
    out += column;
  }
  return out + "\r\n";
}

Result<ExportedPage> export_page(std::string_view text, ImportFormat format) {
  codec::JsonLimits limits;
  limits.bytes_max = kAnswerBodyBytesMax;
  limits.values_max = 1'000'000;
  codec::JsonReader reader(limits);
  CLAVIGER_TRY(value, reader.parse(text));
  CLAVIGER_TRY(page, value.as_object());
  CLAVIGER_TRY(items_value, page.at("items"));
  CLAVIGER_TRY(items, items_value.as_array());
  ExportedPage result;
  for (const codec::JsonValue item : items) {
    CLAVIGER_TRY(user, item.as_object());
    ++result.users;
    if (format == ImportFormat::Csv) {
      append_row(user, result.text);
    } else {
      CLAVIGER_TRY(appended, append_json(user, result.text));
    }
  }
  result.next = text_of(page, "next");
  return result;
}

std::uint64_t progress_of_cursor(std::string_view sub) {
  std::uint64_t rank = 0;
  constexpr std::size_t kDigits = 4;  // 64^4: finer than a millionth
  for (std::size_t i = 0; i < kDigits; ++i) {
    const std::size_t at = i < sub.size() ? kAlphabet.find(sub[i]) : 0;
    rank = rank * 64 + (at == std::string_view::npos ? 0 : at);
  }
  return rank * 1'000'000 / (64ULL * 64 * 64 * 64);
}

}  // namespace claviger::ctl
