// GET /idms/v1/{tenant}/kms-exchange/v1/certificate: our KMS certificate as a SignedKmsCertificate, for a peer (TS 33.180
// clauses 5.3.1, D.3.2.2; the resource is ours). ?cert-uri= names a former one.
#pragma once

#include "broker/identity/routes.h"
#include "broker/keys/kms.h"
#include "core/http/router.h"

namespace claviger::exchange {

void add_exchange_routes(http::Router& router, identity::Contexts& contexts, keys::Kms& kms);

// The signed document. KeyMalformed, KeyUse: an identity that does not sign.
Result<std::string> write_signed_certificate(SlabPool& slabs, const keys::Domain& certificate,
                                             const std::string& chain_pem, const SecretBytes& key_pem);

}  // namespace claviger::exchange
