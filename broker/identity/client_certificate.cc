#include "broker/identity/client_certificate.h"

#include <algorithm>
#include <string>

#include "core/codec/base64url.h"
#include "core/crypto/certificate.h"

namespace claviger::identity {

Result<Unit> check_client_certificate(const Client& client, const http::Peer& peer) {
  if (!peer.certificate_digest) return Error{Code::ClientCertificateWrong, "client.certificate"};
  if (client.authentication == ClientAuthentication::SelfSignedTlsClientAuth) {
    std::string digest;
    codec::base64url_encode(*peer.certificate_digest, digest);
    if (digest != client.tls_certificate_digest) return Error{Code::ClientCertificateWrong, "client.digest"};
    return Unit{};
  }
  if (!peer.is_certificate_trusted) return Error{Code::ClientCertificateWrong, "client.chain"};
  const auto certificate = crypto::Certificate::from_der(as_bytes(peer.certificate_der));
  if (!certificate) return Error{Code::ClientCertificateWrong, "client.certificate"};
  const std::string_view subject = client.tls_subject;
  const bool is_named = subject.starts_with(kSanPrefix)
                            ? std::ranges::find(certificate->uris(), subject.substr(kSanPrefix.size())) !=
                                  certificate->uris().end()
                            : certificate->subject() == subject;
  if (!is_named) return Error{Code::ClientCertificateWrong, "client.subject"};
  return Unit{};
}

}  // namespace claviger::identity
