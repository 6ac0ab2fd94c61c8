// A tenant with a KMS, and another system's KMS as its peer: an authority, certificates of both, an agreement.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "broker/exchange/certificate_endpoint.h"
#include "broker/exchange/peer_procedures.h"
#include "core/crypto/certificate_authority.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::exchange {

inline constexpr std::int64_t kLongAgo = 1'600'000'000;
inline constexpr std::int64_t kFarAhead = 4'000'000'000;
inline constexpr std::string_view kBravo = "kms.bravo.example";

inline const crypto::CertificateAuthority& authority() {
  static const crypto::CertificateAuthority kAuthority =
      *crypto::CertificateAuthority::make("peers", kLongAgo, kFarAhead);
  return kAuthority;
}

inline crypto::IssuedCertificate issue(std::string name, const crypto::CertificateAuthority& by = authority()) {
  crypto::CertificateRequest request;
  request.common_name = "kms";
  request.dns_names = {std::move(name)};
  request.use = crypto::CertificateUse::Client;
  request.not_before = kLongAgo;
  request.not_after = kFarAhead;
  return *by.issue(request);
}

class Bed : public keys::KmsBed {
 public:
  Bed() { add_exchange_routes(router_, contexts_, kms()); }
};

class Peers : public testing::Test {
 protected:
  broker::Context* context() { return bed_.context(); }
  Peer peer() {
    Peer made;
    made.kms_uri = kBravo;
    made.url = "https://b.example/idms/v1/bravo/kms-exchange/v1";
    made.name = kBravo;
    made.ca_pem = authority().certificate_pem();
    return made;
  }
  void present(const std::string& pem, bool is_trusted) {
    const auto chain = *crypto::Certificate::from_pem(pem);
    bed_.peer().certificate_der = std::string(as_text(chain.front().der()));
    bed_.peer().is_certificate_trusted = is_trusted;
  }
  std::uint16_t ask(std::string_view query = "") {
    return bed_.send({http::Method::Get, "/idms/v1/alpha/kms-exchange/v1/certificate" + std::string(query)}).status;
  }

  Bed bed_;
};

}  // namespace claviger::exchange
