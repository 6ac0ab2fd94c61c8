// What a page calls a client. Pure, any thread.
#pragma once

#include <string_view>

#include "broker/identity/client.h"

namespace claviger::identity {

// A view into the client.
inline std::string_view name_for_people(const Client& client) {
  return client.name.empty() ? client.client_id : client.name;
}

}  // namespace claviger::identity
