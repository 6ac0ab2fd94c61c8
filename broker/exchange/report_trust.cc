#include "broker/exchange/report_trust.h"

#include "broker/keys/certificate_trust.h"
#include "broker/keys/kms_request.h"
#include "core/codec/xml_guard.h"

namespace claviger::exchange {

std::string signer_of_report(const std::vector<Peer>& peers, std::string_view xml, std::int64_t now) {
  if (!codec::guard_xml(xml)) return {};
  const auto document = keys::read_certificate_signed(xml, "KmsRedirectResponse", "", keys::kKrrNamespace);
  if (!document) return {};
  for (const Peer& peer : peers) {
    const auto signer = keys::check_certificate_signed(*document, peer.ca_pem, now);
    if (signer) return signer->subject();
  }
  return {};
}

}  // namespace claviger::exchange
