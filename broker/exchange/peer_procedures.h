// What operators do to peers.
//
// On any shard; a change is durable when it returns, and expects the record it read (Conflict). Codes: KmsPeerUnknown,
// KmsPeerTaken, BadValue (`where` says which member), UriPathInvalid, TooMany, CertificateInvalid, KeyMalformed, KeyUse;
// what the store, sealing and the HTTP client say.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/exchange/peer.h"
#include "broker/keys/certificate_procedures.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::exchange {

inline constexpr std::string_view kExchangePath = "/idms/v1/{tenant}/kms-exchange/v1";

// The certificate chain and the key (PEM, P-256) that we show to peers and sign our KMS certificate with.
runtime::Task<Result<Identity>> set_identity(broker::Context* context, std::string tenant, std::string chain_pem,
                                             std::shared_ptr<const SecretBytes> key_pem);
// NotFound.
runtime::Task<Result<Identity>> read_identity(broker::Context* context, std::string tenant);

// A new one (version 0), or what is agreed with a known one anew: Conflict when that is no longer the one that was read.
runtime::Task<Result<Peer>> set_peer(broker::Context* context, std::string tenant, Peer peer);
// What is not said stays, also what another change said meanwhile.
struct PeerChange {
  std::optional<std::string> url;
  std::optional<std::string> name;
  std::optional<std::string> ca_pem;
  std::optional<std::vector<std::string>> shared;
  std::optional<std::vector<std::string>> held;
};
runtime::Task<Result<Peer>> change_peer(broker::Context* context, std::string tenant, std::string kms_uri,
                                        PeerChange wanted);
runtime::Task<Result<Unit>> remove_peer(broker::Context* context, std::string tenant, std::string kms_uri);
runtime::Task<Result<std::vector<Peer>>> list_peers(broker::Context* context, std::string tenant);
runtime::Task<Result<Peer>> find_peer(broker::Context* context, std::string tenant, std::string kms_uri);

// A certificate in a file: a KmsCertificate as it is, or a SignedKmsCertificate that the peer of its KMS URI has signed.
// KmsPeerUnknown: signed, and there is no such peer; KmsCertificateInvalid, XmlSyntax, XmlDoctype.
runtime::Task<Result<keys::ExternalCertificate>> read_certificate_file(broker::Context* context, std::string tenant,
                                                                       std::string xml);

// The first of two steps: the peer's present certificate, signed by the name that was agreed, waits for admission; those
// of it that we serve are asked for, too, so that their revocation arrives. The ones that came.
runtime::Task<Result<std::vector<keys::ExternalCertificate>>> fetch_certificates(keys::Kms* kms,
                                                                                 broker::Context* context,
                                                                                 std::string tenant,
                                                                                 std::string kms_uri);

}  // namespace claviger::exchange
