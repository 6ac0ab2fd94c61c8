#include "broker/keys/request_url.h"

#include <gtest/gtest.h>

namespace claviger::keys {
namespace {

TEST(RequestUrl, ComparesHostsWithoutCaseAndPathsDecoded) {  // spec 11 row 16
  EXPECT_TRUE(is_same_url("HTTPS://Kms.Example/a/b", "https://kms.example:443/a/b"));
  EXPECT_TRUE(is_same_url("https://kms.example/keyprov/sip:a@b", "https://kms.example/keyprov/sip%3Aa%40b"));
}

TEST(RequestUrl, SeesEveryDifference) {
  EXPECT_FALSE(is_same_url("https://kms.example/a", "https://kms.example/A"));
  EXPECT_FALSE(is_same_url("https://kms.example/a", "https://kms.example/a/"));
  EXPECT_FALSE(is_same_url("http://kms.example/a", "https://kms.example/a"));
  EXPECT_FALSE(is_same_url("https://kms.example:8443/a", "https://kms.example/a"));
  EXPECT_FALSE(is_same_url("https://kms.example/a%2562", "https://kms.example/ab"));
  EXPECT_FALSE(is_same_url("/a", "/a"));
  EXPECT_FALSE(is_same_url("https://kms.example/%zz", "https://kms.example/%zz"));
}

}  // namespace
}  // namespace claviger::keys
