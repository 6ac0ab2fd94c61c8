#include "broker/migration/sip_identity.h"

#include <gtest/gtest.h>

namespace claviger::migration {
namespace {

TEST(SipIdentity, PrivateIdentities) {
  for (const char* good :
       {"a@b", "ann.1@ims.mnc001.mcc001.3gppnetwork.org", "001010000000001@x.example", "A_b+c@d.e"}) {
    EXPECT_TRUE(is_private_identity(good)) << good;
  }
  for (const char* bad : {"", "a", "@b", "a@", "a@B.example", "a b@c", "a@b@c", "/a@b", "a@b.", "a@.b", "a@-b", "a@b-",
                          "a%40@b", "a:p@b", "a@b:5060", "sip:a@b"}) {
    EXPECT_FALSE(is_private_identity(bad)) << bad;
  }
  EXPECT_FALSE(is_private_identity(std::string_view("a\0@b", 4)));
  EXPECT_TRUE(is_private_identity(std::string(kIdentityMax - 2, 'a').append("@b")));
  EXPECT_FALSE(is_private_identity(std::string(kIdentityMax - 1, 'a').append("@b")));
}

TEST(SipIdentity, PublicIdentities) {
  for (const char* good : {"sip:a@b.example", "tel:+491234", "sip:+491234@b.example"})
    EXPECT_TRUE(is_public_identity(good)) << good;
  for (const char* bad : {"a@b", "SIP:a@b", "sip:a@b;user=phone", "sip:a@b:5060", "tel:110", "tel:+",
                          "tel:+1234567890123456", "sips:a@b", "sip:b", "sip:a@b?c"}) {
    EXPECT_FALSE(is_public_identity(bad)) << bad;
  }
}

TEST(SipIdentity, PrefixesOfPublicIdentities) {
  for (const char* good :
       {"sip:", "sip:fire-", "sip:+49", "sip:a@b.example", "tel:+", "tel:+4930", "tel:+491234567890123"}) {
    EXPECT_TRUE(is_public_prefix(good)) << good;
  }
  for (const char* bad : {"", "tel:", "tel:110", "tel:+49 30", "tel:+49*", "tel:+1234567890123456", "sips:a", "sip:a b",
                          "sip:a;b", "+49", "visitors.here.example", "SIP:"}) {
    EXPECT_FALSE(is_public_prefix(bad)) << bad;
  }
}

// RFC 3261 clause 19.1.4, RFC 3966 clause 5: what names the same identity is found by the one spelling that records have.
TEST(SipIdentity, SpellingsOfOneIdentity) {
  const std::pair<const char*, const char*> spellings[] = {
      {"v1@visitors.example", "v1@visitors.example"},
      {"v1@Visitors.EXAMPLE", "v1@visitors.example"},
      {"sip:v1@visitors.example", "sip:v1@visitors.example"},
      {"SIP:v1@VISITORS.example", "sip:v1@visitors.example"},
      {"sip:v1@visitors.example;user=phone", "sip:v1@visitors.example"},
      {"sip:v1@visitors.example?Subject=a", "sip:v1@visitors.example"},
      {"tel:+491701", "tel:+491701"},
      {"TEL:+49-(170).1;ext=5", "tel:+491701"},
  };
  for (const auto& [text, wanted] : spellings) EXPECT_EQ(IdentityText(text).view(), wanted) << text;
  // Somebody else's: another user part, a port, a name with a semicolon in it, another scheme.
  for (const char* other : {"V1@visitors.example", "sip:v1@visitors.example:5060", "sip:v1;x@visitors.example",
                            "sips:v1@visitors.example", "sip:visitors.example;v1", ""}) {
    const IdentityText text(other);
    EXPECT_NE(text.view(), "sip:v1@visitors.example") << other;
    EXPECT_NE(text.view(), "v1@visitors.example") << other;
  }
  const std::string longer = std::string("sip:A@").append(3 * kIdentityMax, 'B');
  EXPECT_EQ(IdentityText(longer).view(), longer);
}

TEST(SipIdentity, Domains) {
  EXPECT_EQ(domain_of("a@b.example"), "b.example");
  EXPECT_EQ(domain_of("sip:a@b.example"), "b.example");
  EXPECT_EQ(domain_of("tel:+1"), "");
  EXPECT_TRUE(is_in_domains("a@b.example", {"b.example"}));
  EXPECT_FALSE(is_in_domains("a@x.b.example", {"b.example"}));
  EXPECT_TRUE(is_in_domains("tel:+1", {}));
  EXPECT_TRUE(is_domain("a-1.example"));
  EXPECT_FALSE(is_domain(std::string(64, 'a')));
  EXPECT_TRUE(is_domain(std::string(63, 'a')));
}

}  // namespace
}  // namespace claviger::migration
