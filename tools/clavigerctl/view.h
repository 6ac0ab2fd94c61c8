// From the daemon's JSON to text for people: which members of a record are shown, under which title, and how.
//
// Pure but for the Invocation it prints to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/codec/json_value.h"
#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

enum class Show : std::uint8_t { Text, Time, YesNo, Bytes, Duration };

struct Column {
  std::string_view title;
  std::string_view member;  // "store.commits" is member commits of member store
  Show show = Show::Text;
};

// A string as it is, numbers and truth in words, an array's elements with blanks between; empty when absent.
std::string text_of(const codec::JsonObject& object, std::string_view member, Show show = Show::Text);

// With --json the body as it came; else the table or the fields. Failed when the body is not what was expected.
ExitStatus print_object(Invocation& invocation, std::string_view body, const std::vector<Column>& columns);
// A page {"items": [...], "next": "..."}.
ExitStatus print_page(Invocation& invocation, std::string_view body, const std::vector<Column>& columns);

// Pages {"items": [...], "next": "..."} as one document {"items": [...]}, each printed when it comes: no list is too long
// for memory. One that is not ended is cut short by a failure.
class PagesAsJson {
 public:
  using Print = std::function<void(std::string_view)>;
  explicit PagesAsJson(Print print) : print_(std::move(print)) {}
  // Where the next one begins, empty at the end; nothing: malformed.
  std::optional<std::string> add(std::string_view page);
  void end();

 private:
  Print print_;
  bool has_begun_ = false, has_items_ = false;
};

// All pages of `target` (without its query) in one table, or with --json in one document; at most `limit` records when it
// is not 0.
ExitStatus print_all_pages(Invocation& invocation, const std::string& target, const std::vector<Column>& columns,
                           std::uint64_t limit);

}  // namespace claviger::ctl
