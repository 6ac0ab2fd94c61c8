// A client's secret of before that is good beside the present one for a while, so that all instances of a server can be given
// the new one: rotation with an overlap. There are never more than two.
//
// Record of tables::kAuthenticators, key tenant + "" + "former-secret" + client_id: no user has an empty sub, so neither
// authenticators nor policies meet it. version (1 byte, 1) | HMAC (32 bytes, client_secret.h); it expires by itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

inline constexpr Seconds kSecretOverlapMax{30 * 86400};

using SecretMac = std::array<std::byte, 32>;

// `until`: NumericDate from which on it is refused.
void put_former_secret(storage::Transaction& transaction, std::string_view tenant, std::string_view client_id,
                       const SecretMac& mac, std::int64_t until);
void erase_former_secret(storage::Transaction& transaction, std::string_view tenant, std::string_view client_id);
// Nothing: there is none, or its time is over. Corrupt, SchemaTooNew.
runtime::Task<Result<std::optional<SecretMac>>> read_former_secret(broker::Context* context, std::string tenant,
                                                                   std::string client_id);

// Until when there is one, NumericDate; 0: there is none.
runtime::Task<Result<std::int64_t>> former_secret_until(broker::Context* context, std::string tenant,
                                                        std::string client_id);

// As rotate_client_secret() (client_procedures.h), which has no overlap. The secret before the present one is refused at
// once. OutOfRange: an overlap below 0 or above kSecretOverlapMax.
runtime::Task<Result<SecretBytes>> rotate_client_secret_with_overlap(broker::Context* context, std::string tenant,
                                                                     std::string client_id, Seconds overlap);

}  // namespace claviger::identity
