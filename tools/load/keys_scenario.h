// Users' keys on KM-UU (TS 33.180 Annex D): a KeyProvision that is plain, signed and answered wrapped, or of many users
// who each ask once.
//
//   keys-request  one user again and again: POST /keyprov with a KmsRequest
//   keys-signed   the same, signed by his InK and asking for keys under his TrK; each request another, as none is served twice
//   keys-storm    every token of the file once, in its order, with an empty body; who is refused, behind the others
//   keys-storm-patient  the same, and who is refused comes again when Retry-After says
//   keys-ahead    every token of the file: its user's keys of the time CLAVIGER_LOAD_TIME (16 hex digits), made ahead
// Of the environment, never of the command line: CLAVIGER_LOAD_TOKEN, CLAVIGER_LOAD_INK (hex); CLAVIGER_LOAD_TOKENS names
// the file. Belongs to one worker.
#pragma once

#include <memory>

#include "tools/load/scenario.h"

namespace claviger::load {

// Null for a name that is none of these.
std::unique_ptr<Scenario> make_keys_scenario(const ScenarioOptions& options);

}  // namespace claviger::load
