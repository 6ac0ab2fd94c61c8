// Spec 4.2: the error vocabulary, in the one table of this room.
#include "broker/identity/oauth_error.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/tenants/tenant.h"

namespace claviger::identity {
namespace {

constexpr Code kAllCodes[] = {
#define CLAVIGER_TEST_CODE(name) Code::name,
    CLAVIGER_CODES(CLAVIGER_TEST_CODE)
#undef CLAVIGER_TEST_CODE
};

// A description stands in JSON, in a redirect and in a header between quotes.
TEST(OauthErrors, DescriptionsAreFitForEveryPlace) {
  for (const Code code : kAllCodes) {
    const OauthError answer = oauth_error_of(code);
    EXPECT_FALSE(answer.description.empty()) << name_of(code);
    EXPECT_LE(answer.description.size(), 200U) << name_of(code);
    EXPECT_TRUE(std::ranges::all_of(answer.description, [](char c) {
      return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
    })) << name_of(code);
  }
}

// An app that speaks JSON gets this after a wrong password and after a wrong code.
TEST(OauthErrors, AWrongCodeIsNotCalledAPassword) {
  EXPECT_NE(oauth_error_of(Code::SignInRefused).description.find("code"), std::string_view::npos);
}

TEST(OauthErrors, AreThoseOfTheVocabulary) {
  static constexpr std::string_view kKnown[] = {"invalid_request",
                                                "unauthorized_client",
                                                "access_denied",
                                                "unsupported_response_type",
                                                "invalid_scope",
                                                "server_error",
                                                "temporarily_unavailable",
                                                "login_required",
                                                "interaction_required",
                                                "consent_required",
                                                "account_selection_required",
                                                "invalid_request_uri",
                                                "request_not_supported",
                                                "request_uri_not_supported",
                                                "unmet_authentication_requirements",
                                                "invalid_target",
                                                "invalid_authorization_details",
                                                "invalid_client",
                                                "invalid_grant",
                                                "unsupported_grant_type",
                                                "invalid_dpop_proof",
                                                "use_dpop_nonce",
                                                "unsupported_token_type",
                                                "insufficient_scope"};
  for (const Code code : kAllCodes) {
    const OauthError answer = oauth_error_of(code);
    EXPECT_NE(std::ranges::find(kKnown, answer.error), std::end(kKnown)) << name_of(code) << " " << answer.error;
  }
}

// RFC 6749 clause 5.2, RFC 6750 clause 3.1: which errors have which status.
TEST(OauthErrors, HaveTheirStatus) {
  for (const Code code : kAllCodes) {
    const OauthError answer = oauth_error_of(code);
    if (answer.error == "invalid_client") {
      EXPECT_EQ(answer.status, 401) << name_of(code);
    }
    if (answer.error == "invalid_grant" || answer.error == "invalid_scope" || answer.error == "invalid_target") {
      EXPECT_EQ(answer.status, 400) << name_of(code);
    }
    if (answer.error == "temporarily_unavailable") {
      EXPECT_TRUE(answer.status == 429 || answer.status == 503) << name_of(code);
    }
  }
}

// TS 33.180 table B.4.2.2-1 (spec 1.5).
TEST(DefaultScopes, AreThoseOfTheTable) {
  const auto audiences = tenants::default_scope_audiences("https://i.example");
  for (const std::string service : {"ptt", "video", "data"}) {
    for (const std::string what :
         {"service", "key_management_service", "config_management_service", "group_management_service"}) {
      const auto found = audiences.find("3gpp:mc:" + service + "_" + what);
      ASSERT_NE(found, audiences.end()) << service << " " << what;
      EXPECT_TRUE(found->second.starts_with("https://i.example/servers/")) << found->second;
    }
  }
  EXPECT_TRUE(audiences.contains("3gpp:mc:location_management_service"));
}

}  // namespace
}  // namespace claviger::identity
