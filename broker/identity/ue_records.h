// Reading UEs, the sessions on them, and which UE a key proves.
//
// For the procedures of this folder, on whichever shard they run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/session.h"
#include "broker/identity/session_records.h"
#include "broker/identity/ue.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

// How a key of a UE is looked up: rows of tables::kCredentialIds, tenant + kind + thumbprint -> ue_id, one UE a key.
inline constexpr std::string_view kUeCertificateKind = "ue.x5t#S256";
inline constexpr std::string_view kUeDpopKind = "ue.jkt";

// UeUnknown.
runtime::Task<Result<Ue>> read_ue(broker::Context* context, std::string tenant, std::string ue_id);
// The UE that this key belongs to; empty: none.
runtime::Task<Result<std::string>> read_ue_of_key(broker::Context* context, std::string tenant, std::string kind,
                                                  std::string thumbprint);
std::string ue_credential_key(std::string_view tenant, std::string_view kind, std::string_view thumbprint);

// Those of a page that are alive, in no order: their users may still sign in and nothing has ended them since.
runtime::Task<Result<std::vector<Session>>> read_living_sessions(broker::Context* context, std::string tenant,
                                                                 std::vector<std::string> sids);

}  // namespace claviger::identity
