// What operators do to other domains' certificates (external_certificate.h): propose, admit, revoke.
//
// Called on any shard; each change runs on the home of domains (Kms::home) under its turn and returns when it is durable
// and every shard has it. Codes: KmsUnknown (the tenant has no KMS), KmsTaken (the KMS URI is our own), AdmissionUnknown,
// KmsCertificateInvalid (the fingerprint is another's), TooMany, Conflict; what the store says.
#pragma once

#include <string>
#include <vector>

#include "broker/keys/external_certificate.h"
#include "broker/keys/kms.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::keys {

// Waits for admit_certificate(), in place of a former one of that name that waits. Only one thing takes effect by itself:
// that a certificate we serve is revoked, said by its own KMS.
runtime::Task<Result<ExternalCertificate>> propose_certificate(Kms* kms, std::string tenant,
                                                               ExternalCertificate certificate);
// The second step: the fingerprint, as the other operator reads it out.
runtime::Task<Result<ExternalCertificate>> admit_certificate(Kms* kms, std::string tenant, std::string fingerprint);
// One that is admitted: served as revoked until its ValidTo. One that waits: gone.
runtime::Task<Result<ExternalCertificate>> revoke_certificate(Kms* kms, std::string tenant, std::string fingerprint);
// Pending ones and admitted ones.
runtime::Task<Result<std::vector<ExternalCertificate>>> list_certificates(Kms* kms, std::string tenant);

}  // namespace claviger::keys
