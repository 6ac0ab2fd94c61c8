// What a peer KMS may send, and what a client may upload: signed by certificate or not. Whatever is accepted holds what the
// schema says, and nobody's authority vouches for it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/keys/certificate_trust.h"
#include "broker/keys/external_certificate.h"
#include "broker/keys/kms_request.h"
#include "core/codec/xml_guard.h"

namespace {

using namespace claviger;

void require(bool is_true) {
  if (!is_true) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto certificate = keys::read_kms_certificate(text);
  if (certificate) {
    require(!certificate->kms_uri.empty() && certificate->kms_uri.size() <= keys::kUriBytesMax);
    require(certificate->periods.seconds != 0 && certificate->valid_from < certificate->valid_to);
    require(certificate->domains.size() <= keys::kDomainNamesMax);
  }
  if (!codec::guard_xml(text)) return 0;
  for (const auto& [root, inner, space] :
       {std::tuple("SignedKmsCertificate", "KmsCertificate", keys::kKmsNamespace),
        std::tuple("KmsRedirectResponse", "", keys::kKrrNamespace)}) {
    const auto document = keys::read_certificate_signed(text, root, inner, space);
    if (!document) continue;
    require(!document->chain.empty() && document->value.size() == 64 && !document->content.empty());
    require(!keys::check_certificate_signed(*document, "", 1'800'000'000).has_value());
  }
  return 0;
}
