// Which S-CSCF serves a subscriber, and whether he is registered there (TS 29.228 clauses 6.1, 6.3.1).
//
// Part of his record (subscriber.h). One for all his public identities: they are one implicit registration set. Changed at
// his home shard.
#pragma once

#include <cstdint>
#include <string>

namespace claviger::subscriber {

enum class Registration : std::uint8_t {
  NotRegistered = 0,
  Registered = 1,
  Unregistered = 2  // an S-CSCF is assigned all the same (services of the unregistered, stored name)
};

struct ServerState {
  std::string server_name;  // SIP URI; empty: none
  // From where it asked last (Diameter identity): where RTR and PPR go.
  std::string host;
  std::string realm;
  Registration registration = Registration::NotRegistered;
  bool is_pending = false;  // challenged, not yet registered (authentication pending)
  std::int64_t changed_at = 0;

  bool is_empty() const { return server_name.empty(); }
};

}  // namespace claviger::subscriber
