// What protects one exchange beyond TLS (spec 4.7): the TrK that wraps keys, the key that signs, and the keys that are
// offered for the next time.
//
// Made from a request by authenticate_request(), lives in the handler's frame.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/keys/domain.h"
#include "broker/keys/kms_request.h"
#include "broker/keys/transport_key.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::keys {

class Kms;  // broker/keys/kms.h

struct NamedKey {
  std::string id;
  SecretBytes key;  // empty: none
};
struct OfferedKey {
  TransportKeyKind kind;
  NamedKey key;
};
struct Protection {
  NamedKey transport;
  NamedKey signing;
  std::vector<OfferedKey> offered;

  bool wraps() const { return !transport.key.empty(); }
  bool is_signed() const { return !signing.key.empty(); }
};

// Verifies the signature that the request has, remembers it, and finds the TrK that it names. `xml`: the body itself.
//
// RequestUnsigned, RequestSignature (every fault of it, an unknown key, one of another user or device, a TrK where the
// user has an InK), RequestReplayed, TransportKeyUnknown, TransportKeyMissing; what the store and sealing say.
runtime::Task<Result<Protection>> authenticate_request(Kms* kms, broker::Context* context, std::string tenant,
                                                       KmsRequest request, std::string xml, DomainPolicy policy);

}  // namespace claviger::keys
