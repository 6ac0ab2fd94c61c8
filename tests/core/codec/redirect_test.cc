#include "core/codec/redirect.h"

#include <gtest/gtest.h>

namespace claviger::codec {
namespace {

bool matches(std::string_view registered, std::string_view requested) {
  return redirect_matches(*parse_uri(registered), *parse_uri(requested));
}

TEST(Redirect, ComparesCharacterByCharacter) {
  EXPECT_TRUE(matches("https://app.example/cb?a=1", "https://app.example/cb?a=1"));
  for (const std::string_view other :
       {"https://app.example/cb?a=2", "https://app.example/cb", "https://app.example/cb?a=1&b",
        "https://app.example/cb/?a=1", "https://App.example/cb?a=1", "https://app.example:443/cb?a=1",
        "http://app.example/cb?a=1", "https://app.example/x/../cb?a=1", "https://app.example/%63b?a=1",
        "https://u@app.example/cb?a=1", "https://app.example.evil/cb?a=1"}) {
    EXPECT_FALSE(matches("https://app.example/cb?a=1", other)) << other;
  }
}

TEST(Redirect, LoopbackPortsAreFree) {  // RFC 8252 clause 7.3
  EXPECT_TRUE(matches("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"));
  EXPECT_TRUE(matches("http://127.0.0.1:8080/cb", "http://127.0.0.1:51004/cb"));
  EXPECT_TRUE(matches("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"));
  EXPECT_TRUE(matches("http://[::1]/cb?x=1", "http://[::1]:51004/cb?x=1"));
  for (const std::string_view other :
       {"http://127.0.0.1:51004/", "http://127.0.0.1:51004/cb?", "http://127.0.0.1:51004/cb#",
        "http://[::1]:51004/cb", "http://localhost:51004/cb", "https://127.0.0.1:51004/cb",
        "http://u@127.0.0.1:51004/cb", "http://127.0.0.1.evil:51004/cb", "http://127.0.0.2:51004/cb",
        "http://127.1:51004/cb", "http://evil@127.0.0.1:1/cb", "http://127.0.0.1:51004/CB"}) {
    EXPECT_FALSE(matches("http://127.0.0.1/cb", other)) << other;
  }
  EXPECT_FALSE(matches("http://localhost/cb", "http://localhost:51004/cb"));
  EXPECT_FALSE(matches("https://127.0.0.1/cb", "https://127.0.0.1:51004/cb"));
}

TEST(Redirect, AppendsToTheQuery) {
  const auto appended = [](std::string_view base) {
    std::string text;
    RedirectWriter(text, base).add("code", "a b&").add("iss", "https://x");
    return text;
  };
  EXPECT_EQ(appended("https://a/cb"), "https://a/cb?code=a%20b%26&iss=https%3A%2F%2Fx");
  EXPECT_EQ(appended("https://a/cb?x=1"), "https://a/cb?x=1&code=a%20b%26&iss=https%3A%2F%2Fx");
  EXPECT_EQ(appended("https://a/cb?"), "https://a/cb?code=a%20b%26&iss=https%3A%2F%2Fx");
  EXPECT_EQ(appended("https://a/cb?x=1&"), "https://a/cb?x=1&code=a%20b%26&iss=https%3A%2F%2Fx");
}

TEST(Redirect, WritesToASlab) {
  SlabPool pool;
  SlabWriter writer(pool, 64);
  RedirectWriter(writer, "com.example.app:/cb").add("error", "access_denied");
  EXPECT_EQ(as_text(writer.written()), "com.example.app:/cb?error=access_denied");
}

}  // namespace
}  // namespace claviger::codec
