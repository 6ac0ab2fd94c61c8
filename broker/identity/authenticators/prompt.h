// How a client wants its user to be asked: prompt and max_age (OIDC Core clause 3.1.2.1). Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/result.h"
#include "core/codec/form.h"

namespace claviger::identity {

struct Prompt {
  bool none = false;
  bool login = false;
  bool consent = false;
  bool select_account = false;
  std::optional<std::int64_t> max_age;
};
// prompt and max_age. ParameterMalformed: none beside another value, or what is no number.
Result<Prompt> read_prompt(const codec::Form& form);

}  // namespace claviger::identity
