// A group management server as the KMS knows it over SEAL-X1 (TS 23.434 clause 6.5.2.9.2; TS 33.434 clause 5.1.1.1; TS
// 33.180 clause 5.7.1): its server identity, the client whose tokens speak for it, the certificate it comes with.
//
// Record of tables::kGroupServers, key tenant + server URI. It is a KM client like any other and gets its own keys and
// certificates, no group keys: those it makes itself (core/crypto/mikey/i_message.h). Both must be right: a token that
// leaked opens nothing without the certificate. Values, any thread; procedures on any shard, durable when they return.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/value.h"

namespace claviger::keys {

class Kms;

// Of one tenant: a handful, one a service and site.
inline constexpr std::size_t kGroupServersMax = 256;

struct GroupServer {
  std::string server_uri;
  std::string client_id;
  std::int64_t client_since = 0;  // of the client of that name that was meant
  std::string certificate_name;   // CN, DNS name or URI
  std::string ca_pem;             // the authority of its certificates; empty: whichever the listener trusts
  std::int64_t created_at = 0;
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string group_server_key(std::string_view tenant, std::string_view server_uri);
std::string encode_group_server(const GroupServer& server);
Result<GroupServer> decode_group_server(const storage::Value& value, std::string_view server_uri);

// GroupServerTaken (there is one of that URI, or the URI is a user's), ClientUnknown, UriPathInvalid, BadValue (name, ca_pem),
// TooMany, Conflict.
runtime::Task<Result<GroupServer>> add_group_server(Kms* kms, broker::Context* context, std::string tenant,
                                                    GroupServer wanted);
// GroupServerUnknown.
runtime::Task<Result<GroupServer>> find_group_server(broker::Context* context, std::string tenant,
                                                     std::string server_uri);
runtime::Task<Result<Unit>> remove_group_server(Kms* kms, broker::Context* context, std::string tenant,
                                                std::string server_uri);
runtime::Task<Result<std::vector<GroupServer>>> list_group_servers(broker::Context* context, std::string tenant);

}  // namespace claviger::keys
