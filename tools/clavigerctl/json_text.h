// A value that was read, written again: what goes from several answers of the daemon into one document.
#pragma once

#include <string>

#include "core/codec/json_value.h"

namespace claviger::ctl {

// Appended; the same value, without blanks.
void append_json(std::string& text, const codec::JsonValue& value);

}  // namespace claviger::ctl
