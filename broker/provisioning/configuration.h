// VALServicesConfig of TS 29.549 (SS_IdmParameterProvisioning): which VAL users and UEs a VAL server says belong to which
// of its VAL services.
//
// Record of tables::kValConfigurations, key tenant + confId; the rows tenant + "/" valServerId + confId, without a value,
// list a server's configurations. Changed under the server's turn (configuration_procedures.h). Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::provisioning {

// Of one VAL server. With kBodyBytesMax this bounds what a GET of all of them answers with: 16 MiB.
inline constexpr std::size_t kConfigurationsMax = 64;
// Of one request; some 6000 identities of usual length.
inline constexpr std::size_t kBodyBytesMax = 256 * 1024;
// Of one configuration, over all its services: each is a row, and its removal looks for sessions.
inline constexpr std::size_t kIdentitiesMax = 8192;

struct ValService {
  std::string id;
  std::vector<std::string> user_ids;
  std::vector<std::string> ue_ids;
  bool operator==(const ValService&) const = default;
};

struct Configuration {
  std::string id;  // confId: 22 characters base64url of 128 random bits
  std::string val_server_id;
  std::vector<ValService> services;
  std::int64_t created_at = 0;
  std::int64_t changed_at = 0;
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string configuration_key(std::string_view tenant, std::string_view id);
// Of the rows that list a server's configurations; their keys end with the id.
std::string server_prefix(std::string_view tenant, std::string_view val_server_id);

std::string encode_configuration(const Configuration& configuration);
Result<Configuration> decode_configuration(const storage::Value& value, std::string_view id);

}  // namespace claviger::provisioning
