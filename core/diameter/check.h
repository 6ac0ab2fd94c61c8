// Is a received message one that may be handled? (RFC 6733 clauses 3, 4.1 and 7)
//
// Pure functions, any thread. Only the first thing wrong is reported. A request's Fault becomes its answer; a bad answer
// is dropped by who asks (never answer an answer).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/code.h"
#include "core/diameter/dictionary.h"
#include "core/diameter/message.h"

namespace claviger::diameter {

struct Fault {
  Code code;                      // for logs and counters
  std::uint32_t result_code;      // for the answer
  std::vector<std::byte> failed;  // what Failed-AVP holds: one AVP; empty: no Failed-AVP
};

// What a relay has to know before it passes a request on: version, header bits, AVPs that fill the message, and the
// routing AVPs' own form. The rest is whoever handles it.
std::optional<Fault> check_routing(const Message& request);

// Everything, for a request that is handled here: application and command known, each AVP against the dictionary,
// groups too, then what the command requires and excludes.
std::optional<Fault> check_request(const Message& request, const Dictionary& dictionary);

// The same for the AVPs of an answer whose request was ours: structure, lengths by type, ranges, unknown M bits.
std::optional<Fault> check_answer(const Message& answer, const Dictionary& dictionary);

}  // namespace claviger::diameter
