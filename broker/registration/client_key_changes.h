// Which clients' CSKs come and go in one change of a public identity (client_server_keys.h).
//
// Part of a Change. What a key's last client leaves goes when all is said, at the commit: before that nobody knows which of
// the identity's clients will have it, for the store tells only how it was.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "broker/registration/records.h"

namespace claviger::registration {

struct ClientKeyChanges {
  struct Left {
    std::string impu, mc_service_id;
    std::uint32_t id = 0;
  };
  std::vector<Left> left;
  std::vector<std::pair<BindingName, std::uint32_t>> taken;  // what these clients have from here on
  std::vector<std::uint32_t> put;                            // came in this change, whoever will have them
  const Registration* registration = nullptr;                // whose clients they are; until the commit
};

}  // namespace claviger::registration
