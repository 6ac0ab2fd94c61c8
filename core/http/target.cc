#include "core/http/target.h"

#include <algorithm>

#include "core/http/limits.h"

namespace claviger::http {
namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::equal(lower.begin(), lower.end(), text.begin(), [](char l, char t) {
           return l == (t >= 'A' && t <= 'Z' ? static_cast<char>(t - 'A' + 'a') : t);
         });
}

}  // namespace

Result<Target> parse_target(std::string_view text, bool allow_absolute) {
  if (text.size() > kTargetBytesMax) return Error{Code::UriTooLong, "http.target"};
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F' && c != '#'; });
  if (text.empty() || !is_plain) return Error{Code::UriSyntax, "http.target"};
  Target target;
  if (text == "*") {
    target.path = text;
    return target;
  }
  if (allow_absolute && text.front() != '/') {
    std::size_t scheme = 0;
    if (starts_with_ignoring_case(text, "https://")) scheme = 8;
    if (starts_with_ignoring_case(text, "http://")) scheme = 7;
    if (scheme == 0) return Error{Code::UriSyntax, "http.target"};
    text.remove_prefix(scheme);
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    target.authority = text.substr(0, end);
    if (target.authority.empty()) return Error{Code::UriSyntax, "http.target"};
    text.remove_prefix(end);
    if (text.empty() || text.front() == '?') {  // an empty path is "/"
      target.path = "/";
      if (!text.empty()) target.query = text.substr(1);
      return target;
    }
  }
  if (text.front() != '/') return Error{Code::UriSyntax, "http.target"};
  const std::size_t question = text.find('?');
  target.path = text.substr(0, question);
  if (question != std::string_view::npos) target.query = text.substr(question + 1);
  return target;
}

}  // namespace claviger::http
