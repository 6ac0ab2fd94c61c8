#include "broker/migration/sip_identity.h"

#include <algorithm>

#include "core/codec/domain_name.h"

namespace claviger::migration {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
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
