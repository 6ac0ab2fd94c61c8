// Sessions as JSON, as operators see them.
#pragma once

#include <string>
#include <string_view>

#include "broker/admin/verb.h"
#include "broker/identity/session.h"
#include "broker/identity/session_procedures.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {

std::string_view name_of(identity::SessionState state);
void write_session(codec::JsonWriter<std::string>& json, const identity::Session& session);
// {"items": […], "next": …}
std::string page_of_sessions(const identity::SessionPage& page);
// {"ended": count}, and in the audit log.
Answer answer_with_ended(Call* call, std::size_t count);

}  // namespace claviger::admin
