#include "broker/migration/sip_identity.h"

#include <algorithm>

#include "core/codec/domain_name.h"

namespace claviger::migration {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
// unreserved, and what SIP allows in a user part without escapes (RFC 3261 clause 25.1); ':' would begin a password.
bool is_user_character(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') ||
         std::string_view("-_.!~*'()&=+$,/").find(c) != std::string_view::npos;
}
// Begins with a letter or digit: keys of records that are no private identity's begin with "/".
bool is_user(std::string_view text) {
  return !text.empty() && std::string_view("-_.!~*'()&=+$,/").find(text.front()) == std::string_view::npos &&
         std::ranges::all_of(text, is_user_character);
}

}  // namespace

bool is_domain(std::string_view text) { return codec::is_domain_name(text); }

bool is_service(std::string_view text) { return text == "mcptt" || text == "mcvideo" || text == "mcdata"; }

std::string_view domain_of(std::string_view identity) {
  if (identity.starts_with("tel:")) return {};
  const std::size_t at = identity.rfind('@');
  return at == std::string_view::npos ? std::string_view() : identity.substr(at + 1);
}

bool is_private_identity(std::string_view text) {
  const std::size_t at = text.find('@');
  return text.size() <= kIdentityMax && at != std::string_view::npos && is_user(text.substr(0, at)) &&
         is_domain(text.substr(at + 1));
}

bool is_public_identity(std::string_view text) {
  constexpr std::size_t kTelDigitsMax = 15;  // E.164
  if (text.size() > kIdentityMax) return false;
  if (text.starts_with("tel:+")) {
    const std::string_view number = text.substr(5);
    return !number.empty() && number.size() <= kTelDigitsMax && std::ranges::all_of(number, is_digit);
  }
  if (!text.starts_with("sip:")) return false;
  // A number as a user part begins with "+".
  const std::size_t begin = text.substr(4).starts_with('+') ? 5 : 4;
  return is_private_identity(text.substr(begin));
}

IdentityText::IdentityText(std::string_view text) : view_(text) {
  const auto is_other = [](char c) { return (c >= 'A' && c <= 'Z') || c == ';' || c == '?'; };
  const std::size_t colon = text.find(':');
  const std::size_t scheme_end = colon == std::string_view::npos ? 0 : colon + 1;
  const bool is_number =
      scheme_end == 4 && lowered(text[0]) == 't' && lowered(text[1]) == 'e' && lowered(text[2]) == 'l';
  if (text.size() > own_.size() || (!is_number && std::ranges::none_of(text, is_other))) return;
  if (is_number) {
    write_number(text.substr(scheme_end));
  } else {
    write_name(text, scheme_end);
  }
}

void IdentityText::write_number(std::string_view number) {
  char* end = std::ranges::copy(std::string_view("tel:"), own_.data()).out;
  for (const char c : number.substr(0, number.find(';'))) {
    if (std::string_view("-.()").find(c) == std::string_view::npos) *end++ = c;
  }
  view_ = {own_.data(), static_cast<std::size_t>(end - own_.data())};
}

// Parameters stand behind the host: in a user part ';' and '?' are part of the name (RFC 3261 clause 25.1).
void IdentityText::write_name(std::string_view text, std::size_t scheme_end) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return;
  const std::size_t end = scheme_end == 0 ? text.size() : std::min(text.find_first_of(";?", at), text.size());
  for (std::size_t i = 0; i < end; ++i) own_[i] = i < scheme_end || i > at ? lowered(text[i]) : text[i];
  view_ = {own_.data(), end};
}

bool is_sip_host(std::string_view text) { return text.starts_with("sip:") && is_domain(text.substr(4)); }

bool is_public_prefix(std::string_view text) {
  if (text.size() > kIdentityMax) return false;
  // Of a whole number as of the beginning of one.
  if (text == "tel:+" || text == "sip:") return true;
  if (text.starts_with("tel:+")) return is_public_identity(text);
  return text.starts_with("sip:") &&
         std::ranges::all_of(text.substr(4), [](char c) { return c == '@' || is_user_character(c); });
}

bool is_in_domains(std::string_view identity, const std::vector<std::string>& domains) {
  if (identity.starts_with("tel:")) return true;
  return std::ranges::find(domains, domain_of(identity)) != domains.end();
}

}  // namespace claviger::migration
