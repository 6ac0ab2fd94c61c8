// Proxies and asserted identities: the HTTP entity rules of spec 1.11 (TS 24.482 Annex A, TS 24.547 A.2.3), row by row.
#include "broker/identity/proxies.h"

#include "broker/identity/bearer.h"

#include <gtest/gtest.h>

namespace claviger::identity {
namespace {

struct Proxies : ::testing::Test {
  settings::Settings settings;
  http::Peer peer;
  http::Request request;

  Proxies() {
    for (const char* network : {"192.0.2.0/24", "2001:db8::1"}) {
      settings.trusted_proxies.push_back(*settings::Network::parse(network));
    }
    request.peer = &peer;
    from_proxy();
  }
  void from_proxy() { peer.address = "192.0.2.7"; }
  void from_ue() { peer.address = "198.51.100.9"; }
  void add(std::string_view name, std::string_view value) { request.add(http::field_of(name), {name, value}); }
};

TEST_F(Proxies, ForwardedAddressCountsFromAProxyOnly) {
  add("x-forwarded-for", "203.0.113.5");
  EXPECT_EQ(source_of(settings, request), "203.0.113.5");
  from_ue();
  EXPECT_EQ(source_of(settings, request), "198.51.100.9");
  settings.trusted_proxies.clear();
  from_proxy();
  EXPECT_EQ(source_of(settings, request), "192.0.2.7");
}
TEST_F(Proxies, WithoutAHeaderTheProxyItselfIsTheSource) { EXPECT_EQ(source_of(settings, request), "192.0.2.7"); }
TEST_F(Proxies, WhatTheUeWroteItselfDoesNotCount) {
  add("x-forwarded-for", "10.0.0.1, 203.0.113.5, 192.0.2.8");
  EXPECT_EQ(source_of(settings, request), "203.0.113.5");
}
TEST_F(Proxies, SeveralHeadersAreOneList) {
  add("x-forwarded-for", "10.0.0.1");
  add("x-forwarded-for", "203.0.113.5,2001:db8::1");
  EXPECT_EQ(source_of(settings, request), "203.0.113.5");
}
TEST_F(Proxies, RubbishEndsTheChain) {
  add("x-forwarded-for", "203.0.113.5, unknown, 192.0.2.8");
  EXPECT_EQ(source_of(settings, request), "192.0.2.8");
}
TEST_F(Proxies, TooManyHopsAreIgnored) {
  std::string list = "203.0.113.5";
  for (std::size_t i = 0; i < kForwardedHopsMax; ++i) list += ",192.0.2.8";
  add("x-forwarded-for", list);
  EXPECT_EQ(source_of(settings, request), "192.0.2.7");
}
TEST_F(Proxies, TheOtherHeaderIsIgnored) {
  add("forwarded", "for=203.0.113.5");
  EXPECT_EQ(source_of(settings, request), "192.0.2.7");
}
TEST_F(Proxies, Rfc7239) {
  settings.forwarded_header = settings::ForwardedHeader::Forwarded;
  add("x-forwarded-for", "10.9.9.9");
  add("forwarded", "for=10.0.0.1;proto=http, proto=https; For=\"[2001:db8:cafe::17]:4711\";by=203.0.113.43");
  EXPECT_EQ(source_of(settings, request), "2001:db8:cafe::17");
}
TEST_F(Proxies, Rfc7239WithoutAFor) {
  settings.forwarded_header = settings::ForwardedHeader::Forwarded;
  add("forwarded", "by=203.0.113.43;proto=https");
  EXPECT_EQ(source_of(settings, request), "192.0.2.7");
}

TEST_F(Proxies, Row_NeitherBearerNorAssertedIdentityIs403) {
  const auto caller = read_caller(settings, request);
  ASSERT_TRUE(caller.failed_with(Code::BearerMissing));
  EXPECT_EQ(caller_refused("alpha", caller.error()).status, 403);
}
TEST_F(Proxies, Row_BearerWinsOverAnAssertedIdentity) {
  add("x-3gpp-asserted-identity", "sip:server@alpha.example");
  add("authorization", "Bearer token");
  const auto caller = read_caller(settings, request);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->bearer, "token");
  EXPECT_TRUE(caller->asserted_identity.empty());
}
TEST_F(Proxies, Row_OnlyAnAssertedIdentityFromInsideTheTrustDomain) {
  add("x-3gpp-asserted-identity", "\"sip:server@alpha.example\"");
  const auto caller = read_caller(settings, request);
  ASSERT_TRUE(caller);
  EXPECT_TRUE(caller->bearer.empty());
  EXPECT_EQ(caller->asserted_identity, "sip:server@alpha.example");
}
TEST_F(Proxies, Row_AssertedIdentityFromAUeIs403EvenWithABearer) {
  from_ue();
  add("x-3gpp-asserted-identity", "sip:server@alpha.example");
  add("authorization", "Bearer token");
  const auto caller = read_caller(settings, request);
  ASSERT_TRUE(caller.failed_with(Code::ProxyUntrusted));
  EXPECT_EQ(caller_refused("alpha", caller.error()).status, 403);
}
TEST_F(Proxies, SeveralOrMalformedAssertedIdentities) {
  add("x-3gpp-asserted-identity", "not a uri");
  EXPECT_TRUE(asserted_identity(settings, request).failed_with(Code::AssertedIdentityRefused));
}
TEST_F(Proxies, TwoAssertedIdentities) {
  add("x-3gpp-asserted-identity", "sip:a@alpha.example");
  add("x-3gpp-asserted-identity", "sip:b@alpha.example");
  EXPECT_TRUE(asserted_identity(settings, request).failed_with(Code::AssertedIdentityRefused));
}
TEST_F(Proxies, AMalformedAuthorizationIs400) {
  add("authorization", "Bearer ");
  const auto caller = read_caller(settings, request);
  ASSERT_TRUE(caller.failed_with(Code::BearerSeveral));
  EXPECT_EQ(caller_refused("alpha", caller.error()).status, 400);
}

// RFC 6750 clause 2.1: each octet, in tokens shorter, as long and longer than what is looked at together.
TEST(Bearer, ATokenHasTheCharactersOfB64tokenAndNoOther) {
  constexpr std::string_view kGood = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
  const auto is_read = [](const std::string& token) {
    const std::string field = "Bearer " + token;
    http::Request request;
    request.add(http::Field::Authorization, {"authorization", field});
    const auto read = read_bearer(request);
    EXPECT_TRUE(read.has_value() || read.failed_with(Code::BearerSeveral));
    return read.has_value() && *read == token;
  };
  for (const std::size_t size : {1U, 15U, 16U, 17U, 40U}) {
    for (int octet = 0; octet < 256; ++octet) {
      const char character = static_cast<char>(octet);
      for (std::size_t at = 0; at < size; ++at) {
        if (at == 0 && character == ' ') continue;  // spaces before a token are none of it
        std::string token(size, 'a');
        token[at] = character;
        EXPECT_EQ(is_read(token), kGood.find(character) != std::string_view::npos)
            << octet << " at " << at << " of " << size;
      }
    }
  }
}

}  // namespace
}  // namespace claviger::identity
