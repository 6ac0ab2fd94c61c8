// Who calls the migration API: another system with an access token of its client here, over TLS with both sides'
// certificates (RFC 8705): the token must be bound to the certificate of this very connection.
//
// The token must have the scope "migration", be meant for this API (the audience that the tenant maps that scope to) and be
// the client's own and not a user's; an agreement in force names the client.
#pragma once

#include <string>

#include "broker/migration/migration.h"
#include "core/http/message.h"

namespace claviger::migration {

// BearerMissing, Bearer..., Token... codes: 401, BearerScope: 403. NotPermitted: no agreement with this client;
// AgreementEnded. ClientDisabled, ClientUnknown: it has gone since. `request` lives in the caller's frame.
runtime::Task<Result<AgreementRef>> authenticate_system(Migration* migration, std::string tenant,
                                                        const http::Request* request);

}  // namespace claviger::migration
