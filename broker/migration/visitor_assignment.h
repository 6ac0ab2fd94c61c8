// What becomes of a visitor's registration when an S-CSCF sends a Server-Assignment-Request about him (TS 29.228 clause 6.1.2):
// its name must be the one that is assigned to him, or the one that was given a vector of him last. A name is only what a message
// says: of another realm than ours, it is the one that is assigned only if it comes from the host that registered him.
//
// A pure function, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/migration/visitor_registration.h"

namespace claviger::migration {

struct AssignmentAsked {
  std::uint32_t type = 0;  // Server-Assignment-Type (TS 29.229 clause 6.3.15)
  std::string server_name;
  std::string host;
  std::string realm;
  bool is_of_own_realm = false;  // peer and message are: S-CSCFs of ours may stand in for each other
};

struct Assignment {
  std::uint32_t refusal = 0;  // 0: none
  bool is_experimental = false;
  std::optional<VisitorRegistration> next;  // to be written; without a name: he is not registered any more
  bool ends_pending = false;                // what was pending of this S-CSCF is decided
};

// `pending`: name of the S-CSCF that was given a vector; empty: none, or this system has been started anew since.
Assignment assign(const AssignmentAsked& asked, const VisitorRegistration& recorded, std::string_view pending);

}  // namespace claviger::migration
