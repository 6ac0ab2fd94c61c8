// What a Code becomes at the KMS interface: HTTP status, ErrorCode and ErrorMsg of a KmsError (spec 4.12). The one table
// of this room.
//
// A text says what the caller may know, never his input and never which of two checks failed. Pure function.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/code.h"

namespace claviger::keys {

struct KmsError {
  std::uint16_t status;
  std::uint32_t code;
  std::string_view message;
};

// Everything that is wrong with a token is 401, except what says that it is good but not for this.
KmsError kms_error_of(Code code);

}  // namespace claviger::keys
