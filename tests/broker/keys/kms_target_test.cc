#include "broker/keys/kms_target.h"

#include <gtest/gtest.h>

namespace claviger::keys {
namespace {

TEST(KmsTarget, ReadsAllForms) {  // spec 4.2
  EXPECT_EQ(read_target("init")->call, KmsCall::Init);
  EXPECT_EQ(read_target("keyprov")->uri, "");
  EXPECT_EQ(read_target("keyprov/sip%3Auser%40example.org")->uri, "sip:user@example.org");
  EXPECT_EQ(read_target("keyprov/sip:alice@org.com")->uri, "sip:alice@org.com");
  EXPECT_EQ(read_target("keyprov/sip:alice@org.com/D6B4323200000000")->timestamp, "D6B4323200000000");
  EXPECT_EQ(read_target("keyprov/sip:alice@org.com/d6b4323200000000")->timestamp, "d6b4323200000000");
  EXPECT_EQ(read_target("certcache")->call, KmsCall::CertCache);
  EXPECT_EQ(read_target("certcache/7")->cache_number, 7U);
  EXPECT_EQ(read_target("cert/https%3A%2F%2Fkms.example%2Fa")->uri, "https://kms.example/a");
  EXPECT_EQ(read_target("lookup/sip:a@b")->call, KmsCall::Lookup);
  EXPECT_EQ(read_target("redirect")->call, KmsCall::Redirect);
}

TEST(KmsTarget, RefusesPathsThatMeanSomethingElse) {  // spec 11 rows 19, 20, 28
  for (const char* path : {"keyprov/",
                           "keyprov/sip:a@b/",
                           "keyprov/sip:a@b/D6B432320000000",
                           "keyprov/sip:a@b/D6B43232000000000",
                           "keyprov/sip:a@b/G6B4323200000000",
                           "keyprov/sip:a@b/D6B4323200000000/x",
                           "keyprov/a%00b",
                           "keyprov/a%0Ab",
                           "keyprov/a%20b",
                           "keyprov/..",
                           "keyprov/%2E%2E",
                           "keyprov/..%2F",
                           "keyprov/sip:a@b%2F..%2Finit",
                           "keyprov/../init",
                           "keyprov/sip%253Aa%2540b",
                           "keyprov/a%zz",
                           "keyprov/a%",
                           "keyprov/%FF%FE",
                           "certcache/x",
                           "certcache/-1",
                           "certcache/",
                           "certcache/1x",
                           "certcache/9x",
                           "cert/"}) {
    EXPECT_TRUE(read_target(path).failed_with(Code::UriPathInvalid)) << path;
  }
  EXPECT_TRUE(read_target("keyprov/" + std::string(513, 'a')).failed_with(Code::UriPathInvalid));
  EXPECT_TRUE(read_target("keyprov/" + std::string(512, 'a')).has_value());
}

TEST(KmsTarget, KnowsNothingElse) {
  for (const char* path : {"", "x", "Init", "init/x", "redirect/x", "cert", "lookup", "keyprovrequest"}) {
    EXPECT_TRUE(read_target(path).failed_with(Code::NotFound)) << path;
  }
}

}  // namespace
}  // namespace claviger::keys
