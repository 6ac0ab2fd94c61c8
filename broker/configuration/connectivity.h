// Migration connectivity information (TS 23.280 clause 10.1.6): as whom one user registers in one partner system, and how he
// reaches it. A document of the usage claviger.migration-connectivity (ours), which an operator has written or which follows
// from what the migration management server says.
//
//   <migration-connectivity xmlns="urn:claviger:migration-connectivity:1.0" system="mc.bravo.example">
//    <private-identity>m1@bravo.example</private-identity>
//    <public-identity>sip:m1@bravo.example</public-identity>        one or more
//    <realm/> <proxy/> <network/>                                   as far as the partner said
//    <not-before/> <not-after/>                                     xs:dateTime
//   </migration-connectivity>
// The room of migration is not known here: Broker says where it is asked.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::configuration {

struct Connectivity {
  std::string private_identity;
  std::vector<std::string> public_identities;
  std::string realm, proxy;
  std::vector<std::string> networks;
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;  // 0: without end
};

// Of the user with this MCPTT ID for this MC system; made with the partner when there is none yet. DocumentUnknown: no such
// agreement or user; NotPermitted: he may not migrate there; Overload: the partner gives none just now.
using ConnectivitySource = std::function<runtime::Task<Result<Connectivity>>(
    broker::Context* context, std::string tenant, std::string mcptt_id, std::string system)>;

std::string write_connectivity(std::string_view system, const Connectivity& connectivity);

}  // namespace claviger::configuration
