#include "tools/clavigerctl/view.h"

#include <optional>

#include "core/codec/json_reader.h"
#include "core/codec/percent.h"
#include "tools/clavigerctl/json_text.h"
#include "tools/clavigerctl/table.h"

namespace claviger::ctl {
namespace {

// Records asked for at a time.
constexpr std::uint64_t kPage = 200;

codec::JsonLimits answer_limits() {
  codec::JsonLimits limits;
  limits.bytes_max = kAnswerBodyBytesMax;
  limits.values_max = 1'000'000;  // a page of 1000 clients with their lists
  return limits;
}

std::optional<codec::JsonValue> value_at(const codec::JsonObject& object, std::string_view member) {
  const std::size_t dot = member.find('.');
  const auto value = object.find(member.substr(0, dot));
  if (!value || dot == std::string_view::npos) return value;
  const auto inner = value->as_object();
  return inner ? value_at(*inner, member.substr(dot + 1)) : std::nullopt;
}

// Calls itself for what is inside: the reader has bounded the depth (JsonLimits::depth_max).
std::string text_of_value(const codec::JsonValue& value, Show show) {
  switch (value.kind()) {
    case codec::JsonKind::Null:
      return {};
    case codec::JsonKind::Bool:
      return *value.as_bool() ? "yes" : "no";
    case codec::JsonKind::String:
      return std::string(*value.as_string());
    case codec::JsonKind::Double:
      return std::to_string(*value.as_double());
    case codec::JsonKind::Integer: {
      const auto number = value.as_int();
      if (!number) return std::to_string(*value.as_double());
      if (show == Show::Time) return time_text(*number);
      if (show == Show::Duration) return duration_text(*number);
      if (show == Show::Bytes && *number >= 0) return bytes_text(static_cast<std::uint64_t>(*number));
      return std::to_string(*number);
    }
    case codec::JsonKind::Array: {
      std::string text;
      const codec::JsonArray array = *value.as_array();
      for (const codec::JsonValue element : array) {
        if (!text.empty()) text += ' ';
        text += text_of_value(element, show);
      }
      return text;
    }
    case codec::JsonKind::Object: {
      std::string text;
      const codec::JsonObject object = *value.as_object();
      for (const codec::JsonMember member : object) {
        if (!text.empty()) text += ' ';
        text.append(member.name).append("=").append(text_of_value(member.value, show));
      }
      return text;
    }
  }
  return {};
}

std::vector<std::string> row_of(const codec::JsonObject& object, const std::vector<Column>& columns) {
  std::vector<std::string> row;
  for (const Column& column : columns) {
    std::string text = text_of(object, column.member, column.show);
    row.push_back(text.empty() ? "-" : std::move(text));
  }
  return row;
}

Table table_of(const std::vector<Column>& columns) {
  std::vector<std::string> titles;
  for (const Column& column : columns) titles.emplace_back(column.title);
  return Table(std::move(titles));
}

ExitStatus malformed(Invocation& invocation) {
  invocation.complain("the daemon's answer is malformed");
  return ExitStatus::Failed;
}

// Rows of a page into the table; the cursor of the next page, empty at the end; nothing: malformed.
std::optional<std::string> add_page(std::string_view body, const std::vector<Column>& columns, Table& table) {
  codec::JsonReader reader(answer_limits());
  const auto value = reader.parse(body);
  const auto page = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!page) return std::nullopt;
  const auto items_value = page->at("items");
  const auto items = items_value ? items_value->as_array() : Result<codec::JsonArray>(items_value.error());
  if (!items) return std::nullopt;
  for (const codec::JsonValue item : *items) {
    const auto object = item.as_object();
    if (!object) return std::nullopt;
    table.add(row_of(*object, columns));
  }
  return text_of(*page, "next");
}

}  // namespace

std::string text_of(const codec::JsonObject& object, std::string_view member, Show show) {
  const auto value = value_at(object, member);
  return value ? text_of_value(*value, show) : std::string();
}

ExitStatus print_object(Invocation& invocation, std::string_view body, const std::vector<Column>& columns) {
  if (invocation.args.wants_json) {
    invocation.print_json(body);
    return ExitStatus::Ok;
  }
  codec::JsonReader reader(answer_limits());
  const auto value = reader.parse(body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!object) return malformed(invocation);
  FieldList fields;
  for (const Column& column : columns) fields.add(column.title, text_of(*object, column.member, column.show));
  invocation.print(fields.text());
  return ExitStatus::Ok;
}

ExitStatus print_page(Invocation& invocation, std::string_view body, const std::vector<Column>& columns) {
  if (invocation.args.wants_json) {
    invocation.print_json(body);
    return ExitStatus::Ok;
  }
  Table table = table_of(columns);
  if (!add_page(body, columns, table)) return malformed(invocation);
  invocation.print(table.text());
  return ExitStatus::Ok;
}

std::optional<std::string> PagesAsJson::add(std::string_view body) {
  codec::JsonReader reader(answer_limits());
  const auto value = reader.parse(body);
  const auto page = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  const auto member = page ? page->at("items") : Result<codec::JsonValue>(page.error());
  const auto items = member ? member->as_array() : Result<codec::JsonArray>(member.error());
  if (!items) return std::nullopt;
  std::string text;
  if (!has_begun_) text = "{\"items\":[";
  has_begun_ = true;
  for (const codec::JsonValue item : *items) {
    if (has_items_) text += ',';
    has_items_ = true;
    append_json(text, item);
  }
  print_(text);
  return text_of(*page, "next");
}

void PagesAsJson::end() { print_("]}\n"); }

ExitStatus print_all_pages(Invocation& invocation, const std::string& target, const std::vector<Column>& columns,
                           std::uint64_t limit) {
  PagesAsJson document([&invocation](std::string_view text) { invocation.print(text); });
  std::string after;
  std::uint64_t left = limit == 0 ? ~std::uint64_t{0} : limit;
  bool is_first = true;
  while (left > 0) {  // bounded: each page is behind the one before
    const std::uint64_t count = std::min(left, kPage);
    std::string query = (target.find('?') == std::string::npos ? "?limit=" : "&limit=") + std::to_string(count);
    if (!after.empty()) query += "&after=" + path_segment(after);
    const Invocation::Answer answer = invocation.ask("GET", target + query);
    if (!answer.is_ok()) return answer.status;
    Table rows = table_of(columns);
    auto next = invocation.args.wants_json ? document.add(answer.body) : add_page(answer.body, columns, rows);
    if (!next) return malformed(invocation);
    if (!invocation.args.wants_json) {
      // Titles once; widths may differ from page to page, so that the first rows need not wait for the last.
      const std::string text = rows.text();
      invocation.print(is_first ? text : text.substr(text.find('\n') + 1));
    }
    is_first = false;
    if (next->empty() || *next == after) break;
    after = std::move(*next);
    left -= count;
  }
  if (invocation.args.wants_json) document.end();
  return ExitStatus::Ok;
}

}  // namespace claviger::ctl
