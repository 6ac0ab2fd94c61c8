#include "tools/claviger-ue/login_form.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace claviger::ue {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f";

std::string lowered(std::string_view text) {
  std::string low(text);
  for (char& each : low) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return low;
}

bool is_blank(char character) { return kBlanks.find(character) != std::string_view::npos; }

// ASCII is all that servers write as numbers into attributes; what we do not know stays as it is.
std::optional<char> entity_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kNamed{
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [its_name, character] : kNamed) {
    if (name == its_name) return character;
  }
  if (!name.starts_with('#') || name.size() < 2) return std::nullopt;
  const bool is_hex = name[1] == 'x' || name[1] == 'X';
  const std::string_view digits = name.substr(is_hex ? 2 : 1);
  unsigned number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number, is_hex ? 16 : 10);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || number == 0 || number > 127)
    return std::nullopt;
  return static_cast<char>(number);
}

std::string resolved(std::string_view text) {
  constexpr std::size_t kEntityMax = 8;
  std::string out;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find('&'), text.size());
    out.append(text.substr(0, at));
    text.remove_prefix(at);
    if (text.empty()) break;
    const std::size_t end = text.find(';');
    const auto character =
        end != std::string_view::npos && end <= kEntityMax ? entity_of(text.substr(1, end - 1)) : std::nullopt;
    if (character)
      out.push_back(*character);
    else
      out.push_back('&');
    text.remove_prefix(character ? end + 1 : 1);
  }
  return out;
}

struct Tag {
  std::string name;  // "/form" for an end
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string get(std::string_view wanted) const {
    for (const auto& [name_of_it, value] : attributes) {
      if (name_of_it == wanted) return value;
    }
    return {};
  }
};

constexpr std::size_t kAttributesMax = 64;

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

std::string_view take_until(std::string_view& text, std::string_view ends) {
  const std::size_t size = std::min(text.find_first_of(ends), text.size());
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

std::string take_value(std::string_view& text) {
  skip_blanks(text);
  if (text.empty() || text.front() != '=') return {};
  text.remove_prefix(1);
  skip_blanks(text);
  if (text.empty()) return {};
  const char quote = text.front();
  if (quote != '"' && quote != '\'') return resolved(take_until(text, " \t\r\n\f>"));
  text.remove_prefix(1);
  const std::string_view value = take_until(text, std::string_view(&quote, 1));
  if (!text.empty()) text.remove_prefix(1);
  return resolved(value);
}

// The next tag, `text` behind it.
std::optional<Tag> next_tag(std::string_view& text) {
  for (;;) {  // bounded: each turn takes at least a "<" off the text
    const std::size_t at = text.find('<');
    if (at == std::string_view::npos) return std::nullopt;
    text.remove_prefix(at + 1);
    if (text.starts_with("!--")) {
      const std::size_t end = text.find("-->");
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 3);
      continue;
    }
    if (!text.empty() && (text.front() == '/' ||
                          (lowered(text.substr(0, 1)).front() >= 'a' && lowered(text.substr(0, 1)).front() <= 'z')))
      break;
  }
  Tag tag;
  tag.name = lowered(take_until(text, " \t\r\n\f>"));
  while (tag.attributes.size() < kAttributesMax) {
    while (!text.empty() && (is_blank(text.front()) || text.front() == '/')) text.remove_prefix(1);
    if (text.empty()) break;
    if (text.front() == '>') {
      text.remove_prefix(1);
      break;
    }
    const std::string name = lowered(take_until(text, " \t\r\n\f=>/"));
    if (name.empty() && text.front() != '=') {
      text.remove_prefix(1);
      continue;
    }
    std::string value = take_value(text);
    tag.attributes.emplace_back(name, std::move(value));
  }
  return tag;
}

bool is_user_input(std::string_view type) { return type.empty() || type == "text" || type == "email" || type == "tel"; }

}  // namespace

Result<LoginForm> find_login_form(std::string_view page) {
  if (page.size() > kPageBytesMax) return Error{Code::TooLarge, "login_form"};
  std::optional<LoginForm> form;
  while (auto tag = next_tag(page)) {
    if (tag->name == "form") {
      form.emplace();
      form->action = tag->get("action");
    } else if (tag->name == "/form") {
      if (form && !form->password_field.empty()) return *std::move(form);
      form.reset();
    } else if (form && tag->name == "input") {
      const std::string type = lowered(tag->get("type"));
      const std::string name = tag->get("name");
      if (name.empty()) continue;
      if (type == "hidden") {
        if (form->hidden.size() >= kFormInputsMax) return Error{Code::TooMany, "login_form.hidden"};
        form->hidden.emplace_back(name, tag->get("value"));
      } else if (type == "password" && form->password_field.empty()) {
        form->password_field = name;
      } else if (is_user_input(type) && form->user_field.empty()) {
        form->user_field = name;
      }
    }
  }
  if (form && !form->password_field.empty()) return *std::move(form);
  return Error{Code::NotFound, "login_form"};
}

}  // namespace claviger::ue
