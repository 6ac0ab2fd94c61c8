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
#include "core/crypto/digest.h"
#include "core/runtime/task.h"

namespace claviger::keys {

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

// Longer than a request can be inside the window of its Time: nobody replays one that we have forgotten.
inline constexpr Seconds kReplayMemory{1200};

// Of a request that was verified; `time` is its own, `key_name` and `digest` its signature's. By time first: the records of
// one moment lie side by side, so that a new one is compared with what is in the processor's cache.
std::string replay_key(std::string_view tenant, std::int64_t time, std::string_view key_name, std::string_view user_uri,
                       const crypto::Sha256Digest& digest);
// Durable before it is served: of a request that came twice, one is answered. RequestReplayed; what the store says.
runtime::Task<Result<Unit>> remember_request(broker::Context* context, std::string replay);

// Verifies the signature that the request has, remembers it, and finds the TrK that it names. `xml`: the body itself.
//
// RequestUnsigned, RequestSignature (every fault of it, an unknown key, one of another user or device, a TrK where the
// user has an InK), RequestReplayed, TransportKeyUnknown, TransportKeyMissing; what the store and sealing say.
runtime::Task<Result<Protection>> authenticate_request(broker::Context* context, std::string tenant, KmsRequest request,
                                                       std::string xml, DomainPolicy policy);

}  // namespace claviger::keys
