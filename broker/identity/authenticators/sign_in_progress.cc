#include "broker/identity/authenticators/sign_in_progress.h"

#include <array>
#include <charconv>

#include "broker/identity/authenticators/authenticator.h"
#include "core/base/assert.h"

namespace claviger::identity {

std::string encode_progress(const SignInProgress& progress) {
  if (progress.sub.empty()) return {};
  std::string text = progress.sub;
  for (const std::string& part :
       {progress.login, progress.second, std::to_string(progress.auth_time), progress.first}) {
    CLAVIGER_ASSERT(part.find('\0') == std::string::npos);  // canonical logins and our own words
    text.append(1, '\0').append(part);
  }
  return text;
}

Result<SignInProgress> decode_progress(std::string_view text) {
  SignInProgress progress;
  if (text.empty()) return progress;
  constexpr Error kInvalid{Code::InteractionInvalid, "interaction.progress"};
  // Sessions of browsers that began before there was a `first` have four parts.
  std::array<std::string_view, 5> parts;
  std::size_t count = 0;
  for (bool is_last = false; !is_last; ++count) {
    if (count == parts.size()) return kInvalid;
    const std::size_t end = text.find('\0');
    is_last = end == std::string_view::npos;
    parts[count] = text.substr(0, end);
    text.remove_prefix(is_last ? text.size() : end + 1);
  }
  if (count < 4) return kInvalid;
  const auto read = std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), progress.auth_time);
  const bool is_time = read.ec == std::errc() && read.ptr == parts[3].data() + parts[3].size();
  const bool is_first_known = parts[4].empty() || find_authenticator(parts[4]) != nullptr;
  if (parts[0].empty() || parts[1].empty() || !is_time || !is_first_known) return kInvalid;
  progress.sub = parts[0];
  progress.login = parts[1];
  progress.second = parts[2];
  progress.first = parts[4];
  return progress;
}

}  // namespace claviger::identity
