// Who may ask about visitors on Cx: S-CSCFs and I-CSCFs of this system, within whose domain Cx stays (TS 33.210; RFC 6733
// clause 13.3). That a peer was admitted says nothing: hosts of other systems and agents are, too.
//
// Pure functions, any thread; nothing allocates.
#pragma once

#include <string_view>

#include "broker/migration/agreement_table.h"

namespace claviger::migration {

struct Asker {
  std::string_view identity;      // of the peer, as it proved itself; lower case
  std::string_view realm;         // the same
  std::string_view origin_realm;  // what the message says
  std::string_view origin_host;
};

// Peer and message are of our own realm.
bool is_of_own_realm(const Asker& asker, std::string_view own_realm);

// One that the agreement names, wherever it stands, and speaks for itself; where it names none, those of our own realm that are
// nobody's in an agreement.
bool may_ask_for_visitors(const Asker& asker, const Agreement& agreed, const AgreementTable& agreements,
                          std::string_view own_realm);

}  // namespace claviger::migration
