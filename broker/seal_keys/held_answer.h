// What the holder of a VAL service's security information answers (ValKeyInfo, TS 23.434 clause 13.2.4.3), as we pass it on.
//
// Pure, any thread. The peer is one that an operator agreed with; its bytes are looked at all the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "broker/seal_keys/service_key_procedures.h"
#include "core/base/result.h"

namespace claviger::seal_keys {

// Two keys and names, as key_info.cc writes them.
inline constexpr std::size_t kHeldAnswerBytesMax = 16 * 1024;

// As we would have written it about `user_uri`, with the holder's name and keys. TooLarge, BadValue: about another service,
// or without keys; what the JSON reader says. Holds keys: to be wiped.
Result<std::string> rewrite_held_answer(std::string_view body, const KeyName& name, std::string_view user_uri);

}  // namespace claviger::seal_keys
