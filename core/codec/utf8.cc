#include "core/codec/utf8.h"

#include <simdjson.h>

namespace claviger::codec {

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace claviger::codec
