// A user's own TLS client certificate, in the place of his password (spec 3.4, row "mutual TLS certificate").
//
// Only one that chains to the listener's client CA, is valid for clients and is not in its CRL: the handshake has checked
// that. Whose it is an administrator has said, by the certificate itself or by a URI among its subject alternative names;
// never by its common name. What a proxy says of a certificate in a header does not count: nobody looks at it.
#include "broker/identity/authenticators/kinds.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "core/crypto/certificate.h"

namespace claviger::identity {
namespace {

using broker::Context;

constexpr std::string_view kSan = "san:";
constexpr std::string_view kThumbprint = "x5t:";
constexpr std::size_t kThumbprintCharacters = 43;  // SHA-256 in base64url

std::string serial_of(std::string_view prefix, std::string_view value) {
  std::string serial(kSerialPrefix);
  return serial.append(prefix).append(value);
}

class ClientCertificate final : public Authenticator {
 public:
  std::string_view kind() const override { return "x509"; }
  std::string_view acr() const override { return kAcrCertificate; }
  std::string_view amr() const override { return "pop"; }
  Input input() const override { return Input::Connection; }

  Result<Unit> make(Context&, const Enrollee&, const AuthenticatorDraft& draft,
                    EnrolledAuthenticator& made) const override {
    if (!draft.seed.empty()) return Error{Code::AuthenticatorRefused, "authenticator.seed"};
    std::string serial = draft.serial;
    if (!draft.certificate.empty()) {
      const auto parsed = crypto::Certificate::from_pem(draft.certificate);
      if (!parsed || parsed->size() != 1 || !serial.empty()) {
        return Error{Code::AuthenticatorRefused, "authenticator.certificate"};
      }
      if (!parsed->front().allows_client()) return Error{Code::AuthenticatorRefused, "authenticator.usage"};
      serial.append(kThumbprint).append(parsed->front().x5t_s256());
    }
    const bool is_san = serial.starts_with(kSan) && serial.size() > kSan.size();
    const bool is_thumbprint =
        serial.starts_with(kThumbprint) && serial.size() == kThumbprint.size() + kThumbprintCharacters;
    if (!is_san && !is_thumbprint) return Error{Code::AuthenticatorRefused, "authenticator.serial"};
    made.record.serial = serial_of({}, serial);
    return Unit{};
  }

  std::vector<std::string> proved_by(const http::Peer& peer) const override {
    if (!peer.certificate_digest || !peer.is_certificate_trusted) return {};
    const auto certificate = crypto::Certificate::from_der(as_bytes(peer.certificate_der));
    if (!certificate) return {};
    std::vector<std::string> serials{serial_of(kThumbprint, certificate->x5t_s256())};
    for (const std::string& uri : certificate->uris()) {
      if (serials.size() == kProvedMax) break;
      serials.push_back(serial_of(kSan, uri));
    }
    return serials;
  }
};

}  // namespace

const Authenticator* certificate_authenticator() {
  static const ClientCertificate kCertificate;
  return &kCertificate;
}

}  // namespace claviger::identity
