// Service authorisation of somebody who has migrated here: what his home system says (TS 23.280 figure 10.6.3.3-1).
//
// Asked by the device (device_endpoints.cc), and for the MC service that his client registers with. Any shard.
#pragma once

#include <string>

#include "broker/migration/migration.h"
#include "broker/migration/migration_json.h"

namespace claviger::migration {

// Our request to the primary system, and its response. On the home of Migration. SystemUnknown: it has no API;
// Refused: it wants to hear nothing of us; else what the connection says.
runtime::Task<Result<ServiceResponse>> ask_primary(Migration* migration, AgreementRef agreement, std::string body);

// Whether a client is served whose token is of this session: everybody who is no visitor, or of a system that nobody
// migrates from, or comes for a service that is none of the MC services. A migrant is when the agreement covers the
// service, one of the MC service IDs that his home vouched for is on its list, if it delivered one of his, and the
// home system says that he may; one without an API has said so with his security token. ServiceNotAuthorised: no;
// Overload: it could not be asked.
runtime::Task<Result<Unit>> authorise_visitor(Migration* migration, broker::Context* context, std::string tenant,
                                              std::string sid, ServiceRequest request);

}  // namespace claviger::migration
