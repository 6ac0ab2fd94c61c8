#include "broker/registration/addressee.h"

#include <gtest/gtest.h>

namespace claviger::registration {
namespace {

settings::Sip at_an_address() {
  settings::Sip sip;
  sip.address = "192.0.2.7";
  sip.public_host = "2001:db8::7";
  sip.port = 5060;
  sip.tls_port = 5061;
  return sip;
}

TEST(Addressee, IsTheIdentityAtOurPortsAndInEitherScheme) {
  const settings::Sip sip = at_an_address();
  for (const std::string_view uri :
       {"sip:as.alpha.example", "SIP:AS.alpha.EXAMPLE", "sip:as.alpha.example:5061",
        "sip:as.alpha.example:5060;transport=tcp", "sips:as.alpha.example:5061", "sip:as.alpha.example;lr?a=b"}) {
    EXPECT_TRUE(is_addressed_to(sip, "sip:as.alpha.example", uri)) << uri;
  }
  for (const std::string_view uri :
       {"sip:ann@as.alpha.example", "sip:as.alpha.example:5062", "sip:as.alpha.example.evil", "sip:alpha.example",
        "tel:+491234", "mailto:as.alpha.example", "sip:", "", "as.alpha.example"}) {
    EXPECT_FALSE(is_addressed_to(sip, "sip:as.alpha.example", uri)) << uri;
  }
}

TEST(Addressee, IsItsUserAtOurAddress) {
  const settings::Sip sip = at_an_address();
  for (const std::string_view uri : {"sip:mc@192.0.2.7:5060", "sip:mc@192.0.2.7", "sips:mc@192.0.2.7:5061",
                                     "sip:mc@[2001:db8::7]:5060;transport=tcp", "sip:%6dc@192.0.2.7"}) {
    EXPECT_TRUE(is_addressed_to(sip, "sip:mc@as.alpha.example", uri)) << uri;
  }
  for (const std::string_view uri : {"sip:192.0.2.7:5060", "sip:ann@192.0.2.7:5060", "sip:mc@192.0.2.7:5062",
                                     "sip:mc@192.0.2.8:5060", "sip:MC@192.0.2.7"}) {
    EXPECT_FALSE(is_addressed_to(sip, "sip:mc@as.alpha.example", uri)) << uri;
  }
}

TEST(Addressee, ItsOwnPortCounts) {
  EXPECT_TRUE(is_addressed_to(at_an_address(), "sip:as.alpha.example:5080", "sip:as.alpha.example:5080"));
  EXPECT_TRUE(is_addressed_to(at_an_address(), "sip:as.alpha.example:5080", "sip:as.alpha.example"));
}

TEST(Addressee, IsNobodyWithoutAnIdentity) {
  EXPECT_FALSE(is_addressed_to(at_an_address(), "", ""));
  EXPECT_FALSE(is_addressed_to(at_an_address(), "tel:+49", "tel:+49"));
}

}  // namespace
}  // namespace claviger::registration
