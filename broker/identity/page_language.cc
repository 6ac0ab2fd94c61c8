#include "broker/identity/page_language.h"

#include <algorithm>

namespace claviger::identity {
namespace {

constexpr char lowered(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

bool equals_without_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lowered, lowered);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// RFC 4647 clause 3.4: "de-CH-1996", then "de-CH", then "de".
const PageText* look_up(std::span<const PageText* const> texts, std::string_view range) {
  while (!range.empty()) {
    for (const PageText* text : texts) {
      if (equals_without_case(text->language, range)) return text;
    }
    const std::size_t dash = range.rfind('-');
    range = dash == std::string_view::npos ? std::string_view() : range.substr(0, dash);
  }
  return nullptr;
}

// "0.8" in thousandths; what is no weight counts as none.
int weight_of(std::string_view parameter) {
  parameter = trimmed(parameter);
  if (!parameter.starts_with("q=")) return 1000;
  parameter.remove_prefix(2);
  if (parameter.starts_with('1')) return 1000;
  if (!parameter.starts_with("0")) return 0;
  int weight = 0;
  int place = 100;
  for (const char digit : parameter.substr(std::min<std::size_t>(parameter.size(), 2)).substr(0, 3)) {
    if (digit < '0' || digit > '9') return 0;
    weight += (digit - '0') * place;
    place /= 10;
  }
  return weight;
}

const PageText* choose_accepted(std::span<const PageText* const> texts, std::string_view list) {
  const PageText* best = nullptr;
  int best_weight = 0;
  for (std::size_t ranges = 0; !list.empty() && ranges < kLanguageRangesMax; ++ranges) {
    const std::size_t comma = list.find(',');
    const std::string_view element = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const std::size_t semicolon = element.find(';');
    const int weight = semicolon == std::string_view::npos ? 1000 : weight_of(element.substr(semicolon + 1));
    const PageText* text = look_up(texts, trimmed(element.substr(0, semicolon)));
    if (text == nullptr || weight <= best_weight) continue;
    best = text;
    best_weight = weight;
  }
  return best;
}

}  // namespace

const PageText& choose_page_text(std::span<const PageText* const> texts, std::string_view ui_locales,
                                 std::string_view accept_language) {
  for (std::size_t ranges = 0; !ui_locales.empty() && ranges < kLanguageRangesMax; ++ranges) {
    const std::size_t space = ui_locales.find(' ');
    if (const PageText* text = look_up(texts, ui_locales.substr(0, space))) return *text;
    ui_locales = space == std::string_view::npos ? std::string_view() : ui_locales.substr(space + 1);
  }
  const PageText* accepted = choose_accepted(texts, accept_language);
  return accepted == nullptr ? *texts.front() : *accepted;
}

const PageText& page_text_for(const http::Request& request, std::string_view ui_locales) {
  std::string_view accept_language;
  for (const http::Header& header : request.headers()) {
    if (header.name == "accept-language") accept_language = header.value;
  }
  return choose_page_text(kPageTexts, ui_locales, accept_language);
}

const PageText& page_text_named(std::string_view language) { return choose_page_text(kPageTexts, language, {}); }

}  // namespace claviger::identity
