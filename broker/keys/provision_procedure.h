// KeyProvision (TS 33.180 clauses 5.3.3, D.2.4): which periods' keys a user gets, each issued once.
//
// Any shard. Codes: KeysDenied (not an identity of the caller), KeysRevoked (the user, or the domain), KeyPeriod (too far
// ahead, or before retention or the user), UriPathInvalid (timestamp), and those of issue_procedure.h.
#pragma once

#include <string>
#include <vector>

#include "broker/keys/kms.h"
#include "broker/keys/kms_caller.h"
#include "broker/keys/kms_response.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::keys {

struct ProvisionRequest {
  Caller caller;
  std::string user_uri;
  std::string timestamp;  // empty: for now
};

// In the order of the answer: the present period's last, as one client takes the last.
runtime::Task<Result<std::vector<KeySet>>> provision_keys(Kms* kms, broker::Context* context, ProvisionRequest request);

}  // namespace claviger::keys
