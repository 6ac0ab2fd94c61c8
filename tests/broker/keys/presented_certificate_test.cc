#include "broker/keys/presented_certificate.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "broker/keys/certificate_trust.h"
#include "core/codec/base64url.h"
#include "core/crypto/certificate_authority.h"

namespace claviger::keys {
namespace {

constexpr std::string_view kBravo = "kms.bravo.example";

crypto::IssuedCertificate issue(std::string name) {
  static const crypto::CertificateAuthority kAuthority =
      *crypto::CertificateAuthority::make("peers", 1'600'000'000, 4'000'000'000);
  crypto::CertificateRequest request;
  request.common_name = "kms";
  request.dns_names = {std::move(name)};
  request.use = crypto::CertificateUse::Client;
  request.not_before = 1'600'000'000;
  request.not_after = 4'000'000'000;
  return *kAuthority.issue(request);
}

// Clause 5.1.1 of TS 33.434 behind proxies: a certificate in a field counts from a configured proxy alone.
TEST(PresentedCertificate, CountsAsPassedOnByAConfiguredProxyAlone) {
  const auto chain = *crypto::Certificate::from_pem(issue(std::string(kBravo)).certificate_pem);
  std::string field = ":";
  codec::base64_encode(chain.front().der(), field);
  field += ":";
  settings::Settings settings;
  http::Peer peer;
  peer.address = "192.0.2.7";
  http::Request request;
  request.peer = &peer;
  request.add(http::Field::Other, {"client-cert", field});
  request.add(http::Field::Other, {"x-client-verify", "SUCCESS"});
  EXPECT_FALSE(presented_certificate(settings, request));
  settings.trusted_proxies.push_back(*settings::Network::parse("192.0.2.0/24"));
  const auto presented = presented_certificate(settings, request);
  ASSERT_TRUE(presented);
  EXPECT_TRUE(is_named(*presented, kBravo));
  // What the client itself wrote came along: nobody knows which is which.
  request.add(http::Field::Other, {"client-cert", field});
  EXPECT_FALSE(presented_certificate(settings, request));
}

// A proxy that writes an empty field when it saw no certificate, and the client's own behind or before it.
TEST(PresentedCertificate, AnEmptyFieldBesideAnotherIsOneTooMany) {
  const auto chain = *crypto::Certificate::from_pem(issue(std::string(kBravo)).certificate_pem);
  std::string field = ":";
  codec::base64_encode(chain.front().der(), field);
  field += ":";
  settings::Settings settings;
  settings.trusted_proxies.push_back(*settings::Network::parse("192.0.2.0/24"));
  http::Peer peer;
  peer.address = "192.0.2.7";
  for (const auto& [first, second] : {std::pair<std::string, std::string>("", field), {field, ""}}) {
    http::Request request;
    request.peer = &peer;
    request.add(http::Field::Other, {"x-client-verify", "SUCCESS"});
    request.add(http::Field::Other, {"client-cert", first});
    request.add(http::Field::Other, {"client-cert", second});
    EXPECT_FALSE(presented_certificate(settings, request)) << first.size();
  }
  http::Request request;
  request.peer = &peer;
  request.add(http::Field::Other, {"x-client-verify", ""});
  request.add(http::Field::Other, {"x-client-verify", "SUCCESS"});
  request.add(http::Field::Other, {"client-cert", field});
  EXPECT_FALSE(presented_certificate(settings, request)) << "nor of what the proxy says of it";
}

}  // namespace
}  // namespace claviger::keys
