// What users, services and partners do in a day; each kind is counted and timed by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace claviger::day {

enum class Kind : std::uint8_t {
  SignIn,    // page, credentials, code, tokens
  Validate,  // a service asks about a user's access token
  Refresh,
  Keys,      // a user's keys, or the same ones again
  Profile,   // a user profile over XCAP
  Register,  // third-party REGISTER
  Publish,   // service authorisation over SIP
  HandOver,  // signs off at one device and in at another
  Dismiss,   // an administrator disables a user
  Vector,    // MAR of a partner's core through the relay
  Assign,    // and the registration that follows, at the partner
  Stuff      // somebody tries passwords
};
inline constexpr std::size_t kKinds = 12;
inline constexpr std::array<std::string_view, kKinds> kKindNames{"sign-in", "validate", "refresh", "keys",
                                                                 "profile", "register", "publish", "hand-over",
                                                                 "dismiss", "vector",   "assign",  "stuff"};

constexpr std::size_t index_of(Kind kind) { return static_cast<std::size_t>(kind); }
constexpr std::string_view name_of(Kind kind) { return kKindNames[index_of(kind)]; }
constexpr std::optional<Kind> kind_named(std::string_view name) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (kKindNames[i] == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

}  // namespace claviger::day
