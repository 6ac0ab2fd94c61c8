// How far a sign-in has come, sealed within its interaction (broker/identity/interaction.h): who has proved what, when.
//
//   text = sub NUL login NUL second NUL auth_time NUL first      ; empty: nobody has proved anything yet
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::identity {

struct SignInProgress {
  std::string sub;    // his password, or what took its place, was right; empty: not yet
  std::string login;  // canonical: the next step is counted where the first was
  std::string second;          // kind of the second factor that was passed; empty: none yet
  std::int64_t auth_time = 0;  // of the first step
  std::string first = {};      // kind that took the place of the password; empty: none
};

std::string encode_progress(const SignInProgress& progress);
// InteractionInvalid.
Result<SignInProgress> decode_progress(std::string_view text);

}  // namespace claviger::identity
