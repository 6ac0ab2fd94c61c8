#include "broker/tokens/verifier/compact_token.h"

namespace claviger::tokens {

Result<CompactToken> split_compact(std::string_view token) {
  if (token.size() > kTokenBytesMax) return Error{Code::TokenTooLong, "token"};
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return Error{Code::TokenSegments, "token"};
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return Error{Code::TokenSegments, "token"};
  CompactToken parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
                     as_bytes(token.substr(0, second))};
  if (parts.header.empty() || parts.payload.empty() || parts.signature.find('.') != std::string_view::npos) {
    return Error{Code::TokenSegments, "token"};
  }
  return parts;
}

}  // namespace claviger::tokens
