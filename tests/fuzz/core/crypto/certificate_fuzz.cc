// Certificates as a peer of the handshake or an operator's file may bring them, as DER and as PEM.
#include "core/crypto/certificate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto certificate = crypto::Certificate::from_der(as_bytes(text))) {
    for (const std::string& name : certificate->dns_names()) CLAVIGER_ASSERT(name.find('\0') == std::string::npos);
    for (const std::string& name : certificate->uris()) CLAVIGER_ASSERT(name.find('\0') == std::string::npos);
    static_cast<void>(certificate->public_key());
    const auto again = crypto::Certificate::from_pem(certificate->pem());
    CLAVIGER_ASSERT(again.has_value() && again->size() == 1 && again->front().x5t_s256() == certificate->x5t_s256());
  }
  static_cast<void>(crypto::Certificate::from_pem(text));
  return 0;
}
