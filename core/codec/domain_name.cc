#include "core/codec/domain_name.h"

namespace claviger::codec {
namespace {

constexpr std::size_t kDomainMax = 253;
constexpr std::size_t kLabelMax = 63;

}  // namespace

bool is_domain_name(std::string_view text) {
  if (text.empty() || text.size() > kDomainMax) return false;
  std::size_t label = 0;
  char last = '.';
  for (const char character : text) {
    if (character == '.') {
      if (label == 0 || last == '-') return false;
      label = 0;
    } else {
      const bool is_letter_or_digit = (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
      if (!is_letter_or_digit && (character != '-' || label == 0)) return false;
      if (++label > kLabelMax) return false;
    }
    last = character;
  }
  return label != 0 && last != '-';
}

}  // namespace claviger::codec
