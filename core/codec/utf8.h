// Strict UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF. Pure function, any thread.
#pragma once

#include <string_view>

namespace claviger::codec {

bool is_utf8(std::string_view text);

}  // namespace claviger::codec
