#include "broker/partners/security_token.h"

#include <gtest/gtest.h>

#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

TEST(Domains, ComparesTheHostOfAnMcIdentity) {
  const std::vector<std::string> domains{"alpha.example", "ptt.alpha.example"};
  for (const std::string_view inside :
       {"sip:ann@alpha.example", "sip:ann@ALPHA.example", "sips:ann@ptt.alpha.example;user=phone",
        "sip:ann;x/y?z@alpha.example", "https://alpha.example/ann", "HTTPS://alpha.example:443?x", "SIP:alpha.example",
        "sip:ann@alpha.example:5060"}) {
    EXPECT_TRUE(is_in_domains(inside, domains)) << inside;
  }
  for (const std::string_view outside :
       {"", "ann", "tel:+15551234", "sip:ann@alpha.example.evil", "sip:ann@evil.alpha.example",
        "sip:alpha.example@evil", "sip:ann@evil;alpha.example", "sip:ann@evil?x=@alpha.example",
        "https://evil/@alpha.example", "sip:ann@", "sip:alpha.example;a@police.example", "sip:alpha.example?a@police.example",
        "sip:alpha.example/a@police.example", "sips:alpha.example#a@police.example", "sip:a@police.example@alpha.example",
        "https://ann@alpha.example/", "https://police.example\\@alpha.example", "sip://alpha.example", "https:alpha.example",
        "mailto:ann@alpha.example", "im:ann@alpha.example", "urn:alpha.example", "https:////alpha.example"}) {
    EXPECT_FALSE(is_in_domains(outside, domains)) << outside;
  }
  EXPECT_TRUE(is_in_domains("tel:+15551234", {}));
}

TEST(UnverifiedIssuer, IsReadOrRefused) {
  const OtherSystem bravo("bravo");
  codec::JsonReader reader;
  const std::string good = bravo.sign("{\"iss\":\"https://b\"}");
  EXPECT_EQ(*unverified_issuer(reader, good), "https://b");
  for (std::size_t size = 0; size + 90 < good.size(); ++size) {
    EXPECT_FALSE(unverified_issuer(reader, good.substr(0, size)).has_value()) << size;
  }
  for (const std::string_view payload :
       {"{}", "[]", "{\"iss\":\"\"}", "{\"iss\":1}", "{\"iss\":\"a\",\"iss\":\"b\"}", "{"}) {
    EXPECT_EQ(unverified_issuer(reader, bravo.sign(payload)).error().code, Code::AssertionInvalid) << payload;
  }
  EXPECT_FALSE(unverified_issuer(reader, std::string(9000, 'a')).has_value());
}

}  // namespace
}  // namespace claviger::partners
