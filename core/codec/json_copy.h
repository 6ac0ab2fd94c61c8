// An object that stays when its reader parses the next: its words and strings in a room of the caller's.
//
// Pure function, any thread. The copy is a document like any other (json_value.h), valid as long as the room.
#pragma once

#include <cstddef>
#include <optional>

#include "core/base/bytes.h"
#include "core/codec/json_value.h"

namespace claviger::codec {

// Containers in one another that are copied: as deep as a reader's own limit of most uses (JsonLimits).
inline constexpr std::size_t kJsonCopyDepthMax = 16;

// `room` is aligned for 64-bit words and shorter than 4 GiB. nullopt: it does not fit, or is too deep. copy: for documents
// that are asked again and again.
std::optional<JsonValue> copy_json(const JsonObject& object, MutableBytes room);

}  // namespace claviger::codec
