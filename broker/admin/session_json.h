// Sessions as JSON, as operators see them.
#pragma once

#include <string>
#include <string_view>

#include "broker/identity/session.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {

std::string_view name_of(identity::SessionState state);
void write_session(codec::JsonWriter<std::string>& json, const identity::Session& session);

}  // namespace claviger::admin
