#include "broker/identity/authenticators/sign_in_progress.h"

#include <array>
#include <charconv>

#include "core/base/assert.h"

namespace claviger::identity {

std::string encode_progress(const SignInProgress& progress) {
  if (progress.sub.empty()) return {};
  std::string text = progress.sub;
  for (const std::string& part : {progress.login, progress.second, std::to_string(progress.auth_time)}) {
    CLAVIGER_ASSERT(part.find('\0') == std::string::npos);  // canonical logins and our own words
    text.append(1, '\0').append(part);
  }
  return text;
}

Result<SignInProgress> decode_progress(std::string_view text) {
  SignInProgress progress;
  if (text.empty()) return progress;
  constexpr Error kInvalid{Code::InteractionInvalid, "interaction.progress"};
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = text.find('\0');
    if ((end == std::string_view::npos) != (i + 1 == parts.size())) return kInvalid;
    parts[i] = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const auto read = std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), progress.auth_time);
  const bool is_time = read.ec == std::errc() && read.ptr == parts[3].data() + parts[3].size();
  if (parts[0].empty() || parts[1].empty() || !is_time) return kInvalid;
  progress.sub = parts[0];
  progress.login = parts[1];
  progress.second = parts[2];
  return progress;
}

}  // namespace claviger::identity
