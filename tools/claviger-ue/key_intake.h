// What a KMS says of a user's keys, taken into his vault: good sets are checked and kept, revoked ones go, whatever else the
// answer holds (TS 33.180 clause 5.3.3; the KMS's 410 with error 1203).
//
// One thread. What is revoked is gone from the file, too, when these return.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "tools/claviger-ue/journal.h"
#include "tools/claviger-ue/kms_message.h"
#include "tools/claviger-ue/vault.h"

namespace claviger::ue {

// How many of them are good; those are in the vault, and saving them is the caller's. KmsUnknown: of a certificate that we
// do not have; what check_key_set and the vault say.
Result<std::size_t> take_key_sets(Vault& vault, Journal& journal, const KmsResponse& response);

struct RevokedKeys {
  std::string user_uri;
  std::string kms_uri;         // who said so: another KMS's sets stay
  std::int64_t unix_time = 0;  // that was asked about
  bool is_one_period =
      false;  // of that time alone; else what is later goes with it, and former ones still open old messages
};
// How many went.
Result<std::size_t> forget_key_sets(Vault& vault, const RevokedKeys& revoked);

}  // namespace claviger::ue
