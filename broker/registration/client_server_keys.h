// A client's CSK as it is kept (TS 33.180 clause 5.4): what an I_MESSAGE brought, for the public identity that sent it.
//
// Record of tables::kClientServerKeys, key tenant NUL impu NUL CSK-ID in hex; the key itself sealed. The identity, the MC
// service ID and the CSK-ID together select the key of later bodies, in both directions. It ends with the binding that it
// came with, when the client uploads another, and with the registration. Written at the home shard of the identity with its
// turn held; read on any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/registration/body_keys.h"
#include "broker/registration/change.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/sealing.h"

namespace claviger::registration {

// Of one identity: its clients' keys, and those that a REGISTER brought without a token. Beyond this somebody makes keys up.
inline constexpr std::size_t kKeysPerIdentityMax = 256;

struct ClientServerKey {
  std::string impu;
  std::uint32_t id = 0;
  std::string mc_service_id;   // canonical
  std::string user_uri;        // as the client writes it: it derives keys from these octets
  std::string message_digest;  // SHA-256 of the I_MESSAGE: the same again costs no arithmetic
  std::int64_t made_at = 0;
  std::int64_t received_at = 0;
  std::string sealed;
  std::uint64_t version = 0;  // of the record; not stored in it
};
using ClientServerKeyRef = std::shared_ptr<const ClientServerKey>;

std::string client_server_key_key(std::string_view tenant, std::string_view impu, std::uint32_t id);
std::string encode(const ClientServerKey& key);
// Corrupt, SchemaTooNew.
Result<ClientServerKey> decode_client_server_key(const storage::Value& value, std::string_view impu, std::uint32_t id);

// The record's `sealed` for a CSK. What sealing says.
Result<std::string> seal_csk(storage::Sealer& sealer, std::string_view tenant, const ClientServerKey& key,
                             const mikey::SharedSecret& csk);
// SealBroken, Corrupt.
Result<BodyKeyRef> open_csk(Registrar& registrar, const ClientServerKey& key);

// CskMissing.
runtime::Task<Result<ClientServerKey>> read_client_server_key(Registrar* registrar, std::string impu, std::uint32_t id);

// Puts an uploaded key. CskInvalid: the identifier is in use at this identity for somebody else's; TooMany.
runtime::Task<Result<Unit>> put_client_server_key(Change* change, std::string impu, ClientServerKeyRef key);
// The binding has another key from here on.
void take_client_server_key(Change& change, const Binding& binding);
// The binding goes, or has another key: its key goes at the commit unless another binding of the registration has it then,
// too. The registration outlives that.
void leave_client_server_key(Change& change, const Registration& registration, const Binding& former);
// At the commit: those that were left and that nobody has.
runtime::Task<Result<Unit>> drop_left_keys(Change* change);
// All of the identity.
runtime::Task<Result<Unit>> drop_client_server_keys(Change* change, std::string impu);

}  // namespace claviger::registration
