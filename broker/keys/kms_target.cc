#include "broker/keys/kms_target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "broker/keys/domain.h"
#include "core/codec/percent.h"

namespace claviger::keys {
namespace {

constexpr Error kInvalid{Code::UriPathInvalid, "kms.path"};
constexpr std::size_t kTimestampDigits = 16;

bool is_hex(char digit) {
  return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F');
}

// Something that would decode again: it was encoded twice, or wants to be read twice.
bool has_escape(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2])) return true;
  }
  return false;
}

bool has_dot_segment(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

Result<std::string> decode(std::string_view text) {
  if (text.size() > 3 * kUriBytesMax) return kInvalid;
  std::string decoded(text.size(), '\0');
  const auto size = codec::percent_decode(text, codec::Plus::Literal, std::as_writable_bytes(std::span(decoded)));
  if (!size) return kInvalid;
  decoded.resize(*size);
  if (!check_uri(decoded) || has_escape(decoded) || has_dot_segment(decoded)) return kInvalid;
  return decoded;
}

Result<KmsTarget> read_key_provision(std::string_view rest) {
  KmsTarget target{KmsCall::KeyProvision, {}, {}, {}};
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view timestamp = rest.substr(slash + 1);
    if (timestamp.size() != kTimestampDigits || !std::ranges::all_of(timestamp, is_hex)) return kInvalid;
    target.timestamp = timestamp;
  }
  CLAVIGER_TRY(uri, decode(rest.substr(0, slash)));
  target.uri = std::move(uri);
  return target;
}

Result<KmsTarget> read_cache_number(std::string_view rest) {
  KmsTarget target{KmsCall::CertCache, {}, {}, {}};
  std::uint64_t number = 0;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  // More digits than a number of ours ever has are a number all the same: one that we never gave.
  const bool is_huge = read.ec == std::errc::result_out_of_range;
  if ((read.ec != std::errc() && !is_huge) || read.ptr != rest.data() + rest.size()) return kInvalid;
  target.cache_number = is_huge ? std::numeric_limits<std::uint64_t>::max() : number;
  return target;
}

}  // namespace

Result<KmsTarget> read_target(std::string_view rest) {
  if (has_dot_segment(rest)) return kInvalid;
  const std::size_t slash = rest.find('/');
  const std::string_view name = rest.substr(0, slash);
  const bool has_more = slash != std::string_view::npos;
  const std::string_view more = has_more ? rest.substr(slash + 1) : std::string_view();
  if (name == "keyprov" && has_more) return read_key_provision(more);
  if (name == "certcache" && has_more) return read_cache_number(more);
  constexpr std::array<std::pair<std::string_view, KmsCall>, 4> kAlone{{{"init", KmsCall::Init},
                                                                        {"keyprov", KmsCall::KeyProvision},
                                                                        {"certcache", KmsCall::CertCache},
                                                                        {"redirect", KmsCall::Redirect}}};
  for (const auto& [known, call] : kAlone) {
    if (name == known && !has_more) return KmsTarget{call, {}, {}, {}};
  }
  constexpr std::array<std::pair<std::string_view, KmsCall>, 2> kWithUri{
      {{"cert", KmsCall::Cert}, {"lookup", KmsCall::Lookup}}};
  for (const auto& [known, call] : kWithUri) {
    if (name != known || !has_more) continue;
    CLAVIGER_TRY(uri, decode(more));
    return KmsTarget{call, std::move(uri), {}, {}};
  }
  return Error{Code::NotFound, "kms.path"};
}

}  // namespace claviger::keys
