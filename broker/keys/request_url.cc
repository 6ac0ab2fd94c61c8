#include "broker/keys/request_url.h"

#include <algorithm>
#include <optional>
#include <span>

#include "core/codec/percent.h"

namespace claviger::keys {
namespace {

std::string lowered(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
  });
  return lower;
}

std::string canonical_origin(std::string_view origin) {
  std::string text = lowered(origin);
  constexpr std::string_view kDefaultPort = ":443";
  if (text.starts_with("https://") && text.ends_with(kDefaultPort)) text.resize(text.size() - kDefaultPort.size());
  return text;
}

std::optional<std::string> decoded(std::string_view path) {
  std::string text(path.size(), '\0');
  const auto size = codec::percent_decode(path, codec::Plus::Literal, std::as_writable_bytes(std::span(text)));
  if (!size) return std::nullopt;
  text.resize(*size);
  return text;
}

}  // namespace

std::string_view origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, url.find('/', scheme + 3));
}

bool is_same_url(std::string_view left, std::string_view right) {
  const std::string_view left_origin = origin_of(left);
  const std::string_view right_origin = origin_of(right);
  if (left_origin.empty() || canonical_origin(left_origin) != canonical_origin(right_origin)) return false;
  const auto left_path = decoded(left.substr(left_origin.size()));
  const auto right_path = decoded(right.substr(right_origin.size()));
  return left_path && right_path && *left_path == *right_path;
}

}  // namespace claviger::keys
