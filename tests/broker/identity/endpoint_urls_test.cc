// RFC 8705 clause 5: listeners with client certificates at an origin of their own; mtls_endpoint_aliases (spec 4.1).
#include "broker/identity/endpoint_urls.h"

#include <gtest/gtest.h>

#include "broker/identity/discovery_endpoint.h"

namespace claviger::identity {
namespace {

struct Origins : ::testing::Test {
  settings::Settings settings;
  tenants::Tenant tenant;

  void SetUp() override {
    settings.public_origin = "https://idms.example";
    tenant.name = "alpha";
    tenant.issuer = "https://idms.example/idms/v1/alpha";
    settings.https.resize(2);
  }
};

TEST_F(Origins, WithoutASecondPlaceThereAreNoAliases) {
  EXPECT_EQ(metadata_document(settings, tenant).find("mtls_endpoint_aliases"), std::string::npos);
  settings.https[1].client_certificates = settings::ClientCertificates::Optional;
  EXPECT_EQ(metadata_document(settings, tenant).find("mtls_endpoint_aliases"), std::string::npos);
  settings.https[1].public_origin = settings.public_origin;
  EXPECT_EQ(metadata_document(settings, tenant).find("mtls_endpoint_aliases"), std::string::npos);
  // An origin of its own, but certificates are not asked for there.
  settings.https[0].public_origin = "https://other.example";
  EXPECT_EQ(metadata_document(settings, tenant).find("mtls_endpoint_aliases"), std::string::npos);
}

TEST_F(Origins, AliasesAreWhereCertificatesAreAskedFor) {
  settings.https[1].client_certificates = settings::ClientCertificates::Required;
  settings.https[1].public_origin = "https://mtls.idms.example:8444";
  const std::string document = metadata_document(settings, tenant);
  const std::string base = "https://mtls.idms.example:8444/idms/v1/alpha";
  EXPECT_NE(document.find("\"mtls_endpoint_aliases\":{\"token_endpoint\":\"" + base +
                          "/token\",\"revocation_endpoint\":\"" + base + "/revoke\",\"introspection_endpoint\":\"" +
                          base + "/introspect\",\"pushed_authorization_request_endpoint\":\"" + base +
                          "/par\",\"userinfo_endpoint\":\"" + base + "/userinfo\"}"),
            std::string::npos)
      << document;
  EXPECT_NE(document.find("\"token_endpoint\":\"https://idms.example/idms/v1/alpha/token\""), std::string::npos);
}

TEST_F(Origins, ARequestIsKnownByItsAuthority) {
  settings.https[1].public_origin = "https://mtls.idms.example:8444";
  EXPECT_EQ(endpoint_base_at(settings, tenant, "mtls.idms.example:8444"),
            "https://mtls.idms.example:8444/idms/v1/alpha");
  for (const char* other : {"idms.example", "mtls.idms.example", "evil.example", ""}) {
    EXPECT_EQ(endpoint_base_at(settings, tenant, other), "https://idms.example/idms/v1/alpha") << other;
  }
}

}  // namespace
}  // namespace claviger::identity
