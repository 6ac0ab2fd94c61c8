#include "broker/identity/scope_grant.h"

#include <gtest/gtest.h>

namespace claviger::identity {
namespace {

constexpr std::string_view kIssuerUrl = "https://idms.example";

tenants::Tenant tenant() {
  tenants::Tenant tenant;
  tenant.issuer = kIssuerUrl;
  tenant.scope_audiences = tenants::default_scope_audiences(kIssuerUrl);
  return tenant;
}
User user_with(std::string mcptt, std::string mcvideo = {}, std::string mcdata = {}) {
  User user;
  user.mcptt_id = std::move(mcptt);
  user.mcvideo_id = std::move(mcvideo);
  user.mcdata_id = std::move(mcdata);
  return user;
}

TEST(ParseScope, TakesTokensInOrderAndDropsRepetitions) {
  EXPECT_EQ(*parse_scope("openid 3gpp:mc:ptt_service openid"), (ScopeList{"openid", "3gpp:mc:ptt_service"}));
  EXPECT_EQ(join_scope(*parse_scope("a b c")), "a b c");
}

TEST(ParseScope, RefusesWhatIsNotAScope) {  // RFC 6749 clause 3.3
  for (const std::string& bad : {std::string(), std::string(" "), std::string("a  b"), std::string(" a"),
                                 std::string("a "), std::string("a\"b"), std::string("a\\b"), std::string("a\tb"),
                                 std::string("\xC3\xA4"), std::string("a\x7F"), std::string(kScopeBytesMax + 1, 'a')}) {
    EXPECT_TRUE(parse_scope(bad).failed_with(Code::ScopeMalformed)) << bad;
  }
  std::string many = "s0";
  for (std::size_t i = 1; i < kScopesMax; ++i) many += " s" + std::to_string(i);
  EXPECT_TRUE(parse_scope(many));
  EXPECT_TRUE(parse_scope(many + " one-more").failed_with(Code::ScopeMalformed));
}

TEST(GrantToClient, DropsUnknownAndForbidden) {
  Client client;
  EXPECT_EQ(*grant_to_client({"openid", "3gpp:mc:ptt_service", "email"}, tenant(), client),
            (ScopeList{"openid", "3gpp:mc:ptt_service"}));
  client.scopes = {"openid", "3gpp:mc:data_service"};
  EXPECT_EQ(*grant_to_client({"openid", "3gpp:mc:ptt_service", "3gpp:mc:data_service"}, tenant(), client),
            (ScopeList{"openid", "3gpp:mc:data_service"}));
  // A scope of nobody's table that the operator has written into the client's record.
  client.scopes = {"val:fleet"};
  EXPECT_EQ(*grant_to_client({"openid", "val:fleet"}, tenant(), client), (ScopeList{"openid", "val:fleet"}));
}

TEST(GrantToClient, NamesOfRelease13AreForClientsThatHaveThem) {  // spec 1.5
  Client client;
  EXPECT_TRUE(grant_to_client({"openid", "3gpp:mcptt:ptt_server"}, tenant(), client).failed_with(Code::ScopeNothing));
  client.scopes = {"openid", "3gpp:mcptt:ptt_server", "3gpp:mcptt:key_management_server",
                   "3gpp:mcptt:config_management_server", "3gpp:mcptt:group_management_server"};
  const ScopeList present{"openid", "3gpp:mc:ptt_service", "3gpp:mc:ptt_key_management_service",
                          "3gpp:mc:ptt_config_management_service", "3gpp:mc:ptt_group_management_service"};
  EXPECT_EQ(*grant_to_client(ScopeList(client.scopes.begin(), client.scopes.end()), tenant(), client), present);
  EXPECT_EQ(*grant_to_client(present, tenant(), client), present);
  EXPECT_EQ(*grant_to_client({"openid", "3gpp:mcptt:ptt_server", "3gpp:mc:ptt_service"}, tenant(), client),
            (ScopeList{"openid", "3gpp:mc:ptt_service"}));
  // At a refresh, too; and no other scope comes along.
  EXPECT_EQ(*grant_still_allowed({"openid", "3gpp:mc:ptt_service", "3gpp:mc:video_service"}, client),
            (std::vector<std::string>{"openid", "3gpp:mc:ptt_service"}));
}

TEST(GrantToClient, NeedsOpenidAndSomethingLeft) {
  const Client client;
  EXPECT_TRUE(grant_to_client({"3gpp:mc:ptt_service"}, tenant(), client).failed_with(Code::ScopeMalformed));
  EXPECT_TRUE(grant_to_client({"openid", "mail"}, tenant(), client).failed_with(Code::ScopeNothing));
  // OpenID Connect Core clauses 3.1.2.1 and 11: ignored where they are not had.
  EXPECT_EQ(*grant_to_client({"openid", "email", "phone", "address"}, tenant(), client), (ScopeList{"openid"}));
  EXPECT_EQ(*grant_to_client({"openid", "offline_access"}, tenant(), client), (ScopeList{"openid"}));
  EXPECT_EQ(*grant_to_client({"openid"}, tenant(), client), (ScopeList{"openid"}));
  // Whole tokens: a prefix of a known name is another name.
  EXPECT_TRUE(grant_to_client({"openid", "3gpp:mc:ptt_service2"}, tenant(), client).failed_with(Code::ScopeNothing));
}

TEST(GrantToUser, GivesNoServiceWithoutItsIdentity) {  // spec 1.5
  const ScopeList asked{"openid", "3gpp:mc:ptt_service", "3gpp:mc:video_service",
                        "3gpp:mc:video_key_management_service", "3gpp:mc:location_management_service"};
  EXPECT_EQ(*grant_to_user(asked, user_with("sip:a")),
            (ScopeList{"openid", "3gpp:mc:ptt_service", "3gpp:mc:location_management_service"}));
  EXPECT_TRUE(grant_to_user({"openid", "3gpp:mc:video_service"}, user_with("sip:a")).failed_with(Code::ScopeNothing));
  EXPECT_TRUE(
      grant_to_user({"openid", "3gpp:mc:location_management_service"}, user_with("")).failed_with(Code::ScopeNothing));
}

TEST(GrantToUser, KeepsToHisListWhereHeHasOne) {
  User user = user_with("sip:a", "sip:v");
  user.scopes = {"3gpp:mc:ptt_service"};
  EXPECT_EQ(*grant_to_user({"openid", "profile", "3gpp:mc:ptt_service", "3gpp:mc:video_service"}, user),
            (ScopeList{"openid", "profile", "3gpp:mc:ptt_service"}));
  // What his list says does not replace the identity.
  user.scopes = {"3gpp:mc:data_service"};
  EXPECT_TRUE(grant_to_user({"openid", "3gpp:mc:data_service"}, user).failed_with(Code::ScopeNothing));
}

TEST(GrantToService, DefaultsToTheClientsList) {
  Client client;
  client.scopes = {"openid", "3gpp:mc:ptt_service", "val:fleet"};
  EXPECT_EQ(*grant_to_service({}, tenant(), client), (ScopeList{"3gpp:mc:ptt_service", "val:fleet"}));
  EXPECT_EQ(*grant_to_service({"val:fleet", "unknown"}, tenant(), client), (ScopeList{"val:fleet"}));
  EXPECT_TRUE(grant_to_service({"openid"}, tenant(), client).failed_with(Code::ScopeNothing));
  EXPECT_TRUE(grant_to_service({"3gpp:mc:data_service"}, tenant(), client).failed_with(Code::ScopeNothing));
  // No token of ours is without a scope.
  EXPECT_EQ(*grant_to_service({}, tenant(), Client()), (ScopeList{"service"}));
  EXPECT_EQ(*grant_to_service({"service"}, tenant(), Client()), (ScopeList{"service"}));
}

TEST(IdentitiesFor, NeedTheScopeOfTheirService) {
  const User user = user_with("sip:p", "sip:v", "sip:d");
  const auto some = identities_for({"openid", "3gpp:mc:ptt_key_management_service", "3gpp:mc:data_service"}, user);
  EXPECT_EQ(some.mcptt_id, "sip:p");
  EXPECT_EQ(some.mcvideo_id, "");
  EXPECT_EQ(some.mcdata_id, "sip:d");
  EXPECT_EQ(identities_for({"openid"}, user).mcptt_id, "");
}

}  // namespace
}  // namespace claviger::identity
